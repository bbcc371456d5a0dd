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


@dataclass(frozen=True)
class Finding:
    """One thing looked for: what was found (None: nothing), what it is for, and how to get it."""

    name: str
    found: str | None
    purpose: str
    remedy: str

    def __str__(self) -> str:
        if self.found is not None:
            return f"ok       {self.name:<12} {self.found}"
        return f"missing  {self.name:<12} needed to {self.purpose}: {self.remedy}"


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
    from oxide_build.pipeline import ptx

    try:
        return ", ".join(f"{tool} {version}" for tool, version in ptx.versions().items())
    except ImportError:
        return None


def _ptxas() -> str | None:
    return shutil.which("ptxas")


def _gpu() -> str | None:
    from oxide_build.runtime import device

    try:
        gpu = device.current()
    except (OxideError, ImportError):
        return None
    return "{}, compute capability {}.{}".format(gpu.name, *gpu.capability)


def _driver() -> str | None:
    from oxide_build.runtime import device

    try:
        return "for CUDA {}.{}".format(*device.driver_version())
    except (OxideError, ImportError):
        return None


_COMPILER = 'pip install "oxide-build[compiler]"'
_CHECKS: tuple[tuple[str, Callable[[], str | None], str, str], ...] = (
    ("Python", platform.python_version, "run at all", "install 3.10 or newer"),
    ("oxide-build", lambda: __version__, "build", "pip install oxide-build"),
    ("setuptools", _distribution("setuptools"), "build wheels", f"front ends install it; or {_COMPILER}"),
    ("LLVM", _llvm, "compile kernels", f"front ends install it; or {_COMPILER}"),
)
