"""PTX to machine code by NVIDIA's ptxas, where there is one.

In: PTX and the target it is for. Out: the cubin, and what ptxas says each kernel in it takes. Its own room because
nothing else needs ptxas: a build of PTX is whole without it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oxide_build.errors import OxideError

REMEDY = "pip install nvidia-cuda-nvcc, or put the ptxas of a CUDA toolkit on PATH"

_ENTRY = re.compile(r"Compiling entry function '(\w+)'.*?(?=Compiling entry function|\Z)", re.DOTALL)
_STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")


@dataclass(frozen=True)
class Usage:
    """What one kernel takes: 32-bit registers a thread; bytes of stack a thread, of them spilled, shared a block.

    `constant` is bytes of all constant banks, None where ptxas does not say: for newer targets it mostly does not.
    """

    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    shared: int
    constant: int | None


@dataclass(frozen=True)
class Assembled:
    """A cubin, and by symbol what its kernels take."""

    cubin: bytes
    usage: Mapping[str, Usage]


def find() -> Path | None:
    """ptxas of an installed wheel nvidia-cuda-nvcc, else the one on PATH; None without any."""
    wheels = (path for entry in sys.path for path in sorted(Path(entry).glob("nvidia/*/bin/ptxas*")) if path.is_file())
    on_path = shutil.which("ptxas")
    return next(wheels, None) or (Path(on_path) if on_path else None)


def assemble(ptxas: Path, ptx: bytes, target: str) -> Assembled:
    """Assemble PTX for the target named. Raises OxideError, with ptxas' own words, when it refuses."""
    with tempfile.TemporaryDirectory(prefix="oxide-") as directory:
        source, cubin = Path(directory, "kernels.ptx"), Path(directory, "kernels.cubin")
        source.write_bytes(ptx)
        command = [str(ptxas), "-v", f"-arch={target}", "-o", cubin.name, source.name]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OxideError(f"{ptxas} refuses the PTX for {target}:\n{done.stderr.rstrip()}", help=REMEDY)
        return Assembled(cubin.read_bytes(), {match[1]: _usage(match[0]) for match in _ENTRY.finditer(done.stderr)})


def _usage(text: str) -> Usage:
    """What is said of one kernel, whose own stack comes before that of functions it calls."""
    said = _STACK.search(text)
    stack, stores, loads = map(int, said.groups()) if said else (0, 0, 0)
    banks = [int(size) for size in re.findall(r"(\d+) bytes cmem\[", text)]
    return Usage(
        registers=_number(r"Used (\d+) registers", text),
        stack=max(stack, _number(r"(\d+) bytes cumulative stack size", text)),
        spill_stores=stores,
        spill_loads=loads,
        shared=_number(r"(\d+) bytes smem", text),
        constant=sum(banks) if banks else None,
    )


def _number(pattern: str, text: str) -> int:
    """The number there, 0 where nothing is said."""
    match = re.search(pattern, text)
    return int(match[1]) if match else 0
