"""How single values of `[tool.oxide]` are read.

In: a value as TOML gives it, or the text of a `-C` setting or variable. Out: what the build works with, or an
OxideError saying what was found, what was needed and what to write instead (an ErrorReport for several mistakes in one
array). Its own room because the model in `config` should list keys, not spell out checks: a reader also says in JSON
Schema what it takes.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from oxide_build.errors import ConfigError, ErrorReport, OxideError, Part
from oxide_build.pipeline.targets import KINDS, TARGETS, Kind, Target, parse_targets, spelling_pattern

EXAMPLE_TARGETS = 'targets = ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"]'
EXAMPLE_KERNELS = 'kernels = ["my_package.kernels.*"]'
EXAMPLE_MODULE = 'module = "my_package.kernels.gemm"'

_T = TypeVar("_T")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "float", list: "array", dict: "table"}
_MODULE = re.compile(r"(?:[^\W\d]\w*\.)+(?:[^\W\d]\w*|\*)")
_STRINGS = "an array of strings, not empty"


@dataclass(frozen=True)
class Reader:
    """One kind of value.

    `takes` says it in words and `schema` as JSON Schema; `read` makes of TOML's value what the build works with;
    `from_text` makes TOML's value of the text of a `-C` setting or a variable.
    """

    takes: str
    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    from_text: Callable[[str], object] = str


class ElementError(OxideError):
    """A mistake in one element of an array: `number` counts from 0."""

    def __init__(self, number: int, error: OxideError) -> None:
        super().__init__(error.message, help=error.help)
        self.number = number


def unfit(value: object, needed: str, *, help: str | None = None) -> OxideError:
    """The error that says what was found (as TOML writes it, and its type) and what was needed."""
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return OxideError(f"found {shown} ({_TYPES.get(type(value), 'date or time')}), needed {needed}", help=help)


def nearest(found: object, words: Iterable[str]) -> str | None:
    """The word that a misspelt one is likely to mean, or None when none is near."""
    return next(iter(difflib.get_close_matches(str(found), list(words), n=1, cutoff=0.7)), None)


def did_you_mean(found: object, words: Iterable[str]) -> str | None:
    """The question after a misspelt word, or None when nothing is near."""
    near = nearest(found, words)
    return f'did you mean "{near}"?' if near else None


def read_into(mistakes: list[ConfigError], where: str, reader: Reader, value: object) -> Any:
    """The value read; None, and an entry in `mistakes` that says where, when it does not fit."""
    try:
        return reader.read(value)
    except ErrorReport as report:
        mistakes.extend(_config_error(where, error) for error in report.errors)
    except OxideError as error:
        mistakes.append(_config_error(where, error))
    return None


def _config_error(where: str, error: OxideError) -> ConfigError:
    part: Part = error.number if isinstance(error, ElementError) else "value"
    return ConfigError(where, error.message, help=error.help, part=part)


def _boolean() -> Reader:
    takes = "true or false"
    # A front end's `-C oxide.fast-math` without a value switches on; variables are written 0 and 1.
    words: Mapping[str, object] = {"": True, "true": True, "1": True, "false": False, "0": False}

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise unfit(value, takes, help=_unquoted(value, "true|false"))
        return value

    return Reader(takes, {"type": "boolean"}, read, lambda text: words.get(text.lower(), text))


def _unquoted(value: object, pattern: str) -> str | None:
    """What to do about the right value written as a string."""
    return f"write {value}, without quotes" if isinstance(value, str) and re.fullmatch(pattern, value) else None


boolean = _boolean()


def integer(low: int, high: int | None = None) -> Reader:
    """A reader of integers from `low` to `high`, both included."""
    takes = f"an integer of {low} or more" if high is None else f"an integer from {low} to {high}"

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise unfit(value, takes, help=_unquoted(value, r"\d+"))
        if value < low or (high is not None and value > high):
            raise unfit(value, takes)
        return value

    bounds = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return Reader(
        takes, {"type": "integer", **bounds}, read, lambda text: int(text) if re.fullmatch(r"-?\d+", text) else text
    )


def choice(*words: str) -> Reader:
    """A reader of one word out of `words`."""
    takes = " or ".join(f'"{word}"' for word in words)

    def read(value: object) -> str:
        if value not in words:
            raise unfit(value, takes, help=did_you_mean(value, words))
        return str(value)

    return Reader(takes, {"enum": list(words)}, read)


def _read_targets(value: object) -> tuple[Target, ...]:
    """The SM targets meant, each once and in the table's order: the author's order must not change the wheel."""
    meant: dict[str, set[tuple[Kind, ...]]] = {}
    for target in (one for several in _each(_strings(value, EXAMPLE_TARGETS), parse_targets) for one in several):
        meant.setdefault(target.name, set()).add(target.kinds)
    return tuple(target.with_kinds(_union(meant[name])) for name, target in TARGETS.items() if name in meant)


def _union(kinds: set[tuple[Kind, ...]]) -> tuple[Kind, ...]:
    """The kinds of images of a target named several times; none where one of the times leaves them to `emit`."""
    return () if () in kinds else tuple(kind for kind in KINDS if any(kind in some for some in kinds))


def _read_modules(value: object, example: str = EXAMPLE_KERNELS) -> tuple[str, ...]:
    """Names of modules, each once; a trailing `.*` is kept."""
    return tuple(dict.fromkeys(_each(_strings(value, example), _read_module)))


def _read_module(value: object) -> str:
    """The name of a module inside a package, as Python imports it, or `package.*`."""
    text = value if isinstance(value, str) else ""
    if _MODULE.fullmatch(text):
        return text
    if "*" in text.removesuffix(".*"):
        raise unfit(value, "a module or, with .* at its end, every module of a package")
    dotted = re.sub(r"^(\./)?(src/)?|\.py$", "", text).replace("/", ".")
    instead = f'"{dotted}"' if _MODULE.fullmatch(dotted) else 'for example "my_package.kernels.vector"'
    raise unfit(value, "a module inside a package, named as Python imports it", help=f"write {instead}")


def _read_one_or_more(value: object) -> tuple[str, ...]:
    """The modules of an override: one name, or an array of them."""
    return _read_modules(value, EXAMPLE_MODULE) if isinstance(value, list) else (_read_module(value),)


def _read_image_kinds(value: object) -> tuple[Kind, ...]:
    """The kinds of images to make of every target, each once and in one order."""
    kinds = _each(_strings(value, 'emit = ["ptx", "cubin"]'), choice(*KINDS).read)
    return tuple(kind for kind in KINDS if kind in kinds)


def _list(text: str) -> object:
    return [part.strip() for part in re.split("[,;]", text) if part.strip()]


def _array(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": dict(items)}


_ONE_MODULE = {"type": "string", "pattern": f"^{_MODULE.pattern}$"}

targets = Reader(_STRINGS, _array({"type": "string", "pattern": spelling_pattern()}), _read_targets, _list)
modules = Reader(_STRINGS, _array(_ONE_MODULE), _read_modules, _list)
one_or_more_modules = Reader(
    "a string or an array of strings", {"anyOf": [_ONE_MODULE, _array(_ONE_MODULE)]}, _read_one_or_more
)
image_kinds = Reader(_STRINGS, _array({"enum": list(KINDS)}), _read_image_kinds, _list)


def _strings(value: object, example: str) -> list[str]:
    error = unfit(value, _STRINGS, help=f"write for example {example}")
    if not isinstance(value, list) or not value:
        raise error
    for number, item in enumerate(value):
        if not isinstance(item, str):
            raise ElementError(number, error)
    return value


def _each(values: Iterable[str], read: Callable[[str], _T]) -> list[_T]:
    results: list[_T] = []
    mistakes: list[OxideError] = []
    for number, value in enumerate(values):
        try:
            results.append(read(value))
        except OxideError as error:
            mistakes.append(ElementError(number, error))
    if mistakes:
        raise ErrorReport(mistakes)
    return results
