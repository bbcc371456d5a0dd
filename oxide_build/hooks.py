"""The build backend: setuptools' PEP 517 and PEP 660 hooks with the kernel step switched on.

In: a front end's call, in the project's root. Out: what the call asks for; a user's mistake becomes SystemExit with
the report as its last words, and leaves no file. Its own room because a front end imports it by name, at first with
nothing but oxide-build installed: setuptools and the compiler come in inside the hooks, once `get_requires_*` has
asked for them.

Config settings that begin with `oxide.` are ours; the rest go to setuptools.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TypeAlias

from oxide_build.config import PREFIX, load_config
from oxide_build.report import HEADLINE, reported
from oxide_build.requirements import compiler
from oxide_build.setuptools_plugin import LEAST

ConfigSettings: TypeAlias = "Mapping[str, object] | None"

SETUPTOOLS = f"setuptools>={LEAST}"


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
    with _building(config_settings) as (setuptools, theirs):
        return str(setuptools.prepare_metadata_for_build_wheel(metadata_directory, theirs))


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the `.dist-info` into `metadata_directory`; gives its name."""
    with _building(config_settings) as (setuptools, theirs):
        return str(setuptools.prepare_metadata_for_build_editable(metadata_directory, theirs))


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel, kernels compiled for every target, into `wheel_directory`; gives its name.

    Not in the tree's `build/`, which setuptools never empties: what an earlier build left there, or one that was
    killed, would ship, and two builds at once would meet. Nothing is written into the tree.
    """
    with _building(config_settings, elsewhere=True) as (setuptools, theirs):
        return str(setuptools.build_wheel(wheel_directory, theirs, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel of an editable install into `wheel_directory`; gives its name."""
    with _building(config_settings) as (setuptools, theirs):
        return str(setuptools.build_editable(wheel_directory, theirs, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Build the sdist, sources and what `[tool.oxide]` has it carry, into `sdist_directory`; gives its name."""
    with _building(config_settings) as (setuptools, theirs):
        return str(setuptools.build_sdist(sdist_directory, theirs))


@contextmanager
def _building(
    config_settings: ConfigSettings, elsewhere: bool = False
) -> Iterator[tuple[ModuleType, dict[str, object]]]:
    """Switch the kernel step on; gives setuptools' backend, and the settings that are for it."""
    from setuptools import build_meta

    from oxide_build.setuptools_step import kernel_step

    with (
        TemporaryDirectory(prefix="oxide-build-") as scratch,
        kernel_step(_ours(config_settings), scratch if elsewhere else None),
    ):
        yield build_meta, _theirs(config_settings)


def _ours(config_settings: ConfigSettings) -> dict[str, object]:
    return {name: value for name, value in (config_settings or {}).items() if name.startswith(PREFIX)}


def _theirs(config_settings: ConfigSettings) -> dict[str, object]:
    return {name: value for name, value in (config_settings or {}).items() if not name.startswith(PREFIX)}


def _asked_by_setuptools(hook: str, config_settings: ConfigSettings) -> list[str]:
    """`setup_requires` of a setup.py or setup.cfg; nothing while setuptools is not there to be asked.

    Asked only where there is one, since setuptools makes metadata in the tree to answer.
    """
    if find_spec("setuptools") is None or not any(map(os.path.isfile, ("setup.py", "setup.cfg"))):
        return []
    from setuptools import build_meta

    return [str(requirement) for requirement in getattr(build_meta, hook)(_theirs(config_settings))]
