"""Intrinsics on memory: `len`, shared arrays, atomics, and where a contract may stand."""

from __future__ import annotations

import ast
import math

from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import View, f32, f64, i32, i64, u32, u64
from oxide_build.pipeline.frontend.annotations import scalar_type as annotated_scalar
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import (
    coerce,
)
from oxide_build.pipeline.frontend.elements import checked_element, extent, stored_type
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    describe_type,
)

_ATOMIC_TYPES = (i32, u32, i64, u64, f32, f64)
_MOST_SHARED_BYTES = 48 * 1024


@translates(INTRINSICS, "len")
def length(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`len(x)`: the first extent; of a constant tuple, its length."""
    (argument,) = arguments(node, "x")
    known = f.known(argument)
    if isinstance(known, tuple):
        return Constant(len(known))
    return extent(f, f.view(argument), 0)


@translates(INTRINSICS, "gpu.shared_array")
def shared_array(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Memory shared by the block, of a shape known at compile time."""
    shape_node, type_node = arguments(node, "shape", "dtype")
    shape = _shape(f, shape_node)
    element = annotated_scalar(type_node, f.module)
    size = element.size * math.prod(shape)
    if size > _MOST_SHARED_BYTES:
        raise CompileError(
            f"{size} bytes of shared memory; a block has {_MOST_SHARED_BYTES}", help="make the shape smaller"
        )
    symbol = f"{f.function.name}.shared{sum(op.definition is mir.shared_array for op in f.slots)}"
    op = mir.shared_array(symbol=symbol, type=View(element, shape, "mut", "shared"), span=f.span)
    f.slots.append(op)
    return op.result


def _shape(f: FunctionBuilder, node: ast.expr) -> tuple[int, ...]:
    """A positive literal or a tuple of one or two of them; names of locals are not constants."""
    with f.at(node):
        folded = f.known(node)
        items = folded if isinstance(folded, tuple) else (folded,)
        values = [item.value for item in items if isinstance(item, Constant) and type(item.value) is int]
        if len(values) != len(items) or not 1 <= len(values) <= 2 or min(values) < 1:
            raise CompileError(
                "a shape is one or two positive integers known at compile time",
                help="write numbers or module-level constants: gpu.shared_array((32, 33), f32)",
            )
        return tuple(values)


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
