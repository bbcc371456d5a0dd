"""What this machine has for building and running kernels, and what each thing is needed for.

In: nothing but the machine. Out: one `Finding` a thing. Its own room because it is the only one that asks for
everything at once: compiler, checker, driver; the rest of the package asks for each where it is used.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from oxide_build import __version__
from oxide_build.errors import OxideError
from oxide_build.pipeline import libdevice, ptx
from oxide_build.runtime import device


@dataclass(frozen=True)
class Finding:
    """One thing looked for: what was found (None: nothing), what it is for, and how to get it."""

    name: str
    found: str | None
    purpose: str
    remedy: str

    def __str__(self) -> str:
        if self.found is not None:
            return f"ok       {self.name:<13} {self.found}"
        return f"missing  {self.name:<13} needed to {self.purpose}: {self.remedy}"


def examine() -> tuple[Finding, ...]:
    """Look for everything; touches the NVIDIA driver, if there is one."""
    return tuple(Finding(name, look(), purpose, remedy) for name, look, purpose, remedy in _CHECKS)


def _distribution(name: str) -> Callable[[], str | None]:
    def look() -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return look


def _llvm() -> str | None:
    try:
        return ", ".join(f"{tool} {version}" for tool, version in ptx.versions().items())
    except ImportError:
        return None


def _libdevice() -> str | None:
    path = libdevice.find()
    return None if path is None else str(path)


def _driver() -> str | None:
    try:
        return "for CUDA {}.{}".format(*device.driver_version())
    except OxideError:
        return None


def _gpu() -> str | None:
    try:
        gpu = device.current()
    except OxideError:
        return None
    return "{}, compute capability {}.{}".format(gpu.name, *gpu.capability)


_COMPILER = 'pip install "oxide-build[compiler]"'
_CHECKS: tuple[tuple[str, Callable[[], str | None], str, str], ...] = (
    ("Python", platform.python_version, "run at all", "install 3.10 or newer"),
    ("oxide-build", lambda: __version__, "build", "pip install oxide-build"),
    ("setuptools", _distribution("setuptools"), "build wheels", f"{_COMPILER} (front ends fetch it themselves)"),
    ("LLVM", _llvm, "compile kernels", f"{_COMPILER} (front ends fetch it themselves)"),
    ("libdevice", _libdevice, "compile kernels that use math", f"{_COMPILER} (front ends fetch it themselves)"),
    ("ptxas", lambda: shutil.which("ptxas"), "check PTX in the tests, never to build", "pip install nvidia-cuda-nvcc"),
    ("numpy", _distribution("numpy"), "simulate kernels", "pip install numpy"),
    ("cuda-bindings", _distribution("cuda-bindings"), "launch kernels", 'pip install "oxide-build[cuda]"'),
    ("NVIDIA driver", _driver, "launch kernels", "install one for CUDA 12.0 or newer"),
    ("GPU", _gpu, "launch kernels", "run on a machine that has one, or simulate"),
)
