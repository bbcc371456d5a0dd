"""Arrays a kernel makes: shared by the block, a thread's own, the launch's dynamic shared memory."""

from __future__ import annotations

import ast
import math

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import View
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.dtypes import element_type
from oxide_build.pipeline.frontend.operands import Constant, Operand

_MOST_SHARED_BYTES = 48 * 1024
_MOST_LOCAL_BYTES = 512 * 1024
_MOST_DIMENSIONS = 4


@translates(INTRINSICS, "gpu.shared_array")
def shared_array(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Memory shared by the block, of a shape known at compile time."""
    shape_node, type_node = arguments(node, "shape", "dtype")
    view = View(element_type(f, type_node), _shape(f, node, shape_node), "mut", "shared")
    help = "make the shape smaller; gpu.dynamic_shared_array may have more where the launch asks for it"
    _limit(view, _MOST_SHARED_BYTES, "shared memory; a block has", help)
    symbol = f"{f.function.name}.shared{sum(op.definition is mir.shared_array for op in f.slots)}"
    return _whole(f, mir.shared_array(symbol=symbol, type=view, span=f.span))


@translates(INTRINSICS, "gpu.local_array")
def local_array(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Memory of the thread's own, of a shape known at compile time."""
    shape_node, type_node = arguments(node, "shape", "dtype")
    view = View(element_type(f, type_node), _shape(f, node, shape_node), "mut", "local")
    _limit(view, _MOST_LOCAL_BYTES, "local memory; a thread has", "make the shape smaller, or pass an array for it")
    return _whole(f, mir.local_array(type=view, span=f.span))


@translates(INTRINSICS, "gpu.dynamic_shared_array")
def dynamic_shared_array(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The launch's dynamic shared memory, as elements of one type."""
    (type_node,) = arguments(node, "dtype")
    view = View(element_type(f, type_node), (None,), "mut", "shared")
    return _whole(f, mir.dynamic_shared_array(type=view, span=f.span))


@translates(INTRINSICS, "gpu.table")
def misplaced_table(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A table made inside a kernel."""
    raise CompileError(
        "a table is made once, outside of functions", help=f"write `NAME = {ast.unparse(node)}` above and use NAME here"
    )


def _whole(f: FunctionBuilder, op: ir.Op) -> ir.Value:
    """An array that is there for the whole function, made at its top."""
    f.slots.append(op)
    return op.result


def _limit(view: View, most: int, what: str, help: str) -> None:
    size = view.element.size * math.prod(extent or 0 for extent in view.shape)
    if size > most:
        raise CompileError(f"{size} bytes of {what} {most}", help=help)


def _shape(f: FunctionBuilder, call: ast.Call, node: ast.expr) -> tuple[int, ...]:
    """A positive literal or a tuple of up to four of them; names of locals are not constants."""
    with f.at(node):
        folded = f.known(node)
        items = folded if isinstance(folded, tuple) else (folded,)
        values = [item.value for item in items if isinstance(item, Constant) and type(item.value) is int]
        if len(values) != len(items) or not 1 <= len(values) <= _MOST_DIMENSIONS or min(values) < 1:
            raise CompileError(
                "a shape is one to four positive integers known at compile time",
                help=f"write numbers or module-level constants: {ast.unparse(call.func)}((32, 33), f32)",
            )
        return tuple(values)
