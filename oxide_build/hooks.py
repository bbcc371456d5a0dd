"""The build backend: setuptools' PEP 517 and PEP 660 hooks with the kernel step switched on.

In: a front end's call, in the project's root. Out: what the call asks for; a user's mistake becomes SystemExit with
the report as its last words. Its own room because a front end imports it by name, at first with nothing but
oxide-build installed: setuptools and the compiler come in inside the hooks, once `get_requires_*` has asked for them.

Config settings that begin with `oxide.` are ours; the rest go to setuptools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from oxide_build import sbom
from oxide_build.archives import normalize_sdist, normalize_wheel, read_metadata, read_names
from oxide_build.config import PREFIX, Config, load_config
from oxide_build.errors import ConfigErrors, OxideError
from oxide_build.jobs import Job, plan
from oxide_build.project import carried_files, check_sources, tools
from oxide_build.report import HEADLINE, reported
from oxide_build.requirements import compiler

ConfigSettings: TypeAlias = "Mapping[str, object] | None"

SETUPTOOLS = "setuptools>=77"


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """What a build needs installed: setuptools, and the compiler, unless an sdist carries all images."""
    with reported(HEADLINE):
        ours = compiler(load_config(Path.cwd(), _ours(config_settings)), Path.cwd())
        return [SETUPTOOLS, *ours, *_asked_by_setuptools("get_requires_for_build_wheel", config_settings)]


def get_requires_for_build_editable(config_settings: ConfigSettings = None) -> list[str]:
    """The same as for a wheel: an editable install's kernels are compiled when it is installed."""
    return get_requires_for_build_wheel(config_settings)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """setuptools, and the compiler only where the sdist is to carry images."""
    with reported(HEADLINE):
        config = load_config(Path.cwd(), _ours(config_settings))
        ours = compiler(config, Path.cwd()) if config.sdist_artifacts else []
        return [SETUPTOOLS, *ours, *_asked_by_setuptools("get_requires_for_build_sdist", config_settings)]


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the `.dist-info` into `metadata_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.prepare_metadata_for_build_wheel(metadata_directory, theirs))
        return _with_own_metadata(Path(metadata_directory, name), config_settings)


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the `.dist-info` into `metadata_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.prepare_metadata_for_build_editable(metadata_directory, theirs))
        return _with_own_metadata(Path(metadata_directory, name), config_settings)


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel, kernels compiled for every target, into `wheel_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.build_wheel(wheel_directory, theirs, metadata_directory))
        _finish_wheel(Path(wheel_directory, name), config_settings)
        return name


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel of an editable install into `wheel_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.build_editable(wheel_directory, theirs, metadata_directory))
        _finish_wheel(Path(wheel_directory, name), config_settings)
        return name


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Build the sdist, sources and what `[tool.oxide]` has it carry, into `sdist_directory`; gives its name."""
    with _building(config_settings) as theirs:
        from setuptools import build_meta

        name = str(build_meta.build_sdist(sdist_directory, theirs))
        with reported(HEADLINE):
            _finish_sdist(Path(sdist_directory, name), load_config(Path.cwd(), _ours(config_settings)))
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


def _with_own_metadata(directory: Path, config_settings: ConfigSettings) -> str:
    """Add what is ours to a prepared `.dist-info`; gives its name."""
    core = (directory / "METADATA").read_bytes()
    for name, content in _own_metadata(core, config_settings).items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(content)
    return directory.name


def _finish_wheel(wheel: Path, config_settings: ConfigSettings) -> None:
    """Add what is ours to a wheel's metadata, and take out what is this machine's."""
    normalize_wheel(wheel, _own_metadata(read_metadata(wheel, "METADATA"), config_settings))


def _finish_sdist(sdist: Path, config: Config) -> None:
    """Add what the sdist is to carry, and take out what is this machine's; no half sdist is left of a mistake."""
    root = Path.cwd()
    try:
        jobs = plan(config, root) if config.sdist_artifacts or config.provenance else _jobs(config)
        check_sources(jobs, read_names(sdist))
        normalize_sdist(sdist, carried_files(config, jobs, root))
    except OxideError:
        sdist.unlink()
        raise


def _jobs(config: Config) -> tuple[Job, ...]:
    """The jobs; none where setuptools alone knows where the packages are (setup.py, setup.cfg)."""
    try:
        return plan(config, Path.cwd())
    except ConfigErrors:
        return ()


def _own_metadata(core: bytes, config_settings: ConfigSettings) -> dict[str, bytes]:
    """The files of `.dist-info` that are ours, for the project of that METADATA."""
    with reported(HEADLINE):
        config = load_config(Path.cwd(), _ours(config_settings))
        if not config.sbom:
            return {}
        project = message_from_bytes(core)
        made_with = tools(_jobs(config), Path.cwd())
        return {sbom.FILE: sbom.describe(project["Name"], project["Version"], made_with)}
