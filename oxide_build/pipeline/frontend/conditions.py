"""Conditions to `mir`: comparisons and their chains, `and` and `or`, `a if c else b`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Element, Scalar, View, bool_
from oxide_build.pipeline.frontend.builder import (
    EXPRESSIONS,
    FunctionBuilder,
    translates,
)
from oxide_build.pipeline.frontend.constants import (
    COMPARE,
)
from oxide_build.pipeline.frontend.conversions import (
    coerce,
    common_type,
    is_weak,
    materialise,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    describe,
)
from oxide_build.pipeline.frontend.structs import equal, struct_of

_PREDICATES: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("eq", "=="),
    ast.NotEq: ("ne", "!="),
    ast.Lt: ("lt", "<"),
    ast.LtE: ("le", "<="),
    ast.Gt: ("gt", ">"),
    ast.GtE: ("ge", ">="),
}


def condition(f: FunctionBuilder, node: ast.expr) -> ir.Value:
    """An expression as a bool; a number is no condition."""
    operand = f.expression(node)
    with f.at(node):
        value = scalar(f, operand)
        if value.type != bool_:
            raise CompileError(
                f"a condition is a bool, this is {describe(operand)}", help=f"compare it: `{ast.unparse(node)} != 0`"
            )
        return value


@translates(EXPRESSIONS, ast.Compare)
def compare(f: FunctionBuilder, node: ast.Compare) -> Operand:
    """A comparison or a chain of them; in a chain each operand is computed once, and only as far as needed."""
    left = f.expression(node.left)
    return _compare_chain(f, left, node.ops, node.comparators)


def _compare_chain(f: FunctionBuilder, left: Operand, ops: list[ast.cmpop], rest: list[ast.expr]) -> Operand:
    right = f.expression(rest[0])
    first = _compare_pair(f, ops[0], left, right)
    if len(ops) == 1:
        return first
    return short_circuit(f, materialise(f, first), lambda: materialise(f, _compare_chain(f, right, ops[1:], rest[1:])))


def _compare_pair(f: FunctionBuilder, op: ast.cmpop, left: Operand, right: Operand) -> Operand:
    if isinstance(op, ast.In):
        return _is_among(f, left, right)
    if isinstance(op, ast.NotIn):
        return f.value(mir.not_(materialise(f, _is_among(f, left, right))))
    if type(op) not in _PREDICATES:
        word = {"Is": "is", "IsNot": "is not"}[type(op).__name__]
        raise CompileError(f"`{word}` is not part of the kernel language", help="compare with == or !=")
    if isinstance(left, Constant) and isinstance(right, Constant) and is_weak(left) and is_weak(right):
        return Constant(COMPARE[type(op)](left.value, right.value))
    predicate, symbol = _PREDICATES[type(op)]
    if struct_of(left) is not None or struct_of(right) is not None:
        return equal(f, left, right, predicate, symbol)
    a, b = unify(f, left, right, symbol)
    if scalar_type(a) == bool_ and predicate not in ("eq", "ne"):
        raise CompileError(f"`{symbol}` of bools", help="bools compare with == and != only")
    return f.value(mir.cmp(a, b, predicate=predicate))


def _is_among(f: FunctionBuilder, number: Operand, items: Operand) -> Operand:
    """`x in (a, b)`: whether the number equals one of a tuple, all of which is computed."""
    if not isinstance(items, tuple):
        raise CompileError(
            f"`in` looks into a tuple of numbers, this is {describe(items)}",
            help="write `x in (a, b)`; search an array in a loop",
        )
    found: ir.Value = f.constant(False, bool_)
    for item in items:
        equal = materialise(f, _compare_pair(f, ast.Eq(), number, item))
        found = f.value(mir.or_(found, equal))
    return found


@translates(EXPRESSIONS, ast.BoolOp)
def bool_op(f: FunctionBuilder, node: ast.BoolOp) -> Operand:
    """`and` and `or`, from left to right, stopping early."""
    return _bool_chain(f, isinstance(node.op, ast.And), node.values)


def _bool_chain(f: FunctionBuilder, both: bool, nodes: list[ast.expr]) -> ir.Value:
    first = condition(f, nodes[0])
    if len(nodes) == 1:
        return first
    return short_circuit(f, first, lambda: _bool_chain(f, both, nodes[1:]), both)


def short_circuit(f: FunctionBuilder, first: ir.Value, rest: Callable[[], ir.Value], both: bool = True) -> ir.Value:
    """`first and rest` (`first or rest` where not `both`), computing `rest` only where it decides."""
    slot = f.slot(bool_)
    more, done = ir.Block(), ir.Block()
    f.emit(mir.store(first, slot))
    f.branch_if(first, *((more, done) if both else (done, more)))
    f.start(more)
    f.emit(mir.store(rest(), slot))
    f.branch(done)
    f.start(done)
    return f.value(mir.load(slot))


@translates(EXPRESSIONS, ast.IfExp)
def conditional(f: FunctionBuilder, node: ast.IfExp) -> Operand:
    """`a if c else b`: only the chosen side is computed; both agree on one type."""
    decided = f.decided(node.test)
    if decided is not None:
        return f.expression(node.body if decided else node.orelse)
    test = condition(f, node.test)
    then, otherwise, done = ir.Block(), ir.Block(), ir.Block()
    f.branch_if(test, then, otherwise)
    f.start(then)
    left, left_end = f.expression(node.body), f.block
    f.start(otherwise)
    right, right_end = f.expression(node.orelse), f.block
    type = _common_view(left, right) or _common(f, left, right, left_end, right_end)
    slot = f.slot(type)
    for operand, end in ((left, left_end), (right, right_end)):
        f.block = end
        value = materialise(f, operand) if isinstance(type, View) else coerce(f, operand, type, _OTHER_SIDE)
        f.emit(mir.store(value, slot))
        f.branch(done)
    f.start(done)
    return f.value(mir.load(slot))


_OTHER_SIDE = "the other side of `if … else`"


def _common_view(left: Operand, right: Operand) -> View | None:
    """The type of two views of one kind, between which a condition may choose; None where neither is a view."""
    a, b = (side.type if isinstance(side, ir.Value) and isinstance(side.type, View) else None for side in (left, right))
    if a == b:
        return a
    both = "arrays to choose between agree in element type, rank, fixed extents, access and kind of memory: write an "
    raise CompileError(
        f"the sides of `if … else` are {describe(left)} and {describe(right)}",
        help=f"{both}`if` with the work on each in its own side"
        if a and b
        else "an array is no number: index it, `x[i]`",
    )


def _common(f: FunctionBuilder, left: Operand, right: Operand, left_end: ir.Block, right_end: ir.Block) -> Element:
    """The type two operands combine in, each needed conversion placed at the end of its own side."""
    struct = struct_of(left) or struct_of(right)
    if struct is not None:
        return struct
    types = []
    for operand, other, end in ((left, right, left_end), (right, left, right_end)):
        f.block = end
        weak = isinstance(operand, Constant) and is_weak(operand)
        types.append(
            _beside(operand, other) if weak and isinstance(operand, Constant) else scalar_type(scalar(f, operand))
        )
    common = common_type(*types)
    if common is None:
        raise CompileError(
            f"the sides of `if … else` are {describe(left)} and {describe(right)}",
            help=f"convert one: {types[0]}(…) or {types[1]}(…)",
        )
    return common


def _beside(literal: Constant, other: Operand) -> Scalar:
    """The type a weak literal takes beside another operand."""
    if isinstance(other, tuple) or is_weak(other) or isinstance(literal.value, bool):
        return literal.alone
    type = other.witness.scalar if isinstance(other, OwnIndex) else other.type
    if not isinstance(type, Scalar):
        return literal.alone
    return literal.alone if isinstance(literal.value, float) and not type.is_float else type
