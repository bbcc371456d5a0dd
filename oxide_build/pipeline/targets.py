"""SM targets and PTX versions: the only table of them.

In: a target as an author writes it. Out: a `Target`, or an error with the whole list.
Its own room because LLVM only warns about an unknown SM (and then writes PTX for
another one), so what exists must be decided here.

Sources: the least PTX version of each SM is what LLVM 22's NVPTX backend writes when
none is asked for, and equals the "Target ISA notes" of NVIDIA's PTX ISA manual; the CUDA
release that brought each PTX version is that manual's release-notes table.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import NamedTuple

from oxide_build.errors import OxideError


class PtxVersion(NamedTuple):
    """A PTX ISA version, ordered; prints as `7.8`, and as LLVM's feature name with `feature`."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def feature(self) -> str:
        """LLVM's name of this version, `+ptx78`."""
        return f"+ptx{self.major}{self.minor}"


@dataclass(frozen=True)
class Target:
    """One GPU generation: `number` is ten times its compute capability, `suffix` is `""`, `"a"` or `"f"`."""

    number: int
    suffix: str
    ptx: PtxVersion

    @property
    def name(self) -> str:
        """The canonical name, `sm_90a`."""
        return f"sm_{self.number}{self.suffix}"

    def __str__(self) -> str:
        return self.name


_LEAST_PTX: dict[str, tuple[str, ...]] = {
    "6.3": ("75",),
    "7.0": ("80",),
    "7.1": ("86",),
    "7.4": ("87",),
    "7.8": ("89", "90"),
    "8.0": ("90a",),
    "8.6": ("100", "100a"),
    "8.7": ("120", "120a"),
    "8.8": ("100f", "103", "103a", "103f", "120f", "121", "121a", "121f"),
    "9.0": ("88", "110", "110a", "110f"),
}

_CUDA_OF_PTX: dict[str, str] = {
    "6.3": "10.0",
    "6.4": "10.1",
    "6.5": "10.2",
    "7.0": "11.0",
    "7.1": "11.1",
    "7.2": "11.2",
    "7.3": "11.3",
    "7.4": "11.4",
    "7.5": "11.5",
    "7.6": "11.6",
    "7.7": "11.7",
    "7.8": "11.8",
    "8.0": "12.0",
    "8.1": "12.1",
    "8.2": "12.2",
    "8.3": "12.3",
    "8.4": "12.4",
    "8.5": "12.5",
    "8.6": "12.7",
    "8.7": "12.8",
    "8.8": "12.9",
    "9.0": "13.0",
}


def parse_ptx_version(text: str) -> PtxVersion:
    """`"7.8"` as a `PtxVersion`."""
    major, minor = text.split(".")
    return PtxVersion(int(major), int(minor))


def _table() -> dict[str, Target]:
    rows = [(name, parse_ptx_version(ptx)) for ptx, names in _LEAST_PTX.items() for name in names]
    targets = [Target(int(name.rstrip("af")), name.lstrip("0123456789"), ptx) for name, ptx in rows]
    return {target.name: target for target in sorted(targets, key=lambda t: (t.number, t.suffix))}


TARGETS: dict[str, Target] = _table()

_SPELLING = re.compile(r"(?:sm_|compute_)?(\d{2,3}|\d{1,2}\.\d)([af]?)(?:-virtual)?")


def parse_target(text: str) -> Target:
    """The target an author means by `sm_90a`, `compute_90a`, `90a`, `9.0a` or `90a-virtual`.

    Raises OxideError, naming the nearest target and all there are, for anything else.
    """
    match = _SPELLING.fullmatch(text.strip())
    name = "sm_" + match[1].replace(".", "") + match[2] if match else text
    if name in TARGETS:
        return TARGETS[name]
    near = difflib.get_close_matches(name, TARGETS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise OxideError(f"unknown target {text!r}", help=f"{hint}known targets: {', '.join(TARGETS)}")


def least_driver(ptx: PtxVersion) -> str:
    """The CUDA release (`"11.8"`) whose driver is the first to read this PTX version; KeyError when unknown."""
    return _CUDA_OF_PTX[str(ptx)]
