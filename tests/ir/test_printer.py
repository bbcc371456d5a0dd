"""Text of the IR: what is printed reads back to the same text, awkward attributes included."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.parser import parse_module
from oxide_build.ir.types import SCALARS, Pointer, Type, View, f32, i32

scalars = st.sampled_from(sorted(SCALARS.values(), key=str))
views = st.builds(
    View,
    scalars,
    st.lists(st.none() | st.integers(1, 99), min_size=1, max_size=4).map(tuple),
    st.sampled_from(["read", "disjoint", "mut"]),
    st.sampled_from(["global", "shared"]),
)
pointers = st.builds(Pointer, st.none() | scalars, st.sampled_from(["global", "shared", "local"]))
types: st.SearchStrategy[Type] = st.one_of(scalars, views, pointers)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | types
attributes = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3).map(tuple))


def module(**extra: ir.Attribute) -> ir.Module:
    block = ir.Block()
    block.append(mir.return_())
    function = ir.Function("k", "kernel", attributes=dict(extra), blocks=[block])
    return ir.Module("m", {"k": function})


@given(value=attributes)
def test_attributes_read_back(value: ir.Attribute) -> None:
    text = str(module(value=value))
    back = parse_module(text, [mir.DIALECT])
    assert back.functions["k"].attributes["value"] == value
    assert str(back) == text


def test_nan_reads_back() -> None:
    back = parse_module(str(module(value=math.nan)), [mir.DIALECT])
    assert math.isnan(back.functions["k"].attributes["value"])


def test_module_memory_reads_back() -> None:
    memory = ir.Global("text.0", SCALARS["i8"], 3, "constant", 1, (104, 105, 0))
    shared = ir.Global("k.shared0", f32, 256, "shared", 16)
    printed = ir.Module("m", globals={g.name: g for g in (memory, shared)})
    assert parse_module(str(printed), [mir.DIALECT]).globals == printed.globals


def test_repeated_hints_are_numbered() -> None:
    block = ir.Block()
    a, b = block.add_argument(i32, "i"), block.add_argument(i32, "i")
    block.append(mir.add(a, b, name="i"))
    block.append(mir.return_())
    text = str(ir.Module("m", {"k": ir.Function("k", "kernel", blocks=[block])}))
    assert "%i.2 = mir.add %i, %i.1 : i32" in text
    assert str(parse_module(text, [mir.DIALECT])) == text


@pytest.mark.parametrize("space", ["global", "shared", "local", "constant", "generic"])
def test_opaque_pointers_name_their_space(space: ir.types.Space) -> None:
    assert str(Pointer(None, space)) == f"ptr<{space}>"
