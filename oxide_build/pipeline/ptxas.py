"""PTX to machine code, by NVIDIA's ptxas.

In: PTX and its target. Out: a cubin, the same bytes wherever it is made, and what each kernel in it takes. Its own
room because only who asks for cubins or figures needs the program, and because it is a process of its own already.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from oxide_build.errors import CompileError, InternalError
from oxide_build.pipeline.options import Options

VARIABLE = "OXIDE_PTXAS"
"""The environment variable that names the program, before all else."""

_WHEELS = ("cu13", "cuda_nvcc")
"""Directories under `nvidia/` in site-packages: the wheels nvidia-cuda-nvcc and nvidia-cuda-nvcc-cu12."""


REMEDY = f"pip install nvidia-cuda-nvcc, or name the program in {VARIABLE}"

_CONSTANT = ".nv.constant"
"""What the names of constant banks begin with; a digit follows, and a kernel's name where a bank is its own."""

_ENTRY = re.compile(r"Compiling entry function '(\w+)'.*?(?=Compiling entry function|\Z)", re.DOTALL)
_STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")


@dataclass(frozen=True)
class Usage:
    """What one kernel takes: 32-bit registers a thread; bytes of stack a thread, spilled a thread, shared a block.

    `constant` is bytes of all constant banks: the image's tables, and the kernel's own parameters and what comes before
    them.
    """

    registers: int
    stack: int
    spills: int
    shared: int
    constant: int


@dataclass(frozen=True)
class Assembled:
    """A cubin, and by symbol what its kernels take."""

    cubin: bytes
    usage: Mapping[str, Usage]


def find() -> Path | None:
    """What `OXIDE_PTXAS` names, else an installed wheel's, that under `CUDA_HOME`, that on PATH; None without any."""
    return next((path for path in _candidates() if path.is_file()), None)


def require() -> Path:
    """The program; raises CompileError when there is none."""
    path = find()
    if path is None:
        raise CompileError(
            "cubins need NVIDIA's ptxas, which is not installed",
            help=f'{REMEDY}, or write emit = ["ptx"]',
        )
    return path


def _candidates() -> Iterator[Path]:
    if named := os.environ.get(VARIABLE):
        yield Path(named)
        return
    program = "ptxas.exe" if sys.platform == "win32" else "ptxas"
    for wheel in _WHEELS:
        yield from (Path(entry, "nvidia", wheel, "bin", program) for entry in sys.path)
    if home := os.environ.get("CUDA_HOME"):
        yield Path(home, "bin", program)
    if on_path := shutil.which(program):
        yield Path(on_path)


def identity() -> str:
    """All that ptxas says of its version and build; raises CompileError when there is no ptxas."""
    return _said_of(str(require()))


@lru_cache(maxsize=4)
def _said_of(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise CompileError(f"{program} does not run: {error.strerror}") from None
    return done.stdout


def version() -> str:
    """Its version, `13.0.88`, which begins with the CUDA release it is of; raises CompileError."""
    found = re.search(r"\bV(\d+\.\d+\.\d+)", identity())
    if found is None:
        raise CompileError(f"{require()} does not say which CUDA release it is of", help=f"see {VARIABLE}")
    return found[1]


def least_driver() -> str:
    """The oldest CUDA release whose driver loads this ptxas's cubins: machine code keeps to the major release."""
    return f"{version().partition('.')[0]}.0"


def assemble(module: str, ptx: bytes, target: str, options: Options) -> bytes:
    """The cubin of an image. Raises CompileError without ptxas, InternalError, the PTX kept, when it refuses."""
    return assemble_and_measure(module, ptx, target, options).cubin


def assemble_and_measure(module: str, ptx: bytes, target: str, options: Options) -> Assembled:
    """The cubin of an image, and what ptxas says of its kernels. Raises as `assemble` does."""
    with tempfile.TemporaryDirectory(prefix="oxide-") as scratch:
        out = Path(scratch, "image.cubin")
        # From stdin: no name of a file of this machine can get in.
        command = [str(require()), "-v", f"-arch={target}", f"-O{options.opt_level}", "-o", str(out), "-"]
        command += ["-lineinfo"] if options.line_info else []
        done = subprocess.run(command, input=ptx, capture_output=True)
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode == 0 and out.is_file():
            cubin = out.read_bytes()
            banks = {name: size for name, size in _sections(cubin) if name.startswith(_CONSTANT)}
            return Assembled(cubin, {match[1]: _usage(match[1], match[0], banks) for match in _ENTRY.finditer(said)})
    raise _refusal(module, target, ptx, said.strip())


def _usage(symbol: str, said: str, banks: Mapping[str, int]) -> Usage:
    """What is said of one kernel; the functions it calls, if any are left, are spoken of after it."""
    match = _STACK.search(said)
    stack, stores, loads = map(int, match.groups()) if match else (0, 0, 0)
    return Usage(
        registers=_number(r"Used (\d+) registers", said),
        stack=max(stack, _number(r"(\d+) bytes cumulative stack size", said)),
        spills=stores + loads,
        shared=_number(r"(\d+) bytes smem", said),
        constant=sum(size for bank, size in banks.items() if bank[len(_CONSTANT) + 1 :] in ("", f".{symbol}")),
    )


def _sections(elf: bytes) -> Iterator[tuple[str, int]]:
    """The sections of a cubin, which is a 64-bit ELF file, by name, with their sizes in bytes."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<I20xQQ", elf, table + size * number) for number in range(count)]
    for name, _, length in headers:
        start = headers[names][1] + name
        yield elf[start : elf.index(0, start)].decode(), length


def _number(pattern: str, said: str) -> int:
    """The number there, 0 where nothing is said."""
    match = re.search(pattern, said)
    return int(match[1]) if match else 0


def _refusal(module: str, target: str, ptx: bytes, said: str) -> InternalError | CompileError:
    if "is not defined for option 'gpu-name'" in said:
        what = f"{module}: ptxas {version()} makes no code for {target}"
        return CompileError(what, help="install another nvidia-cuda-nvcc, or give this module another target")
    with tempfile.NamedTemporaryFile("wb", prefix="oxide-", suffix=".ptx", delete=False) as kept:
        kept.write(ptx)
    return InternalError(f"{module} for {target}: stage cubin failed: {said}\n  PTX kept in {Path(kept.name)}")
