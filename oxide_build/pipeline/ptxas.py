"""PTX to machine code, by NVIDIA's ptxas.

In: PTX and its target. Out: a cubin, the same bytes wherever it is made. Its own room because only a project that
asks for cubins needs the program, and because it is a process of its own already.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from oxide_build.errors import CompileError, InternalError
from oxide_build.pipeline.options import Options

VARIABLE = "OXIDE_PTXAS"
"""The environment variable that names the program, before all else."""

_WHEELS = ("cu13", "cuda_nvcc")
"""Directories under `nvidia/` in site-packages: the wheels nvidia-cuda-nvcc and nvidia-cuda-nvcc-cu12."""


def find() -> Path | None:
    """What `OXIDE_PTXAS` names, else an installed wheel's, that under `CUDA_HOME`, that on PATH; None without any."""
    return next((path for path in _candidates() if path.is_file()), None)


def require() -> Path:
    """The program; raises CompileError when there is none."""
    path = find()
    if path is None:
        raise CompileError(
            "cubins need NVIDIA's ptxas, which is not installed",
            help=f'pip install nvidia-cuda-nvcc, name the program in {VARIABLE}, or write emit = ["ptx"]',
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
    with tempfile.TemporaryDirectory(prefix="oxide-") as scratch:
        out = Path(scratch, "image.cubin")
        # From stdin: no name of a file of this machine can get in.
        command = [str(require()), f"-arch={target}", f"-O{options.opt_level}", "-o", str(out), "-"]
        command += ["-lineinfo"] if options.line_info else []
        done = subprocess.run(command, input=ptx, capture_output=True)
        if done.returncode == 0 and out.is_file():
            return out.read_bytes()
    raise _refusal(module, target, ptx, (done.stdout + done.stderr).decode(errors="replace").strip())


def _refusal(module: str, target: str, ptx: bytes, said: str) -> InternalError | CompileError:
    if "is not defined for option 'gpu-name'" in said:
        what = f"{module}: ptxas {version()} makes no code for {target}"
        return CompileError(what, help="install another nvidia-cuda-nvcc, or give this module another target")
    with tempfile.NamedTemporaryFile("wb", prefix="oxide-", suffix=".ptx", delete=False) as kept:
        kept.write(ptx)
    return InternalError(f"{module} for {target}: stage cubin failed: {said}\n  PTX kept in {Path(kept.name)}")
