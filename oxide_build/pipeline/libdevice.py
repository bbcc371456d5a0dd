"""Where libdevice is: NVIDIA's bitcode library of mathematical functions.

In: the environment and the installed wheels. Out: the file's path, or None. Its own room
because both the code generator and `oxide-build doctor` ask.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from oxide_build.errors import CompileError

VARIABLE = "OXIDE_LIBDEVICE"
"""The environment variable that names the file, before all else."""

_FILE = Path("nvvm", "libdevice", "libdevice.10.bc")
_WHEELS: Mapping[str, str] = {"cu13": "nvidia-nvvm", "cuda_nvcc": "nvidia-cuda-nvcc-cu12"}
"""Directories under `nvidia/` in site-packages, and the wheels they are of."""


def find() -> Path | None:
    """The file `OXIDE_LIBDEVICE` names, or else an installed wheel's, or that under `CUDA_HOME`; None without any."""
    return next((path for path in _candidates() if path.is_file()), None)


def require(function: str) -> Path:
    """The libdevice file that `function` needs; raises CompileError when there is none."""
    path = find()
    if path is None:
        raise CompileError(
            f"{function} needs NVIDIA's libdevice, which is not installed",
            help=f"pip install nvidia-nvvm, or name the file libdevice.10.bc in {VARIABLE}",
        )
    return path


def version() -> str | None:
    """The version of the wheel that the file is from, or of the file itself where it is from none; None without any."""
    path = find()
    if path is None:
        return None
    from importlib.metadata import PackageNotFoundError, version

    wheel = path.parents[2].name
    try:
        return version(_WHEELS[wheel])
    except (KeyError, PackageNotFoundError):
        import hashlib

        return f"sha256-{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _candidates() -> Iterator[Path]:
    if named := os.environ.get(VARIABLE):
        yield Path(named)
        return
    for wheel in _WHEELS:
        yield from (Path(entry, "nvidia", wheel, _FILE) for entry in sys.path)
    if home := os.environ.get("CUDA_HOME"):
        yield Path(home, _FILE)
