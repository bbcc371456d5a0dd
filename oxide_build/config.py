"""`[tool.oxide]`: which modules to compile, for which GPUs, and how.

In: pyproject.toml, the `OXIDE_*` environment variables and a front end's `-C oxide.*`. Out: one frozen `Config`, or
one report of every mistake in all three. Its own room because every door of the build (hooks, setuptools step,
command line) must read a project alike.

The dataclass fields are the only list of keys: names, defaults, readers and what may override them all come from
there. Precedence: `-C` over environment over `[[tool.oxide.overrides]]` over `[tool.oxide]` over the default.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from oxide_build import readers
from oxide_build.errors import ConfigError, ConfigErrors, ErrorReport, OxideError
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target
from oxide_build.readers import EXAMPLE_KERNELS, EXAMPLE_TARGETS, Reader, did_you_mean, unfit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = "[tool.oxide]"
OVERRIDES = "[[tool.oxide.overrides]]"
PREFIX = "oxide."
"""What a front end's `-C` settings of ours begin with."""

_Given: TypeAlias = "tuple[str, Field[Any], str]"
"""Where a value was set outside the file, its key, its text."""

_MINIMAL = f"the least a project writes is\n    {TABLE}\n    {EXAMPLE_KERNELS}\n    {EXAMPLE_TARGETS}"


def _literal(text: str) -> object:
    """`true`, `false` or a whole number as TOML reads it; anything else stays text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _list(text: str) -> object:
    return [part.strip() for part in re.split("[,;]", text) if part.strip()]


def _key(
    read: Reader,
    *,
    default: Any = MISSING,
    from_text: Callable[[str], object] | None = _literal,
    variable: str = "",
) -> Any:
    """One key: its reader, how `-C` text becomes a TOML value (None: never set that way), its environment variable."""
    return field(default=default, metadata={"read": read, "from_text": from_text, "variable": variable})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What shapes the images of one module: the keys that `[[tool.oxide.overrides]]` may set."""

    targets: tuple[Target, ...] = _key(readers.targets, from_text=_list, variable="OXIDE_TARGETS")
    opt_level: int = _key(readers.integer(0, 3), default=Options.opt_level)
    fp_contract: bool = _key(readers.boolean, default=Options.fp_contract)
    fast_math: bool = _key(readers.boolean, default=Options.fast_math)
    line_info: bool = _key(readers.boolean, default=Options.line_info)
    bounds_checks: bool = _key(readers.boolean, default=Options.bounds_checks)
    on_unsupported_target: Literal["error", "skip"] = _key(readers.choice("error", "skip"), default="error")
    warnings: Literal["show", "error", "ignore"] = _key(readers.choice("show", "error", "ignore"), default="show")

    @property
    def options(self) -> Options:
        """The part of the settings that the compiler knows."""
        return Options(**{option.name: getattr(self, option.name) for option in fields(Options)})


@dataclass(frozen=True)
class Override:
    """One `[[tool.oxide.overrides]]`: a module's name (or `package.*`) and the fields of `Settings` it replaces."""

    module: str
    values: Mapping[str, Any]

    def applies_to(self, module: str) -> bool:
        """Whether the module of that full name is meant."""
        return self.module in (module, module.rpartition(".")[0] + ".*")


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A project's whole `[tool.oxide]`.

    `kernels` are module names, some ending in `.*`. `jobs` is the number of worker processes, 0 for one a core.
    `forced` holds by field name what environment and front end set, which wins over any override; `origins` says
    where each of those came from. `verbose` is `OXIDE_VERBOSE`.
    """

    kernels: tuple[str, ...] = _key(readers.modules, from_text=None)
    emit: tuple[str, ...] = _key(readers.image_kinds, default=("ptx",), from_text=None)
    jobs: int = _key(readers.integer(0), default=0, variable="OXIDE_JOBS")
    overrides: tuple[Override, ...] = ()
    forced: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    verbose: bool = False

    def settings(self, module: str) -> Settings:
        """What holds for the kernel module of that name once the overrides are applied."""
        values = {key.name: getattr(self, key.name) for key in fields(Settings)}
        for override in self.overrides:
            if override.applies_to(module):
                values.update(override.values)
        values.update({name: value for name, value in self.forced.items() if name in values})
        return Settings(**values)


def load_config(
    root: Path, settings: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration of the project at `root`.

    `settings` are a front end's `-C oxide.*`, each a string or a list of them; `environment` is the process's own
    when None. Raises ConfigErrors with every mistake found.
    """
    return parse_config(_oxide_table(root), settings, environment)


def parse_config(
    table: Mapping[str, Any],
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """The configuration that `table`, a `[tool.oxide]` as TOML gives it, and the others make together; see above."""
    table = dict(table)
    environment = os.environ if environment is None else environment
    mistakes: list[ConfigError] = []
    overrides = _read_overrides(table.pop("overrides", []), mistakes)
    written = _read_table(TABLE, table, Config, mistakes)
    forced, origins = _read_forced(settings or {}, environment, mistakes)
    mistakes += _missing_keys(table.keys() | forced.keys())
    if mistakes:
        raise ConfigErrors(mistakes)
    verbose = environment.get("OXIDE_VERBOSE", "") not in ("", "0")
    return Config(**{**written, **forced}, overrides=overrides, forced=forced, origins=origins, verbose=verbose)


def read_pyproject(root: Path) -> dict[str, Any]:
    """pyproject.toml as TOML gives it. Raises ConfigErrors, with line and column when it is no TOML."""
    file = root / "pyproject.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigErrors([ConfigError(file.name, "no such file in the project's root", help=_MINIMAL)]) from None
    except UnicodeDecodeError as fault:
        byte = fault.object[fault.start]
        raise ConfigErrors([ConfigError(file.name, f"not UTF-8 text: found byte {byte:#04x}")]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigErrors([_syntax_error(text, str(fault))]) from None


def _syntax_error(text: str, fault: str) -> ConfigError:
    what, _, place = fault.rpartition(" (at ")
    match = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    lines = text.splitlines() or [""]
    line, column = match.groups() if match else (len(lines), len(lines[-1]) + 1)
    return ConfigError(f"pyproject.toml:{line}:{column}", f"not valid TOML: {what}")


def _oxide_table(root: Path) -> dict[str, Any]:
    tool = read_pyproject(root).get("tool")
    table = tool.get("oxide") if isinstance(tool, dict) else None
    if isinstance(table, dict):
        return dict(table)
    found = "no such table in pyproject.toml" if table is None else unfit(table, "a table").message
    raise ConfigErrors([ConfigError(TABLE, found, help=_MINIMAL)])


def _keys(schema: type[Settings]) -> dict[str, Field[Any]]:
    return {key.name.replace("_", "-"): key for key in fields(schema) if key.metadata}


def _read_table(
    where: str, table: Mapping[str, Any], schema: type[Settings], mistakes: list[ConfigError]
) -> dict[str, Any]:
    """The table's values by field name; what is wrong or unknown goes to `mistakes`."""
    keys = _keys(schema)
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name in keys:
            values[keys[name].name] = _read(f"{where} {name}", keys[name].metadata["read"], value, mistakes)
        else:
            known = [*keys, "overrides"] if schema is Config else keys
            mistakes.append(_unknown_key(f"{where} {name}", name, known))
    return values


def _read(where: str, read: Reader, value: object, mistakes: list[ConfigError]) -> Any:
    """The value read; None, and an entry in `mistakes`, when it does not fit."""
    try:
        return read(value)
    except ErrorReport as report:
        mistakes.extend(ConfigError(where, error.message, help=error.help) for error in report.errors)
    except OxideError as error:
        mistakes.append(ConfigError(where, error.message, help=error.help))
    return None


def _unknown_key(where: str, name: str, known: Iterable[str]) -> ConfigError:
    if name in _keys(Config):
        return ConfigError(where, "this key is the whole project's, not one module's", help=f"move it to {TABLE}")
    help = did_you_mean(name, known) or f"known keys: {', '.join(sorted(known))}"
    return ConfigError(where, "unknown key", help=help)


def _read_overrides(entries: object, mistakes: list[ConfigError]) -> tuple[Override, ...]:
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        return tuple(_read_override(f"{OVERRIDES} {n}", entry, mistakes) for n, entry in enumerate(entries, 1))
    mistakes.append(ConfigError(f"{TABLE} overrides", unfit(entries, f"tables headed {OVERRIDES}").message))
    return ()


def _read_override(where: str, entry: Mapping[str, Any], mistakes: list[ConfigError]) -> Override:
    table = dict(entry)
    module = _read(f"{where} module", readers.module, table.pop("module"), mistakes) if "module" in table else None
    if "module" not in entry:
        help = 'write for example module = "my_package.kernels.gemm"'
        mistakes.append(ConfigError(f"{where} module", "this key is required", help=help))
    return Override(str(module), _read_table(where, table, Settings, mistakes))


def _read_forced(
    settings: Mapping[str, object], environment: Mapping[str, str], mistakes: list[ConfigError]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What environment and front end set, by field name, and where each came from; the front end's wins."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, key, text in [*_from_environment(environment), *_from_front_end(settings, mistakes)]:
        values[key.name] = _read(origin, key.metadata["read"], key.metadata["from_text"](text), mistakes)
        origins[key.name] = origin
    return values, origins


def _from_environment(environment: Mapping[str, str]) -> Iterator[_Given]:
    for key in _keys(Config).values():
        text = environment.get(key.metadata["variable"])
        if text:
            yield key.metadata["variable"], key, text


def _from_front_end(settings: Mapping[str, object], mistakes: list[ConfigError]) -> Iterator[_Given]:
    known = {PREFIX + name: key for name, key in _keys(Config).items() if key.metadata["from_text"]}
    for name, value in settings.items():
        if name in known:
            yield f"-C {name}", known[name], _join(value)
            continue
        help = did_you_mean(name, known) or f"known settings: {', '.join(sorted(known))}"
        mistakes.append(ConfigError(f"-C {name}", "unknown setting", help=help))


def _join(value: object) -> str:
    """A front end's value as one text: a repeated setting arrives as a list."""
    parts = value if isinstance(value, list) else [value]
    return ",".join("" if part is None else str(part) for part in parts)


def _missing_keys(present: Collection[str]) -> Iterator[ConfigError]:
    """The required keys not there, but for those of which a misspelling is reported already."""
    for name, example in (("kernels", EXAMPLE_KERNELS), ("targets", EXAMPLE_TARGETS)):
        if name not in present and not did_you_mean(name, present):
            yield ConfigError(f"{TABLE} {name}", "this key is required", help=f"write for example {example}")
