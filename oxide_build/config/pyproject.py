"""pyproject.toml, and the table in it that is ours.

In: a project's root. Out: what TOML makes of the file, or a report with the place where it is no TOML; for a mistake in
it that another room finds, the place too. Its own room because it knows files and nothing of settings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from oxide_build.config.places import KeyPath, Places, find_places
from oxide_build.errors import ConfigError, ConfigErrors, OxideError, Part, SourceFile, Span
from oxide_build.readers import EXAMPLE_KERNELS, EXAMPLE_TARGETS, nearest, unfit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "pyproject.toml"
"""The file's name, which is also where a value comes from that it sets."""

TABLE = "[tool.oxide]"
OVERRIDES = "[[tool.oxide.overrides]]"

_MINIMAL = f"the least a project writes is\n    {TABLE}\n    {EXAMPLE_KERNELS}\n    {EXAMPLE_TARGETS}"


@dataclass(frozen=True)
class Pyproject:
    """pyproject.toml: its text, and what TOML makes of it; without either, what no file says."""

    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give the mistakes reported inside the block their places in the file, and the file's order.

        What is not in the file has no place, and comes last.
        """
        try:
            yield
        except ConfigErrors as report:
            for error in report.errors:
                if isinstance(error, ConfigError) and error.span is None:
                    error.span = self._span(error.key, error.part)
            raise ConfigErrors(sorted(report.errors, key=_order)) from None

    @cached_property
    def _places(self) -> Places:
        return find_places(self.text)

    @cached_property
    def _paths(self) -> Mapping[str, KeyPath]:
        """The path of all that reports have a name for."""
        return {name: path for path in self._places.keys if (name := _name(path))}

    def _span(self, name: str, part: Part) -> Span | None:
        keys, values = self._places.keys, self._places.values
        path = self._paths.get(name.rpartition(" ")[0] if part == "table" else name, ())
        if part == "value":
            place = values.get(path) or keys.get(path)
        elif isinstance(part, str):
            place = keys.get(path)
        else:
            place = values.get(self._element(path, part))
        return _as_span(self.text, *place) if place else None

    def _element(self, path: KeyPath, part: int | Callable[[str], bool]) -> KeyPath:
        """The path of the element meant, or of the only string; no path where none is."""
        if isinstance(part, int):
            return (*path, part)
        value: Any = self.data
        for key in path:
            value = value[key]
        if isinstance(value, str) and part(value):
            return path
        items = value if isinstance(value, list) else []
        return next(((*path, n) for n, item in enumerate(items) if isinstance(item, str) and part(item)), ())


def _order(error: OxideError) -> tuple[float, int]:
    span = error.span if isinstance(error, ConfigError) else None
    return (span.line, span.column) if span else (inf, 0)


def _name(path: KeyPath) -> str | None:
    """How reports name what is at that path, if they do."""
    match path:
        case ("tool", "oxide", "overrides", int(number), *rest):
            table = f"{OVERRIDES} {number + 1}"
        case ("tool", str(name), *rest):
            table = f"[tool.{name}]"
        case _:
            return None
    return " ".join([table, *map(str, rest)]) if len(rest) < 2 else None


def _as_span(text: str, start: int, end: int) -> Span:
    """Those characters of the text as lines and columns."""
    (line, column), (end_line, end_column) = (_position(text, at) for at in (start, end))
    return Span(SourceFile(FILE, text), line, column, end_line, end_column)


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def read_pyproject(root: Path) -> Mapping[str, Any]:
    """pyproject.toml as TOML gives it. Raises ConfigErrors, with line and column when it is no TOML."""
    return read_file(root).data


def read_file(root: Path) -> Pyproject:
    """pyproject.toml of the project at `root`; raises as `read_pyproject`."""
    try:
        content = (root / FILE).read_bytes()
    except FileNotFoundError:
        raise ConfigErrors([ConfigError(FILE, "no such file in the project's root", help=_MINIMAL)]) from None
    try:
        text = _decoded(content)
    except UnicodeDecodeError as fault:
        raise ConfigErrors([_encoding_error(fault)]) from None
    try:
        return Pyproject(text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise ConfigErrors([_syntax_error(text, str(fault))]) from None


def _decoded(content: bytes, errors: str = "strict") -> str:
    return content.decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")


def _encoding_error(fault: UnicodeDecodeError) -> ConfigError:
    at = len(_decoded(fault.object[: fault.start]))
    byte = fault.object[fault.start]
    span = _as_span(_decoded(fault.object, "replace"), at, at + 1)
    return ConfigError("", f"not UTF-8 text: found byte {byte:#04x}", span=span)


def _syntax_error(text: str, fault: str) -> ConfigError:
    what, _, place = fault.rpartition(" (at ")
    match = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    line, column = map(int, match.groups()) if match else _position(text, len(text.removesuffix("\n")))
    return ConfigError("", f"not valid TOML: {what}", span=Span(SourceFile(FILE, text), line, column, line, column + 1))


def oxide_table(file: Pyproject) -> dict[str, Any]:
    """`[tool.oxide]` of the file. Raises ConfigErrors when there is none."""
    tool = file.data.get("tool")
    tables = tool if isinstance(tool, dict) else {}
    table = tables.get("oxide")
    if isinstance(table, dict):
        return dict(table)
    with file.located():
        raise ConfigErrors([_no_table(table, tables)])


def _no_table(found: object, tables: Collection[str]) -> ConfigError:
    if found is not None:
        return ConfigError(TABLE, unfit(found, "a table").message, help=_MINIMAL)
    near = next((name for name in tables if nearest(name, ("oxide", "oxide-build"))), None)
    if near:
        instead = f"rename it to {TABLE}"
        return ConfigError(f"[tool.{near}]", f"found this table, needed {TABLE}", help=instead, part="key")
    return ConfigError(TABLE, f"no such table in {FILE}", help=_MINIMAL)
