"""Where TOML is written: what is found there must be the key or the value it is said to be, whatever the layout."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oxide_build.config.places import KeyPath, Places, find_places

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = ("a", "b-c", "3", "_", '"d e"', "'f.g'", '""', '"[h]"', "'i = \"'", r'"\u006a\"k"', "true", '"ä#"')
SCALARS = (
    *("1", "-2_000", "0xff", "1e-3", "+0.5", "inf", "true", "false"),
    *("1979-05-27", "1979-05-27 07:32:00Z", "1979-05-27T07:32:00.5+01:00", "07:32:00"),
    *('""', "''", '"x # y"', "'[z]'", r'"\"] = {\\"', "'\\'", '"a, b"', '"ö = 1"'),
    *(
        '""""""',
        "''''''",
        '"""\nb = 1\n[c]\n"""',
        "'''\n# x '' y\n'''",
        '"""" x """""',
        "''''x'''''",
        '"""\\""" \\\n z"""',
    ),
)


@dataclass(frozen=True)
class Table:
    """A table to write."""

    entries: dict[str, Node]


@dataclass(frozen=True)
class Array:
    """An array to write."""

    items: list[Node]


Node: TypeAlias = "str | Array | Table"


def tables(nodes: SearchStrategy[Node]) -> SearchStrategy[Table]:
    return st.dictionaries(st.sampled_from(KEYS), nodes, max_size=4).map(Table)


def arrays(nodes: SearchStrategy[Node]) -> SearchStrategy[Array]:
    return st.lists(nodes, max_size=3).map(Array) | st.lists(tables(nodes), min_size=1, max_size=3).map(Array)


NODES: SearchStrategy[Node] = st.recursive(
    st.sampled_from(SCALARS), lambda nodes: arrays(nodes) | tables(nodes), max_leaves=12
)
SPACE = st.sampled_from(("", "", " ", "\t", "  "))
GAP = st.sampled_from(("", " ", "\n", "\n  # ] } = \" ''' \n", " # a = 1\n\n\t"))
LINE = st.sampled_from(("\n", "\n", " \n", " # [a]\n", '\n\n# b = """ \'\n\n  '))


@st.composite
def texts(draw: DrawFn) -> str:
    """TOML of any layout: dotted keys, headers, inline tables, arrays over several lines."""

    def value(node: Node) -> str:
        if isinstance(node, Array):
            inside = f"{draw(GAP)},".join(draw(GAP) + value(item) for item in node.items)
            comma = draw(st.sampled_from(("", ","))) if node.items else ""
            return f"[{inside}{draw(GAP)}{comma}{draw(GAP)}]"
        if isinstance(node, Table):
            pairs = [one for key, entry in node.entries.items() for one in pair(key, entry)]
            return f"{{{draw(SPACE)}{f'{draw(SPACE)},{draw(SPACE)}'.join(pairs)}{draw(SPACE)}}}"
        return node

    def pair(key: str, node: Node) -> Iterator[str]:
        if isinstance(node, Table) and node.entries and draw(st.booleans()):
            for name, entry in node.entries.items():
                yield from pair(f"{key}{draw(SPACE)}.{draw(SPACE)}{name}", entry)
        else:
            yield f"{key}{draw(SPACE)}={draw(SPACE)}{value(node)}"

    def section(path: str, table: Table) -> Iterator[str]:
        later: list[Iterator[str]] = []
        for key, node in table.entries.items():
            below = f"{path}{draw(SPACE)}.{draw(SPACE)}{key}" if path else key
            inner = node.items if isinstance(node, Array) else []
            if isinstance(node, Table) and draw(st.booleans()):
                later.append(headed(f"[{draw(SPACE)}{below}{draw(SPACE)}]", below, node))
            elif inner and all(isinstance(item, Table) for item in inner) and draw(st.booleans()):
                header = f"[[{draw(SPACE)}{below}{draw(SPACE)}]]"
                later.extend(headed(header, below, item) for item in inner if isinstance(item, Table))
            else:
                for one in pair(key, node):
                    yield f"{draw(SPACE)}{one}{draw(LINE)}"
        for one in later:
            yield from one

    def headed(header: str, path: str, table: Table) -> Iterator[str]:
        yield f"{draw(SPACE)}{header}{draw(LINE)}"
        yield from section(path, table)

    return draw(LINE) + "".join(section("", draw(tables(NODES))))


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths of all that is in the value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def at(value: Any, path: KeyPath) -> Any:
    for key in path:
        value = value[key]
    return value


def changed(data: Any, path: KeyPath, value: object, key: str | int | None = None) -> Any:
    """The data with another value at that path, and another last key if one is given."""
    data = copy.deepcopy(data)
    parent = at(data, path[:-1])
    if key is not None:
        del parent[path[-1]]
    parent[path[-1] if key is None else key] = value
    return data


def replaced(text: str, place: tuple[int, int], word: str) -> Any:
    """What TOML makes of the text with the word there."""
    return tomllib.loads(text[: place[0]] + word + text[place[1] :])


@given(texts())
@settings(max_examples=300, deadline=None)
def test_every_key_is_found_and_no_other(text: str) -> None:
    data, places = tomllib.loads(text), find_places(text)
    assert {*places.keys, *places.values} == set(paths(data))
    assert {path for path in paths(data) if isinstance(path[-1], str)} <= places.keys.keys()


@given(texts())
@settings(max_examples=300, deadline=None)
def test_a_value_is_where_it_is_found(text: str) -> None:
    data = tomllib.loads(text)
    for path, place in find_places(text).values.items():
        assert tomllib.loads(f"x = {text[slice(*place)]}")["x"] == at(data, path)
        assert replaced(text, place, '"@"') == changed(data, path, "@")


@given(texts())
@settings(max_examples=300, deadline=None)
def test_a_key_is_where_it_is_found(text: str) -> None:
    data, places = tomllib.loads(text), find_places(text)
    for path, place in places.keys.items():
        if path in places.values:
            assert replaced(text, place, '"@"') == changed(data, path, at(data, path), "@")


@given(texts())
@settings(max_examples=300, deadline=None)
def test_a_table_s_header_is_where_it_is_found(text: str) -> None:
    data, places = tomllib.loads(text), find_places(text)
    for path, place in places.keys.items():
        header = text[slice(*place)]
        if header.startswith("[") and isinstance(at(data, path), dict):
            assert replaced(text, place, f'{header}\n"@" = 0\n') == changed(data, (*path, "@"), 0)


@pytest.mark.parametrize("text", ["a", "a = ", "a = 1\n[b", "a = [1", "a = {b = 1", "= 1"])
def test_what_cannot_be_followed_has_no_places(text: str) -> None:
    assert find_places(text) == Places()
