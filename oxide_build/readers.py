"""How single values of `[tool.oxide]` are read.

In: a value as TOML gives it. Out: what the build works with, or an OxideError saying what was found, what was needed
and what to write instead (an ErrorReport for several mistakes in one array). Its own room because the schema in
`config.py` should list keys, not spell out checks.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from oxide_build.errors import ErrorReport, OxideError
from oxide_build.pipeline.targets import TARGETS, Target, parse_target

EXAMPLE_TARGETS = 'targets = ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"]'
EXAMPLE_KERNELS = 'kernels = ["my_package.kernels.*"]'

Reader = Callable[[Any], Any]

_T = TypeVar("_T")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "float", list: "array", dict: "table"}
_MODULE = re.compile(r"(?:[^\W\d]\w*\.)+(?:[^\W\d]\w*|\*)")


def unfit(value: object, needed: str, *, help: str | None = None) -> OxideError:
    """The error that says what was found (as TOML writes it, and its type) and what was needed."""
    shown = json.dumps(value, default=str, ensure_ascii=False)
    return OxideError(f"found {shown} ({_TYPES.get(type(value), 'date or time')}), needed {needed}", help=help)


def did_you_mean(found: object, words: Iterable[str]) -> str | None:
    """The question after a misspelt word, or None when nothing is near."""
    near = difflib.get_close_matches(str(found), list(words), n=1, cutoff=0.7)
    return f'did you mean "{near[0]}"?' if near else None


def boolean(value: object) -> bool:
    """`true` or `false`."""
    if not isinstance(value, bool):
        raise unfit(value, "true or false")
    return value


def integer(low: int, high: int | None = None) -> Reader:
    """A reader of integers from `low` to `high`, both included."""
    needed = f"an integer of {low} or more" if high is None else f"an integer from {low} to {high}"

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise unfit(value, needed)
        if value < low or (high is not None and value > high):
            raise unfit(value, needed)
        return value

    return read


def choice(*words: str) -> Reader:
    """A reader of one word out of `words`."""

    def read(value: object) -> str:
        if value not in words:
            raise unfit(value, " or ".join(f'"{word}"' for word in words), help=did_you_mean(value, words))
        return str(value)

    return read


def targets(value: object) -> tuple[Target, ...]:
    """The SM targets meant, each once and in the table's order: the author's order must not change the wheel."""
    meant = set(_each(_strings(value, EXAMPLE_TARGETS), parse_target))
    return tuple(target for target in TARGETS.values() if target in meant)


def modules(value: object) -> tuple[str, ...]:
    """Names of modules, each once; a trailing `.*` is kept."""
    return tuple(dict.fromkeys(_each(_strings(value, EXAMPLE_KERNELS), module)))


def module(value: object) -> str:
    """The name of a module inside a package, as Python imports it, or `package.*`."""
    text = value if isinstance(value, str) else ""
    if _MODULE.fullmatch(text):
        return text
    dotted = re.sub(r"^(\./)?(src/)?|\.py$", "", text).replace("/", ".")
    instead = f'"{dotted}"' if _MODULE.fullmatch(dotted) else 'for example "my_package.kernels.vector"'
    raise unfit(value, "a module inside a package, named as Python imports it", help=f"write {instead}")


def image_kinds(value: object) -> tuple[str, ...]:
    """What to emit: `ptx`, `cubin`, or both."""
    return tuple(dict.fromkeys(_each(_strings(value, 'emit = ["ptx", "cubin"]'), choice("ptx", "cubin"))))


def _strings(value: object, example: str) -> list[str]:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    raise unfit(value, "an array of strings, not empty", help=f"write for example {example}")


def _each(values: Iterable[str], read: Callable[[str], _T]) -> list[_T]:
    results: list[_T] = []
    mistakes: list[OxideError] = []
    for value in values:
        try:
            results.append(read(value))
        except OxideError as error:
            mistakes.append(error)
    if mistakes:
        raise ErrorReport(mistakes)
    return results
