"""What this machine has for building and running kernels, and what each thing is needed for.

In: nothing but the machine. Out: one `Finding` a thing. Its own room because it is the only one that asks for
everything at once: compiler, checker, driver; the rest of the package asks for each where it is used.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

from oxide_build import __version__, cache
from oxide_build.errors import OxideError
from oxide_build.pipeline import libdevice, ptx, ptxas
from oxide_build.runtime import device


@dataclass(frozen=True)
class Finding:
    """One thing looked for: what was found (None: nothing), what it is for, and how to get it.

    Without what is `required` no kernel can be compiled on this machine.
    """

    name: str
    found: str | None
    purpose: str
    remedy: str
    required: bool

    def __str__(self) -> str:
        if self.found is not None:
            return f"ok        {self.name:<13} {self.found}"
        word, needed = ("missing", "needed") if self.required else ("optional", "not here; it serves")
        return f"{word:<8}  {self.name:<13} {needed} to {self.purpose}: {self.remedy}"


def examine() -> tuple[Finding, ...]:
    """Look for everything; touches the NVIDIA driver, if there is one."""
    return tuple(
        Finding(name, look(), purpose, remedy, required)
        for required, checks in ((True, _REQUIRED), (False, _OPTIONAL))
        for name, look, purpose, remedy in checks
    )


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


def _cache() -> str | None:
    directory = cache.default_directory()
    if directory is None:
        return "off"
    return str(directory) if _can_write(directory) else None


def _can_write(directory: Path) -> bool:
    """Whether files can be made there, or the directory itself above."""
    there = next(path for path in (directory, *directory.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _ptxas() -> str | None:
    path = ptxas.find()
    return None if path is None else str(path)


_Check: TypeAlias = "tuple[str, Callable[[], str | None], str, str]"

_COMPILER = 'pip install "oxide-build[compiler]" (front ends fetch it themselves)'
_REQUIRED: tuple[_Check, ...] = (
    ("Python", platform.python_version, "run at all", "install 3.10 or newer"),
    ("oxide-build", lambda: __version__, "build", "pip install oxide-build"),
    ("setuptools", _distribution("setuptools"), "build wheels", _COMPILER),
    ("LLVM", _llvm, "compile kernels", _COMPILER),
    ("libdevice", _libdevice, "compile kernels that use math", _COMPILER),
)
_OPTIONAL: tuple[_Check, ...] = (
    ("cache", _cache, "compile only what changed", f"name a directory of yours in {cache.VARIABLE}"),
    ("ptxas", _ptxas, "make cubins and measure kernels", ptxas.REMEDY),
    ("hatchling", _distribution("hatchling"), "build projects of hatchling's", "pip install hatchling"),
    ("cmake", lambda: shutil.which("cmake"), "build projects of CMake's", "pip install cmake"),
    ("numpy", _distribution("numpy"), "simulate kernels", "pip install numpy"),
    ("cuda-bindings", _distribution("cuda-bindings"), "launch kernels", 'pip install "oxide-build[cuda]"'),
    ("NVIDIA driver", _driver, "launch kernels", "install one for CUDA 12.0 or newer"),
    ("GPU", _gpu, "launch kernels", "run on a machine that has one, or simulate"),
)
