"""File, environment and front end, made one `Config`.

In: a project's root, `-C oxide.*` settings, environment variables. Out: the `Config`, or one report of every mistake in
all three. Its own room because only what all of them say together is a configuration, and has rules of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oxide_build.config.model import DEFAULT, KEYS, Config
from oxide_build.config.outside import misspelt_variables, read_outside
from oxide_build.config.pyproject import FILE, OVERRIDES, TABLE, Pyproject, oxide_table, read_file
from oxide_build.config.table import missing_keys, read_overrides, read_table, words
from oxide_build.errors import ConfigError, ConfigErrors
from oxide_build.pipeline.targets import Kind, Target, parse_targets


def load_config(
    root: Path, settings: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration of the project at `root`.

    `settings` are a front end's `-C oxide.*`, each a string or a list of them; `environment` is the process's own
    when None. Raises ConfigErrors with every mistake found.
    """
    file = read_file(root)
    return parse_config(oxide_table(file), settings, environment, file)


def parse_config(
    table: Mapping[str, Any],
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Pyproject | None = None,
) -> Config:
    """The configuration that `table`, a `[tool.oxide]` as TOML gives it, and the others make together; see above.

    `file` is where the table is written, if it is, for reports to show.
    """
    file = file or Pyproject()
    with file.located():
        config = _parse(table, settings or {}, os.environ if environment is None else environment, file)
        _check_kinds(config)
        return config


def _parse(
    table: Mapping[str, Any], settings: Mapping[str, object], environment: Mapping[str, str], file: Pyproject
) -> Config:
    mistakes: list[ConfigError] = []
    own = dict(table)
    entries = own.pop("overrides", [])
    overrides = read_overrides(entries, mistakes)
    written = read_table(own, mistakes)
    forced, outside = read_outside(settings, environment, mistakes)
    mistakes += missing_keys(own.keys(), written.keys() | outside.keys())
    if mistakes:
        raise ConfigErrors(mistakes)
    return Config(
        **{**written, **forced},
        overrides=overrides,
        forced=forced,
        origins={**{key.field: DEFAULT for key in KEYS.values()}, **dict.fromkeys(written, FILE), **outside},
        verbose=environment.get("OXIDE_VERBOSE", "") not in ("", "0"),
        notes=(*words(own, entries), *misspelt_variables(environment)),
        file=file,
    )


def _check_kinds(config: Config) -> None:
    """That every target which says its kinds of image itself gets them: `emit` and targets may be set apart."""
    modules = ["", *(module for override in config.overrides for module in override.modules)]
    mistakes: dict[str, ConfigError] = {}
    for module in modules:
        settings, origin = config.settings(module), config.origins_of(module)["targets"]
        for target in settings.targets:
            lacking = [kind for kind in target.kinds if kind not in settings.emit]
            if lacking:
                mistake = _kind_missing(_place(origin), target, lacking[0])
                mistakes.setdefault(str(mistake), mistake)
    if mistakes:
        raise ConfigErrors(list(mistakes.values()))


def _place(origin: str) -> str:
    """How reports name the targets that come from there."""
    if origin == FILE:
        return f"{TABLE} targets"
    return f"{origin} targets" if origin.startswith(OVERRIDES) else origin


def _kind_missing(where: str, target: Target, kind: Kind) -> ConfigError:
    what = {"ptx": "PTX", "cubin": "a cubin"}[kind]
    return ConfigError(
        where,
        f'"{target.spelling}" asks for {what}, which emit does not name',
        help=f'write "{target}", or emit = ["ptx", "cubin"]',
        part=lambda text: any((one.name, kind in one.kinds) == (target.name, True) for one in parse_targets(text)),
    )
