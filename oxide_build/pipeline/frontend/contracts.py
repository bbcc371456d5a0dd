"""`gpu.require(condition)`: a kernel's contract, as data for the host and as knowledge on the GPU.

The host computes the condition exactly, the GPU in 32 bits; only conditions without
arithmetic mean the same in both, so only those are told to the optimiser.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import View
from oxide_build.manifest import Expression
from oxide_build.pipeline.frontend.builder import FunctionBuilder
from oxide_build.pipeline.frontend.conditions import condition
from oxide_build.pipeline.frontend.operands import Constant
from oxide_build.pipeline.frontend.scope import dotted

_BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
}
_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}


def is_require(f: FunctionBuilder, node: ast.stmt) -> bool:
    """Whether a statement is a call of `gpu.require`."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func, f.module.names) == "gpu.require"
    )


def require(f: FunctionBuilder, node: ast.Call) -> tuple[str, int, Expression]:
    """One contract: its text, its line, its condition as data; raises CompileError where the host cannot compute it."""
    if len(node.args) != 1 or node.keywords:
        raise CompileError("`gpu.require` takes one condition", help="write `gpu.require(len(x) >= len(y))`")
    (test,) = node.args
    expression = _expression(f, test)
    for part in _conjuncts(test):
        if f.known(part) is not None:
            continue
        value = condition(f, part)
        if not any(isinstance(n, (ast.BinOp, ast.USub)) for n in ast.walk(part)):
            f.emit(mir.assume(value))
    segment = ast.get_source_segment(f.module.source.text, test) or ast.unparse(test)
    return " ".join(segment.split()), test.lineno, expression


def _conjuncts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _conjuncts(value)]
    return [node]


def _expression(f: FunctionBuilder, node: ast.expr) -> Expression:
    with f.at(node):
        extent = _extent(f, node)
        if extent is not None:
            return extent
        folded = f.known(node)
        if isinstance(folded, Constant):
            return ("constant", folded.value)
        if isinstance(node, ast.Name) and node.id in f.names:
            return ("scalar", node.id)
        if isinstance(node, ast.Attribute) and _root(node) in f.names:
            return ("scalar", ast.unparse(node))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            _check_divisor(f, node)
            return (_BINARY[type(node.op)], _expression(f, node.left), _expression(f, node.right))
        if isinstance(node, ast.Compare):
            return _comparison(f, node)
        if isinstance(node, ast.BoolOp):
            word = "and" if isinstance(node.op, ast.And) else "or"
            return (word, *(_expression(f, value) for value in node.values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            return ("not" if isinstance(node.op, ast.Not) else "neg", _expression(f, node.operand))
        raise CompileError(
            f"`{ast.unparse(node)}` cannot stand in `gpu.require`, which the host computes before each launch",
            help="use extents (len(x), x.shape[0]), scalar parameters, constants, arithmetic and comparisons",
        )


def _root(node: ast.expr) -> str:
    """The parameter that `p.a.b` is a field of."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _check_divisor(f: FunctionBuilder, node: ast.BinOp) -> None:
    if not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)) and not isinstance(f.known(node.right), Constant):
        raise CompileError("a contract divides by constants only", help="multiply the other side instead")


def _comparison(f: FunctionBuilder, node: ast.Compare) -> Expression:
    if isinstance(node.ops[0], (ast.In, ast.NotIn)) and len(node.ops) == 1:
        among = _membership(f, node.left, node.comparators[0])
        return among if isinstance(node.ops[0], ast.In) else ("not", among)
    operands = [_expression(f, operand) for operand in (node.left, *node.comparators)]
    if not all(type(op) in _COMPARE for op in node.ops):
        raise CompileError("contracts compare with ==, !=, <, <=, >, >= and `in`")
    pairs = [(_COMPARE[type(op)], a, b) for op, a, b in zip(node.ops, operands, operands[1:], strict=False)]
    return pairs[0] if len(pairs) == 1 else ("and", *pairs)


def _membership(f: FunctionBuilder, number: ast.expr, items: ast.expr) -> Expression:
    """`x in (a, b)` or `x in SIZES`: equal to one of them."""
    value, folded = _expression(f, number), f.known(items)
    if isinstance(folded, tuple) and all(isinstance(item, Constant) for item in folded):
        found = [("constant", item.value) for item in folded if isinstance(item, Constant)]
        return ("or", *(("eq", value, item) for item in found))
    if not isinstance(items, ast.Tuple):
        raise CompileError("`in` looks into a tuple of numbers", help="write `x in (a, b)`")
    return ("or", *(("eq", value, _expression(f, item)) for item in items.elts))


def _extent(f: FunctionBuilder, node: ast.expr) -> Expression | None:
    """`len(x)` or `x.shape[k]` of a parameter."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
        name, dimension = node.args[0], 0
    elif (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
        and isinstance(node.slice, ast.Constant)
        and type(node.slice.value) is int
    ):
        name, dimension = node.value.value, node.slice.value
    else:
        return None
    view = f.view(name)
    assert isinstance(view.type, View)
    if not isinstance(name, ast.Name) or name.id not in f.names or not 0 <= dimension < view.type.rank:
        return None
    return ("extent", name.id, dimension)
