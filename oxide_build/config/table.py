"""`[tool.oxide]` and its overrides, as pyproject.toml has them.

In: the table as TOML gives it. Out: values by field name, overrides, what is wrong and what is odd. Its own room
because only a file has tables to misspell and keys to leave out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from oxide_build.config.model import KEYS, Key, Override
from oxide_build.config.pyproject import OVERRIDES, TABLE
from oxide_build.errors import ConfigError
from oxide_build.pipeline.targets import WORDS
from oxide_build.readers import (
    EXAMPLE_KERNELS,
    EXAMPLE_MODULE,
    EXAMPLE_TARGETS,
    did_you_mean,
    nearest,
    one_or_more_modules,
    read_into,
    unfit,
)


def read_table(table: Mapping[str, Any], mistakes: list[ConfigError]) -> dict[str, Any]:
    """The values of the table's own keys by field name."""
    return _read(TABLE, table, KEYS.values(), [*KEYS, "overrides"], mistakes)


def _read(
    where: str, table: Mapping[str, Any], keys: Iterable[Key], known: Collection[str], mistakes: list[ConfigError]
) -> dict[str, Any]:
    """The table's values by field name; what is wrong or unknown goes to `mistakes`."""
    settable = {key.name: key for key in keys}
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name in settable:
            values[settable[name].field] = read_into(mistakes, f"{where} {name}", settable[name].reader, value)
        else:
            mistakes.append(_unknown_key(where, name, known))
    return values


def _unknown_key(where: str, name: str, known: Collection[str]) -> ConfigError:
    if name in KEYS:
        return ConfigError(
            f"{where} {name}",
            "this key is the whole project's, not one module's",
            help=f"move it to {TABLE}",
            part="key",
        )
    help = did_you_mean(name, known) or f"known keys: {', '.join(sorted(known))}"
    return ConfigError(f"{where} {name}", "unknown key", help=help, part="key")


def missing_keys(written: Collection[str], present: Collection[str]) -> Iterator[ConfigError]:
    """The required keys whose field is not `present`, but for those of which a misspelling is reported already."""
    examples = {"kernels": EXAMPLE_KERNELS, "targets": EXAMPLE_TARGETS}
    for key in KEYS.values():
        if key.required and key.field not in present and not nearest(key.name, written):
            help = f"write for example {examples[key.name]}"
            yield ConfigError(f"{TABLE} {key.name}", "this key is required", help=help, part="table")


def read_overrides(entries: object, mistakes: list[ConfigError]) -> tuple[Override, ...]:
    """Every `[[tool.oxide.overrides]]`, in order."""
    if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        return tuple(_read_override(_origin(number), entry, mistakes) for number, entry in enumerate(entries, 1))
    mistakes.append(ConfigError(f"{TABLE} overrides", unfit(entries, f"tables headed {OVERRIDES}").message))
    return ()


def _origin(number: int) -> str:
    return f"{OVERRIDES} {number}"


def _read_override(where: str, entry: Mapping[str, Any], mistakes: list[ConfigError]) -> Override:
    table = dict(entry)
    keys = [key for key in KEYS.values() if key.per_module]
    names = [key.name for key in keys]
    modules = None
    if "module" in table:
        modules = read_into(mistakes, f"{where} module", one_or_more_modules, table.pop("module"))
        if not table:
            mistakes.append(ConfigError(where, "this override sets nothing", help=f"set one of: {', '.join(names)}"))
    elif not nearest("module", table):
        help = f"write for example {EXAMPLE_MODULE}"
        mistakes.append(ConfigError(f"{where} module", "this key is required", help=help, part="table"))
    return Override(modules or (), _read(where, table, keys, ["module", *names], mistakes), where)


def words(table: Mapping[str, Any], overrides: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What to say of words for several targets in a file: its wheels should not change with oxide-build."""
    for where, one in [(TABLE, table), *((_origin(number), entry) for number, entry in enumerate(overrides, 1))]:
        for word in dict.fromkeys(word for word in one.get("targets", ()) if word in WORDS):
            targets = ", ".join(map(str, WORDS[word]))
            yield f'{where} targets: "{word}" is {targets} today and may be more tomorrow; better list them'
