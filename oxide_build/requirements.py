"""What a build of kernels needs installed, as a front end is told before the build.

In: a project's configuration and root. Out: requirements, as pip reads them. Its own room because every backend that
can ask for more (ours, hatchling) must ask for the same, with nothing but oxide-build installed yet.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from oxide_build.config import Config
from oxide_build.discovery import PackageDir
from oxide_build.errors import CompileErrors, ConfigErrors
from oxide_build.jobs import Job, plan
from oxide_build.pipeline import to_llvm_ir, to_ssa

LLVM = "llvmlite>=0.50,<0.51"
LIBDEVICE = "nvidia-nvvm>=13,<14"


def compiler(config: Config, root: Path, package_dir: PackageDir | None = None) -> list[str]:
    """The code generator, and libdevice where kernels use its functions."""
    return [LLVM, LIBDEVICE] if _need_libdevice(config, root, package_dir) else [LLVM]


def _need_libdevice(config: Config, root: Path, package_dir: PackageDir | None) -> bool:
    """Whether an image of the project calls libdevice."""
    try:
        jobs = plan(config, root, package_dir)
    except ConfigErrors:
        # Only the backend knows every way to map packages to directories (setup.py, setup.cfg): ask for everything.
        return True
    except CompileErrors:
        return False  # the build itself will say so, with the place
    return any(_calls_libdevice(job) for job in jobs)


def _calls_libdevice(job: Job) -> bool:
    """Whether a kernel module does, for one of its targets; all but the last stage runs without LLVM."""
    with suppress(CompileErrors):
        module = to_ssa(job.source, resolve=job.resolve)
        for target in job.settings.targets:
            with suppress(CompileErrors):
                if "@__nv_" in to_llvm_ir(module, target, job.settings.options):
                    return True
    return False
