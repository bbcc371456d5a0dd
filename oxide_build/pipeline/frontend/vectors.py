"""Vector access: `gpu.load_vector` and `gpu.store_vector`, two or four adjacent elements at once."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import View, f32, f64, i32, i64, u32, u64
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.constants import fold
from oxide_build.pipeline.frontend.conversions import cast, coerce, scalar_type
from oxide_build.pipeline.frontend.elements import checked_element, extent, indexed, stored_type, view_type
from oxide_build.pipeline.frontend.operands import Constant, Operand, describe_type

_TYPES = (f32, i32, u32, f64, i64, u64)


@translates(INTRINSICS, "gpu.load_vector")
def load_vector(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`a, b = gpu.load_vector(x, i, 2)`: elements i and i + 1 in one access."""
    array, index, width_node = arguments(node, "view", "index", "width")
    view, checked = _vector_view(f, array)
    folded = fold(width_node, f.module)
    width = folded.value if isinstance(folded, Constant) else None
    with f.at(width_node):
        _check_width(view_type(view), width)
    assert isinstance(width, int)
    return tuple(f.emit(mir.vector_load(_pointer(f, view, index, width, checked), width=width)).results)


@translates(INTRINSICS, "gpu.store_vector")
def store_vector(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`gpu.store_vector(y, i, (a, b))`: elements i and i + 1 in one access."""
    array, index, values_node = arguments(node, "view", "index", "values")
    view, checked = _vector_view(f, array)
    if view_type(view).access == "read":
        with f.at(array):
            raise CompileError(
                f"`{ast.unparse(array)}` is a {describe_type(view.type)}, which cannot be written",
                help="declare it MutSlice",
            )
    operand = f.expression(values_node)
    with f.at(values_node):
        if not isinstance(operand, tuple):
            raise CompileError("a vector is stored from a tuple", help="write gpu.store_vector(y, i, (a, b, c, d))")
        _check_width(view_type(view), len(operand))
    pointer = _pointer(f, view, index, len(operand), checked)
    with f.at(values_node):
        values = [coerce(f, item, stored_type(pointer), "the element") for item in operand]
    f.emit(mir.vector_store(*values, pointer))
    return ()


def _vector_view(f: FunctionBuilder, node: ast.expr) -> tuple[ir.Value, bool]:
    """The array of a vector access, and whether its indices are checked.

    It is of numbers of 4 or 8 bytes, and not one where each thread has one element.
    """
    view, checked = indexed(f, node)
    type = view_type(view)
    with f.at(node):
        if type.access == "disjoint":
            raise CompileError(
                f"`{ast.unparse(node)}` is a {describe_type(type)}: each thread has one element, a vector is several",
                help="declare it MutSlice and see to it that threads do not meet",
            )
        if type.element not in _TYPES:
            known = ", ".join(map(str, _TYPES))
            raise CompileError(f"no vector access to {describe_type(type.element)}", help=f"there is one to {known}")
    return view, checked


def _check_width(type: View, width: object) -> None:
    widths = [w for w in vocabulary.VECTOR_WIDTHS if w * type.element.size <= vocabulary.VECTOR_BYTES]
    if isinstance(width, bool) or width not in widths:
        listed = " or ".join(map(str, widths))
        raise CompileError(f"a vector of {type.element} has {listed} elements", help=f"write {listed}, as a number")


def _pointer(f: FunctionBuilder, view: ir.Value, index: ast.expr, width: int, checked: bool) -> ir.Value:
    """A pointer to the first of the elements, all of them inside the last dimension, or taken to be."""
    nodes = index.elts if isinstance(index, ast.Tuple) else [index]
    pointer = checked_element(f, view, [(n, f.expression(n)) for n in nodes], checked)
    assert isinstance(pointer.owner, ir.Op)
    first = pointer.owner.operands[-1]
    type = scalar_type(first)
    last = f.value(mir.add(first, f.constant(width - 1, type)))
    limit = cast(f, extent(f, view, view_type(view).rank - 1), type)
    f.emit((mir.bounds_check if checked else mir.assume_inside)(last, limit))
    return pointer
