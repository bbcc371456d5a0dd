"""Elements and extents of views to `mir`, with the checks that make an index safe."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Element, Pointer, Scalar, Struct, View, i32, i64, u32, u64
from oxide_build.pipeline.frontend.builder import (
    EXPRESSIONS,
    FunctionBuilder,
    translates,
)
from oxide_build.pipeline.frontend.constants import item_of
from oxide_build.pipeline.frontend.conversions import (
    cast,
    scalar,
    scalar_type,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Witness,
    describe,
    describe_type,
)
from oxide_build.pipeline.frontend.tables import as_table


@translates(EXPRESSIONS, ast.Subscript)
def subscript(f: FunctionBuilder, node: ast.Subscript) -> Operand:
    """An element read: `x[i]`, `m[row, col]`, or a part of a tuple: `x.shape[0]`."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return _extent_of(f, node)
    if isinstance(node.value, ast.Attribute) and node.value.attr == "unchecked":
        return _part(f, node, f.view(node.value.value), checked=False)
    base = f.expression(node.value)
    if isinstance(base, tuple):
        index = f.known(node.slice)
        if isinstance(index, Constant) and type(index.value) is int:
            with f.at(node.slice):
                return item_of(as_table(base), index)
    return _part(f, node, f.as_view(node.value, base), checked=True)


def _part(f: FunctionBuilder, node: ast.Subscript, view: ir.Value, checked: bool) -> ir.Value:
    if view_type(view).rank > 1 and not isinstance(node.slice, ast.Tuple):
        return _row(f, node, view, checked)
    return f.value(mir.load(checked_element(f, view, _indices(f, node), checked)))


def indexed(f: FunctionBuilder, node: ast.expr) -> tuple[ir.Value, bool]:
    """The view that is indexed, and whether its indices are checked: those of `x` are, of `x.unchecked` not."""
    if isinstance(node, ast.Attribute) and node.attr == "unchecked":
        return f.view(node.value), False
    return f.view(node), True


def _indices(f: FunctionBuilder, node: ast.Subscript) -> list[tuple[ast.expr, Operand]]:
    nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [(index, f.expression(index)) for index in nodes]


_APART = "and see to it that threads do not meet"


def _row(f: FunctionBuilder, node: ast.Subscript, view: ir.Value, checked: bool) -> ir.Value:
    """`a[i]` of a view of rank 2 or more: the view of rank one less that starts there."""
    type = view_type(view)
    if type.access == "disjoint":
        raise CompileError(
            f"a {describe_type(type)} has no rows: each thread has its own element only",
            help=f"write {_all_indices(type)}; or declare it MutSlice{type.rank}D {_APART}",
        )
    index = checked_index(f, view, 0, node.slice, f.expression(node.slice), checked)
    return f.value(mir.subview(view, index))


def _all_indices(type: View) -> str:
    return f"x[{', '.join('ijkl'[: type.rank])}]"


def _extent_of(f: FunctionBuilder, node: ast.Subscript) -> Operand:
    assert isinstance(node.value, ast.Attribute)
    view = f.view(node.value.value)
    dimension = f.expression(node.slice)
    rank = view_type(view).rank
    if not isinstance(dimension, Constant) or not isinstance(dimension.value, int):
        raise CompileError("`.shape` is indexed by a literal", help=f"write 0 to {rank - 1}")
    if not 0 <= dimension.value < rank:
        raise CompileError(f"an array of rank {rank} has no dimension {dimension.value}", help=f"write 0 to {rank - 1}")
    return extent(f, view, dimension.value)


def view_type(view: ir.Value) -> View:
    assert isinstance(view.type, View)
    return view.type


def extent(f: FunctionBuilder, view: ir.Value, dimension: int) -> ir.Value:
    """How many elements `view` has along `dimension`, as i32; as i64 of a wide view."""
    static = view_type(view).shape[dimension]
    return f.value(mir.extent(view, dimension=dimension)) if static is None else f.constant(static)


def element(f: FunctionBuilder, node: ast.Subscript, store: bool = False) -> ir.Value:
    """A pointer to `view[index]`, its indices checked; `store` where it will be written."""
    view, checked = indexed(f, node.value)
    type = view_type(view)
    if store and type.access == "read":
        with f.at(node.value):
            raise CompileError(
                f"`{ast.unparse(node.value)}` is a {describe_type(type)}, which cannot be written",
                help=_WRITABLE if None in type.shape else "copy what changes into a gpu.local_array",
            )
    return checked_element(f, view, _indices(f, node), checked)


_WRITABLE = "declare it DisjointSlice (each thread writes its own element) or MutSlice"


def checked_element(
    f: FunctionBuilder, view: ir.Value, indices: list[tuple[ast.expr, Operand]], checked: bool = True
) -> ir.Value:
    """A pointer to the element at `indices`, each checked against its extent, or taken to be inside."""
    type = view_type(view)
    if len(indices) != type.rank:
        raise CompileError(
            f"a {describe_type(type)} takes {type.rank} {'index' if type.rank == 1 else 'indices'}, got {len(indices)}",
            help=f"write {_all_indices(type)}",
        )
    if type.access == "disjoint":
        _check_own(type, [operand for _, operand in indices])
    values = [checked_index(f, view, n, node, operand, checked) for n, (node, operand) in enumerate(indices)]
    return f.value(mir.element(view, *values))


_OWN = {1: "i = gpu.index_1d()", 2: "row, col = gpu.index_2d()", 3: "plane, row, col = gpu.index_3d()"}


def _check_own(type: View, operands: list[Operand]) -> None:
    """A DisjointSlice is indexed by the thread's own index only, so that no two threads meet."""
    wanted = tuple(Witness(type.rank, axis) for axis in reversed(range(type.rank)))
    found = tuple(operand.witness.narrow if isinstance(operand, OwnIndex) else None for operand in operands)
    if found != wanted:
        raise CompileError(
            f"a {describe_type(type)} is indexed by the thread's own index only",
            help=f"write `{_OWN[type.rank]}` and use that; or declare it MutSlice {_APART}",
        )


def checked_index(
    f: FunctionBuilder, view: ir.Value, dimension: int, node: ast.expr, operand: Operand, checked: bool = True
) -> ir.Value:
    """An index along one dimension, checked against its extent, or taken to be inside."""
    with f.at(node):
        static = view_type(view).shape[dimension]
        if isinstance(operand, Constant) and _known_inside(operand, static):
            return f.constant(int(operand.value))
        value = scalar(f, operand)
        if not scalar_type(value).is_integer:
            raise CompileError(f"an index is an integer, this is {describe(operand)}", help="convert it: i32(…)")
        value = cast(f, value, _index_type(scalar_type(value), view_type(view).wide))
        limit = cast(f, extent(f, view, dimension), scalar_type(value))
        f.emit((mir.bounds_check if checked else mir.assume_inside)(value, limit))
        return value


def _index_type(type: Scalar, wide: bool) -> Scalar:
    if wide or type.bits == 64:
        return i64 if type.kind == "int" else u64
    return i32 if type.kind == "int" else u32


def _known_inside(index: Constant, extent: int | None) -> bool:
    """Whether a literal index needs no check; refuses one that can never be inside."""
    if isinstance(index.value, (bool, float)):
        return False
    if index.value < 0:
        raise CompileError(
            f"index {index.value} is out of bounds", help="negative indices do not count from the end: write len(x) - 1"
        )
    if extent is not None and index.value >= extent:
        raise CompileError(f"index {index.value} is out of bounds for {extent} elements")
    return extent is not None


def stored_type(pointer: ir.Value) -> Element:
    """The type of the element a pointer leads to."""
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, (Scalar, Struct))
    return pointer.type.element
