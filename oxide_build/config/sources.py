"""File, environment and front end, made one `Config`.

In: a project's root, `-C oxide.*` settings, environment variables. Out: the `Config`, or one report of every mistake in
all three. Its own room because what a key is (`model.py`) does not depend on where its value is written.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from oxide_build.config.model import COMMON, DEFAULT, FILE, KEYS, PREFIX, VARIABLES, Config, Key, Override, Settings
from oxide_build.config.pyproject import OVERRIDES, TABLE, oxide_table
from oxide_build.errors import ConfigError, ConfigErrors, ErrorReport, OxideError
from oxide_build.pipeline.targets import WORDS, Target
from oxide_build.readers import (
    EXAMPLE_KERNELS,
    EXAMPLE_MODULE,
    EXAMPLE_TARGETS,
    Reader,
    did_you_mean,
    nearest,
    one_or_more_modules,
    unfit,
)

_Given: TypeAlias = "tuple[str, Key, str]"
"""Where a value was set outside the file, its key, its text."""


def load_config(
    root: Path, settings: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration of the project at `root`.

    `settings` are a front end's `-C oxide.*`, each a string or a list of them; `environment` is the process's own
    when None. Raises ConfigErrors with every mistake found.
    """
    return parse_config(oxide_table(root), settings, environment)


def parse_config(
    table: Mapping[str, Any],
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """The configuration that `table`, a `[tool.oxide]` as TOML gives it, and the others make together; see above."""
    table = dict(table)
    environment = os.environ if environment is None else environment
    mistakes: list[ConfigError] = []
    entries = table.pop("overrides", [])
    overrides = _read_overrides(entries, mistakes)
    written = _read_table(TABLE, table, KEYS.values(), mistakes)
    forced, origins = _read_forced(settings or {}, environment, mistakes)
    mistakes += _missing_keys(table.keys(), written.keys() | origins.keys())
    if mistakes:
        raise ConfigErrors(mistakes)
    defaults = dict.fromkeys((key.field for key in KEYS.values()), DEFAULT)
    config = Config(
        **{**written, **forced},
        overrides=overrides,
        forced=forced,
        origins={**defaults, **dict.fromkeys(written, FILE), **origins},
        verbose=environment.get("OXIDE_VERBOSE", "") not in ("", "0"),
        notes=(*_words(TABLE, table), *_words_of_overrides(entries), *_misspelt_variables(environment)),
    )
    _check_kinds(config)
    return config


def settings_of(texts: Iterable[str]) -> dict[str, object]:
    """`key=value` texts as a front end passes them on: one that is repeated as a list, one without a value as ""."""
    values: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        values.setdefault(name, []).append(value)
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def _read_table(
    where: str, table: Mapping[str, Any], keys: Iterable[Key], mistakes: list[ConfigError]
) -> dict[str, Any]:
    """The table's values by field name; what is wrong or unknown goes to `mistakes`."""
    known = {key.name: key for key in keys}
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name in known:
            values[known[name].field] = _read(f"{where} {name}", known[name].reader, value, mistakes)
        else:
            mistakes.append(_unknown_key(where, name, [*known, "overrides"] if where == TABLE else known))
    return values


def _read(where: str, reader: Reader, value: object, mistakes: list[ConfigError]) -> Any:
    """The value read; None, and an entry in `mistakes`, when it does not fit."""
    try:
        return reader.read(value)
    except ErrorReport as report:
        mistakes.extend(ConfigError(where, error.message, help=error.help) for error in report.errors)
    except OxideError as error:
        mistakes.append(ConfigError(where, error.message, help=error.help))
    return None


def _unknown_key(where: str, name: str, known: Collection[str]) -> ConfigError:
    if name in KEYS:
        return ConfigError(
            f"{where} {name}", "this key is the whole project's, not one module's", help=f"move it to {TABLE}"
        )
    help = did_you_mean(name, known) or f"known keys: {', '.join(sorted(known))}"
    return ConfigError(f"{where} {name}", "unknown key", help=help)


def _read_overrides(entries: object, mistakes: list[ConfigError]) -> tuple[Override, ...]:
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        return tuple(_read_override(_origin(number), entry, mistakes) for number, entry in enumerate(entries, 1))
    mistakes.append(ConfigError(f"{TABLE} overrides", unfit(entries, f"tables headed {OVERRIDES}").message))
    return ()


def _origin(number: int) -> str:
    return f"{OVERRIDES} {number}"


def _read_override(where: str, entry: Mapping[str, Any], mistakes: list[ConfigError]) -> Override:
    table = dict(entry)
    modules = None
    if "module" in table:
        modules = _read(f"{where} module", one_or_more_modules, table.pop("module"), mistakes)
    else:
        misspelt = next((name for name in table if name not in KEYS and nearest(name, ["module"])), None)
        mistakes.append(_no_module(where, misspelt))
        table.pop(misspelt or "", None)
    if entry.keys() == {"module"}:
        settable = ", ".join(key.name for key in _per_module())
        mistakes.append(ConfigError(where, "this override sets nothing", help=f"set one of: {settable}"))
    return Override(modules or (), _read_table(where, table, _per_module(), mistakes), where)


def _no_module(where: str, misspelt: str | None) -> ConfigError:
    if misspelt is None:
        return ConfigError(f"{where} module", "this key is required", help=f"write for example {EXAMPLE_MODULE}")
    return ConfigError(f"{where} {misspelt}", "unknown key", help='did you mean "module"?')


def _per_module() -> list[Key]:
    return [key for key in KEYS.values() if key.per_module]


def _read_forced(
    settings: Mapping[str, object], environment: Mapping[str, str], mistakes: list[ConfigError]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What environment and front end set, by field name, and where each came from; the front end's wins."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, key, text in [*_from_environment(environment), *_from_front_end(settings, mistakes)]:
        value = key.reader.from_text(text)
        if value in ("", []):
            mistakes.append(ConfigError(origin, f"no value is given, needed {key.reader.takes}"))
        else:
            values[key.field] = _read(origin, key.reader, value, mistakes)
        origins[key.field] = origin
    return values, origins


def _from_environment(environment: Mapping[str, str]) -> Iterator[_Given]:
    for key in KEYS.values():
        text = environment.get(key.variable, "").strip()
        if text and key.outside:
            yield key.variable, key, text


def _from_front_end(settings: Mapping[str, object], mistakes: list[ConfigError]) -> Iterator[_Given]:
    known = {key.setting: key for key in KEYS.values() if key.outside}
    for name, value in settings.items():
        if name in known:
            yield f"-C {name}", known[name], _join(value)
        else:
            mistakes.append(_unknown_setting(name, known))


def _unknown_setting(name: str, known: Collection[str]) -> ConfigError:
    if name.removeprefix(PREFIX) in (*KEYS, "overrides"):
        return ConfigError(f"-C {name}", "this key is set in pyproject.toml alone")
    help = did_you_mean(name, known) or f"known settings: {', '.join(sorted(known))}"
    return ConfigError(f"-C {name}", "unknown setting", help=help)


def _join(value: object) -> str:
    """A front end's value as one text: a repeated setting arrives as a list."""
    parts = value if isinstance(value, list) else [value]
    return ",".join("" if part is None else str(part).strip() for part in parts)


def _missing_keys(written: Collection[str], present: Collection[str]) -> Iterator[ConfigError]:
    """The required keys not there, but for those of which a misspelling is reported already."""
    examples = {"kernels": EXAMPLE_KERNELS, "targets": EXAMPLE_TARGETS}
    for key in KEYS.values():
        if key.required and key.field not in present and not nearest(key.name, written):
            help = f"write for example {examples[key.name]}"
            yield ConfigError(f"{TABLE} {key.name}", "this key is required", help=help)


def _check_kinds(config: Config) -> None:
    """That every target which says its kinds of image itself gets them: `emit` and targets may be set apart."""
    modules = ["", *(module for override in config.overrides for module in override.modules)]
    mistakes: dict[str, ConfigError] = {}
    for module in modules:
        settings, origin = config.settings(module), config.origins_of(module)["targets"]
        place = {FILE: f"{TABLE} targets"}.get(origin, f"{origin} targets" if origin.startswith(OVERRIDES) else origin)
        for target in settings.targets:
            if not set(target.kinds) <= set(settings.emit):
                mistake = _kind_missing(place, target, settings)
                mistakes[str(mistake)] = mistake
    if mistakes:
        raise ConfigErrors(list(mistakes.values()))


def _kind_missing(where: str, target: Target, settings: Settings) -> ConfigError:
    (kind, *_) = [kind for kind in target.kinds if kind not in settings.emit]
    what = {"ptx": "PTX", "cubin": "a cubin"}[kind]
    return ConfigError(
        where,
        f'"{target.spelling}" asks for {what}, which emit does not name',
        help=f'write "{target}", or emit = ["ptx", "cubin"]',
    )


def _words(where: str, table: Mapping[str, Any]) -> Iterator[str]:
    """What to say of words for several targets in a file: its wheels should not change with oxide-build."""
    for word in dict.fromkeys(word for word in table.get("targets", ()) if word in WORDS):
        targets = ", ".join(map(str, WORDS[word]))
        yield f'{where} targets: "{word}" is {targets} today and may be more tomorrow; better list them'


def _words_of_overrides(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, entry in enumerate(entries, 1):
        yield from _words(_origin(number), entry)


def _misspelt_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like ours and are not; one that looks like none may be another program's."""
    known = {key.variable for key in KEYS.values() if key.outside} | VARIABLES.keys()
    words = [name.removeprefix(COMMON) for name in known]
    for name in sorted(environment.keys() - known):
        near = nearest(name.removeprefix(COMMON), words) if name.startswith(COMMON) else None
        if near:
            yield f'{name} is no variable of oxide-build: did you mean "{COMMON}{near}"?'
