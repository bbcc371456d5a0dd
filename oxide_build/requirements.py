"""What a build of kernels needs installed, as a front end is told before the build.

In: a project's configuration and root. Out: requirements, as pip reads them. Its own room because every backend that
can ask for more (ours, hatchling) must ask for the same, with nothing but oxide-build installed yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from oxide_build.cache import Cache, default_directory
from oxide_build.config import Config
from oxide_build.discovery import PackageDir
from oxide_build.errors import CompileError, CompileErrors, ConfigErrors
from oxide_build.jobs import Job, plan
from oxide_build.prebuilt import are_carried
from oxide_build.progress import log_to_stderr
from oxide_build.toolchain import Toolchain

LLVM = "llvmlite>=0.50,<0.51"
LIBDEVICE = "nvidia-nvvm>=13,<14"
PTXAS = "nvidia-cuda-nvcc>=13,<14"


def compiler(config: Config, root: Path, package_dir: PackageDir | None = None) -> list[str]:
    """The code generator, libdevice and ptxas where kernels need them; nothing where an sdist carries all images."""
    try:
        jobs = plan(config, root, package_dir)
    except ConfigErrors:
        # Only the backend knows every way to map packages to directories (setup.py, setup.cfg): ask for everything.
        return [LLVM, LIBDEVICE, *([PTXAS] if "cubin" in config.emit else [])]
    except CompileErrors:
        return [LLVM]  # the build itself will say so, with the place
    if are_carried(jobs, root):
        return []
    cubins = any(kind == "cubin" for job in jobs for _, kind in job.settings.images)
    return [LLVM, *([LIBDEVICE] if call_libdevice(jobs) else []), *([PTXAS] if cubins else [])]


def call_libdevice(jobs: Sequence[Job]) -> bool:
    """Whether one of the kernel modules does; a build of the same text may have found out already."""
    cache, tools = Cache(default_directory(), lambda text: log_to_stderr(f"[oxide] {text}")), Toolchain()
    answers = {job: cache.get(tools.libdevice_key(job)) for job in jobs}
    if b"yes" in answers.values():
        return True
    for job in (job for job, answer in answers.items() if answer is None):
        calls = _calls_libdevice(job)
        cache.put(tools.libdevice_key(job), b"yes" if calls else b"no")
        if calls:
            return True
    return False


def _calls_libdevice(job: Job) -> bool:
    """Whether a kernel module does, for one of its targets; all but the last stage runs without LLVM."""

    from oxide_build.pipeline import to_llvm_ir, to_ssa  # the compiler: not for what is known already

    with suppress(CompileErrors):
        module = to_ssa(job.source, resolve=job.resolve)
        for target in job.settings.targets:
            with suppress(CompileError, CompileErrors):
                if "@__nv_" in to_llvm_ir(module, target, job.settings.options):
                    return True
    return False
