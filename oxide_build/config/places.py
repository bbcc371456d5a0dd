"""Where in a TOML text each key and each value is written.

In: a text that TOML's own parser has accepted. Out: by path of keys and array indices, ranges of characters. Its own
room because `tomllib` gives no positions, and because it knows nothing of ours: it could read any TOML file.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TypeAlias

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables, and numbers from 0 of an array's elements."""

Range: TypeAlias = tuple[int, int]
"""Characters of the text, the end exclusive."""

# Between any two words; commas separate nothing that brackets and keys do not.
_GAP = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_STRING = "|".join(
    (
        r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})',  # up to two quotes before the closing three are the text's own
        r"'''[\s\S]*?'''(?:'{0,2})",
        r'"(?:\\.|[^"\\])*"',
        r"'[^']*'",
    )
)
_KEY = re.compile(rf"{_STRING}|[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_OPENING = re.compile(r"\[\[?")
_CLOSING = re.compile(r"\]\]?")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
# A date may have a space before its time.
_SCALAR = re.compile(rf"{_STRING}|[^\s,\]}}#]+(?: \d\d:[^\s,\]}}#]+)?")


@dataclass(frozen=True)
class Places:
    """Where things are written.

    `keys` has every key's own word, where it is first written; for a table that a header defines it has the header with
    its brackets. `values` has every value that is written as one: elements of arrays too, but no table that headers or
    dotted keys spell.
    """

    keys: dict[KeyPath, Range] = field(default_factory=dict)
    values: dict[KeyPath, Range] = field(default_factory=dict)


def find_places(text: str) -> Places:
    """The places of all that the text defines; none at all where it is read otherwise than TOML's parser would."""
    try:
        return _Scan(text).document()
    except ValueError:
        return Places()


class _Scan:
    """One walk over the text; `at` is the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places = Places()
        self.last: dict[KeyPath, int] = {}  # of each array of tables, the number of the table that is open

    def document(self) -> Places:
        table: KeyPath = ()
        while self._next():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.places

    def _next(self) -> str:
        """The next character that counts; empty at the end."""
        self._take(_GAP)
        return self.text[self.at : self.at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"found no {pattern.pattern} at {self.at}")
        self.at = match.end()
        return match[0]

    def _header(self) -> KeyPath:
        start = self.at
        opening = self._take(_OPENING)
        self._next()
        path = self._keys(())
        self._next()
        self._take(_CLOSING)
        if opening == "[[":
            self.last[path] = self.last.get(path, -1) + 1
            path = self._opened(path)
        self.places.keys[path] = start, self.at
        return path

    def _pair(self, table: KeyPath) -> None:
        path = self._keys(table)
        self._take(_EQUALS)
        self._value(path)

    def _keys(self, path: KeyPath) -> KeyPath:
        """The path that a dotted key means inside the table of that path."""
        while True:
            start = self.at
            path = (*self._opened(path), _meaning(self._take(_KEY)))
            self.places.keys.setdefault(path, (start, self.at))
            if not _DOT.match(self.text, self.at):
                return path
            self._take(_DOT)

    def _opened(self, path: KeyPath) -> KeyPath:
        """The path itself; of an array of tables, that of its last one."""
        return (*path, self.last[path]) if path in self.last else path

    def _value(self, path: KeyPath) -> None:
        start = self.at
        opening = self._next()
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._take(_SCALAR)
        self.places.values[path] = start, self.at

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        number = 0
        while self._next() != "]":
            self._value((*path, number))
            number += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._next() != "}":
            self._pair(path)
        self.at += 1


def _meaning(key: str) -> str:
    """The key's name: without quotes and escapes."""
    return next(iter(tomllib.loads(f"{key} = 0")))
