"""Intrinsics on memory: `len`, atomics, and where a contract may stand."""

from __future__ import annotations

import ast

from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import View, f32, f64, i32, i64, u32, u64
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import (
    coerce,
)
from oxide_build.pipeline.frontend.elements import checked_element, extent, stored_type
from oxide_build.pipeline.frontend.operands import (
    Operand,
    describe_type,
)

_ATOMIC_TYPES = (i32, u32, i64, u64, f32, f64)


@translates(INTRINSICS, "len")
def length(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`len(x)`: the first extent."""
    (argument,) = arguments(node, "x")
    return extent(f, f.view(argument), 0)


@translates(INTRINSICS, "gpu.atomic_add")
def atomic_add(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Add to an element as one step, giving the old value; relaxed, at device scope."""
    array, index, value = arguments(node, "view", "index", "value", optional={"order": "relaxed", "scope": "device"})
    view = f.view(array)
    assert isinstance(view.type, View)
    if view.type.access != "mut":
        with f.at(array):
            raise CompileError(
                f"`{ast.unparse(array)}` is a {describe_type(view.type)}; atomics are for memory that threads share",
                help="declare it MutSlice",
            )
    if view.type.element not in _ATOMIC_TYPES:
        raise CompileError(
            f"no atomic add for {view.type.element}", help=f"there is one for {', '.join(map(str, _ATOMIC_TYPES))}"
        )
    indices = index.elts if isinstance(index, ast.Tuple) else [index]
    pointer = checked_element(f, view, [(n, f.expression(n)) for n in indices])
    amount = coerce(f, f.expression(value), stored_type(pointer), "the amount added")
    return f.value(mir.atomic(pointer, amount, operation="add", order="relaxed", scope="device"))


@translates(INTRINSICS, "gpu.require")
def misplaced_require(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A contract anywhere but at the top of a kernel."""
    raise CompileError(
        "`gpu.require` stands at the top of a kernel, before its other statements",
        help="move it up; for a condition inside the kernel write `assert`",
    )
