"""The build backend: setuptools' PEP 517 and PEP 660 hooks with the kernel step switched on.

In: a front end's call, in the project's root. Out: what the call asks for; a user's mistake becomes SystemExit with
the report as its last words. Its own room because a front end imports it by name, at first with nothing but
oxide-build installed: setuptools and the compiler come in inside the hooks, once `get_requires_*` has asked for them.

Config settings that begin with `oxide.` are ours; the rest go to setuptools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from oxide_build.archives import normalize_sdist, normalize_wheel
from oxide_build.cache import Cache, default_directory
from oxide_build.config import PREFIX, load_config
from oxide_build.errors import CompileError, CompileErrors, ConfigErrors
from oxide_build.jobs import Job, plan
from oxide_build.progress import log_to_stderr
from oxide_build.report import HEADLINE, reported
from oxide_build.toolchain import Toolchain

ConfigSettings: TypeAlias = "Mapping[str, object] | None"

SETUPTOOLS = "setuptools>=77"
LLVM = "llvmlite>=0.50,<0.51"
LIBDEVICE = "nvidia-nvvm>=13,<14"
PTXAS = "nvidia-cuda-nvcc>=13,<14"


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """What a build needs: setuptools, the code generator; libdevice and ptxas where kernels do."""
    with reported(HEADLINE):
        compiler = [SETUPTOOLS, LLVM, *_needed_by_kernels(_ours(config_settings))]
        return compiler + _asked_by_setuptools("get_requires_for_build_wheel", config_settings)


def get_requires_for_build_editable(config_settings: ConfigSettings = None) -> list[str]:
    """The same as for a wheel: an editable install's kernels are compiled when it is installed."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """setuptools alone: nothing is compiled for an sdist."""
    with reported(HEADLINE):
        load_config(Path.cwd(), _ours(config_settings))
        return [SETUPTOOLS, *_asked_by_setuptools("get_requires_for_build_sdist", config_settings)]


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the `.dist-info` into `metadata_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        return str(build_meta.prepare_metadata_for_build_wheel(metadata_directory, theirs))


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the `.dist-info` into `metadata_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        return str(build_meta.prepare_metadata_for_build_editable(metadata_directory, theirs))


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel, kernels compiled for every target, into `wheel_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.build_wheel(wheel_directory, theirs, metadata_directory))
        normalize_wheel(Path(wheel_directory, name))
        return name


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel of an editable install into `wheel_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        return str(build_meta.build_editable(wheel_directory, theirs, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Build the sdist, sources only, into `sdist_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.build_sdist(sdist_directory, theirs))
        normalize_sdist(Path(sdist_directory, name))
        return name


@contextmanager
def _building(config_settings: ConfigSettings) -> Iterator[dict[str, object]]:
    """Switch the kernel step on; gives setuptools' own settings."""
    from oxide_build.setuptools_step import kernel_step

    ours = _ours(config_settings)
    with kernel_step(ours):
        yield {name: value for name, value in (config_settings or {}).items() if name not in ours}


def _ours(config_settings: ConfigSettings) -> dict[str, object]:
    return {name: value for name, value in (config_settings or {}).items() if name.startswith(PREFIX)}


def _asked_by_setuptools(hook: str, config_settings: ConfigSettings) -> list[str]:
    """`setup_requires` of a setup.py; nothing while setuptools is not there to be asked."""
    if find_spec("setuptools") is None:
        return []
    from setuptools import build_meta

    ours = _ours(config_settings)
    theirs = {name: value for name, value in (config_settings or {}).items() if name not in ours}
    return [str(requirement) for requirement in getattr(build_meta, hook)(theirs)]


def _needed_by_kernels(settings: Mapping[str, object]) -> list[str]:
    """What only some projects need. Raises ConfigErrors for a wrong configuration."""
    root = Path.cwd()
    config = load_config(root, settings)
    try:
        jobs = plan(config, root)
    except ConfigErrors:
        # Only setuptools knows every way to map packages to directories (setup.py, setup.cfg): ask for everything.
        return [LIBDEVICE, *([PTXAS] if "cubin" in config.emit else [])]
    except CompileErrors:
        return []  # the build itself will say so, with the place
    cubins = any("cubin" in job.kinds for job in jobs)
    return [*([LIBDEVICE] if _call_libdevice(jobs) else []), *([PTXAS] if cubins else [])]


def _call_libdevice(jobs: Sequence[Job]) -> bool:
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
    from oxide_build.pipeline import to_llvm_ir, to_ssa

    with suppress(CompileErrors):
        module = to_ssa(job.source, resolve=job.resolve)
        for target in job.settings.targets:
            with suppress(CompileError, CompileErrors):
                if "@__nv_" in to_llvm_ir(module, target, job.settings.options):
                    return True
    return False
