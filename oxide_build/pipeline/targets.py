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
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, get_args

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


Kind: TypeAlias = Literal["ptx", "cubin"]
"""What an image of a target is: PTX, which the driver compiles, or machine code."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_ENDINGS: dict[str, tuple[Kind, ...]] = {"-virtual": ("ptx",), "-real": ("cubin",), "+PTX": ("ptx", "cubin")}
"""How a target's spelling says which kinds of image of it are wanted."""


@dataclass(frozen=True)
class Target:
    """One GPU generation: `number` is ten times its compute capability, `suffix` is `""`, `"a"` or `"f"`.

    `kinds` are the kinds of image wanted, `"ptx"` and `"cubin"`, where its author wrote them at the target itself;
    empty where the project's `emit` says. The compiler does not look at them.
    """

    number: int
    suffix: str
    ptx: PtxVersion
    kinds: tuple[Kind, ...] = ()

    @property
    def name(self) -> str:
        """The canonical name, `sm_90a`."""
        return f"sm_{self.number}{self.suffix}"

    @property
    def spelling(self) -> str:
        """The name with the kinds of image wanted, `sm_90a-virtual`, as an author writes it."""
        return self.name + next((ending for ending, kinds in _ENDINGS.items() if kinds == self.kinds), "")

    def serves(self, number: int) -> bool:
        """Whether PTX of this target runs on the GPU generation of that number."""
        if self.suffix == "":
            return number >= self.number
        return number == self.number or (self.suffix == "f" and self.number < number < self.number // 10 * 10 + 10)

    def with_kinds(self, kinds: tuple[Kind, ...]) -> Target:
        """The same target with these kinds of image wanted."""
        return replace(self, kinds=kinds) if kinds else self

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

_PLAIN = tuple(target for target in TARGETS.values() if not target.suffix)

WORDS: dict[str, tuple[Target, ...]] = {
    "all": _PLAIN,
    "all-major": tuple({target.number // 10: target for target in _PLAIN[::-1]}.values())[::-1],
}
"""What stands for several targets: every plain one, and the lowest plain one of each major version."""

_SPELLING = re.compile(r"(sm_|compute_)?(\d{2,3}|\d{1,2}\.\d)([af]?)(-virtual|-real|\+PTX)?")

_KINDS: dict[str, tuple[Kind, ...]] = {**_ENDINGS, "compute_": ("ptx",)}


def parse_target(text: str) -> Target:
    """The target an author means by `sm_90a`, `90a`, `9.0a`, or, its kinds of image included, `90a-virtual` and so on.

    Raises OxideError, naming the nearest target and all there are, for anything else.
    """
    match = _SPELLING.fullmatch(text)
    name = "sm_" + match[2].replace(".", "") + match[3] if match else text
    if match is None or name not in TARGETS:
        near = difflib.get_close_matches(name, [*TARGETS, *WORDS], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise OxideError(f"unknown target {text!r}", help=f"{hint}known targets: {', '.join(TARGETS)}")
    kinds = {_KINDS.get(part or "", ()) for part in (match[1], match[4])} - {()}
    if len(kinds) > 1:
        raise OxideError(f"{text!r} asks for PTX alone and for a cubin", help=f'write "{name}{match[4]}"')
    return TARGETS[name].with_kinds(next(iter(kinds), ()))


def parse_targets(text: str) -> tuple[Target, ...]:
    """The targets an author means by one entry of a list: a target, or a word for several."""
    if text == "native":
        raise OxideError(
            "'native' would make the wheel depend on the GPU of the machine that builds it; GPUs are never asked",
            help="list the targets, or build with -C oxide.targets=sm_90 for one machine",
        )
    return WORDS.get(text) or (parse_target(text),)


def spelling_pattern() -> str:
    """A regular expression, as JSON Schema takes it, of every spelling that `parse_targets` knows."""
    suffixes: dict[int, str] = {}
    for target in TARGETS.values():
        suffixes[target.number] = suffixes.get(target.number, "") + target.suffix
    names = (rf"{n // 10}\.?{n % 10}" + (f"[{some}]?" if some else "") for n, some in suffixes.items())
    target_pattern = rf"(?!compute_.*(-real|PTX))(sm_|compute_)?({'|'.join(names)})(-virtual|-real|\+PTX)?"
    return f"^({target_pattern}|{'|'.join(WORDS)})$"


def least_driver(ptx: PtxVersion) -> str:
    """The CUDA release (`"11.8"`) whose driver is the first to read this PTX version; KeyError when unknown."""
    return _CUDA_OF_PTX[str(ptx)]
