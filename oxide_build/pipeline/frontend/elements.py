"""Elements and extents of views to `mir`, with the checks that make an index safe."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Pointer, Scalar, View, i32, i64, u32, u64
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


@translates(EXPRESSIONS, ast.Subscript)
def subscript(f: FunctionBuilder, node: ast.Subscript) -> Operand:
    """An element read: `x[i]`, `m[row, col]`, or a part of a tuple: `x.shape[0]`."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return _extent_of(f, node)
    base = f.expression(node.value)
    if isinstance(base, tuple):
        index = f.known(node.slice)
        if isinstance(index, Constant) and type(index.value) is int:
            return item_of(base, index)
        raise CompileError("a tuple is unpacked, not indexed", help="write `a, b = …`, or index it by a constant")
    return f.value(mir.load(element(f, node)))


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
    """How many elements `view` has along `dimension`, as i32."""
    static = view_type(view).shape[dimension]
    return f.value(mir.extent(view, dimension=dimension)) if static is None else f.constant(static)


def element(f: FunctionBuilder, node: ast.Subscript, store: bool = False) -> ir.Value:
    """A pointer to `view[index]`, its indices checked; `store` where it will be written."""
    view = f.view(node.value)
    type = view_type(view)
    if store and type.access == "read":
        with f.at(node.value):
            raise CompileError(
                f"`{ast.unparse(node.value)}` is a {describe_type(type)}, which cannot be written",
                help="declare it DisjointSlice (each thread writes its own element) or MutSlice",
            )
    nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return checked_element(f, view, [(n, f.expression(n)) for n in nodes])


def checked_element(f: FunctionBuilder, view: ir.Value, indices: list[tuple[ast.expr, Operand]]) -> ir.Value:
    """A pointer to the element at `indices`, each checked against its extent."""
    type = view_type(view)
    if len(indices) != type.rank:
        raise CompileError(
            f"a {describe_type(type)} takes {type.rank} {'index' if type.rank == 1 else 'indices'}, got {len(indices)}",
            help="write x[i]" if type.rank == 1 else f"write x[{', '.join('ijkl'[: type.rank])}]",
        )
    if type.access == "disjoint":
        _check_own(type, [operand for _, operand in indices])
    values = [_index(f, view, dimension, node, operand) for dimension, (node, operand) in enumerate(indices)]
    return f.value(mir.element(view, *values))


def _check_own(type: View, operands: list[Operand]) -> None:
    """A DisjointSlice is indexed by the thread's own index only, so that no two threads meet."""
    wanted = tuple(Witness(type.rank, axis) for axis in reversed(range(type.rank)))
    found = tuple(operand.witness if isinstance(operand, OwnIndex) else None for operand in operands)
    if found != wanted:
        how = "i = gpu.index_1d()" if type.rank == 1 else "row, col = gpu.index_2d()"
        raise CompileError(
            f"a {describe_type(type)} is indexed by the thread's own index only",
            help=f"write `{how}` and use that; or declare it MutSlice and see to it that threads do not meet",
        )


def _index(f: FunctionBuilder, view: ir.Value, dimension: int, node: ast.expr, operand: Operand) -> ir.Value:
    with f.at(node):
        static = view_type(view).shape[dimension]
        if isinstance(operand, Constant) and _known_inside(operand, static):
            return f.constant(int(operand.value))
        value = scalar(f, operand)
        if not scalar_type(value).is_integer:
            raise CompileError(f"an index is an integer, this is {describe(operand)}", help="convert it: i32(…)")
        value = cast(f, value, _index_type(scalar_type(value)))
        limit = cast(f, extent(f, view, dimension), scalar_type(value))
        f.emit(mir.bounds_check(value, limit))
        return value


def _index_type(type: Scalar) -> Scalar:
    if type.bits == 64:
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


def stored_type(pointer: ir.Value) -> Scalar:
    """The type of the element a pointer leads to."""
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, Scalar)
    return pointer.type.element
