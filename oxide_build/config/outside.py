"""What is set outside the file: environment variables and a front end's `-C` settings.

In: variables, settings. Out: values by field name and where each comes from, what is wrong and what is odd. Its own
room because here every value is text, or several texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from oxide_build.config.model import COMMON, KEYS, PREFIX, VARIABLES, Key
from oxide_build.errors import ConfigError
from oxide_build.readers import did_you_mean, nearest, read_into

_Given: TypeAlias = tuple[str, Key, str]
"""Where a value was set, its key, its text."""


def settings_of(texts: Iterable[str]) -> dict[str, object]:
    """`key=value` texts as a front end passes them on: one that is repeated as a list, one without a value as ""."""
    values: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        values.setdefault(name, []).append(value)
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def read_outside(
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
            values[key.field] = read_into(mistakes, origin, key.reader, value)
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
        if name not in known:
            mistakes.append(_unknown_setting(name, known))
            continue
        texts = ["" if one is None else str(one).strip() for one in (value if isinstance(value, list) else [value])]
        if len(texts) > 1 and not isinstance(known[name].reader.from_text(""), list):
            found = " and ".join(f'"{text}"' for text in texts)
            mistakes.append(ConfigError(f"-C {name}", f"found {found}, needed {known[name].reader.takes}, once"))
        else:
            yield f"-C {name}", known[name], ",".join(texts)


def _unknown_setting(name: str, known: Collection[str]) -> ConfigError:
    if name.removeprefix(PREFIX) in (*KEYS, "overrides"):
        return ConfigError(f"-C {name}", "this key is set in pyproject.toml alone")
    help = did_you_mean(name, known) or f"known settings: {', '.join(sorted(known))}"
    return ConfigError(f"-C {name}", "unknown setting", help=help)


def misspelt_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """What to say of variables that look like ours and are not; one that looks like none may be another program's."""
    known = {key.variable for key in KEYS.values() if key.outside} | VARIABLES.keys()
    words = [name.removeprefix(COMMON) for name in known]
    for name in sorted(environment.keys() - known):
        near = nearest(name.removeprefix(COMMON), words) if name.startswith(COMMON) else None
        if near:
            yield f'{name} is no variable of oxide-build: did you mean "{COMMON}{near}"?'
