"""Arithmetic the compiler does itself: weak literals, module constants, shapes.

In: an expression and what its names mean. Out: a `Constant` (or a tuple of them), or None
when the value is known only on the GPU. Weak literals follow Python's own arithmetic.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from oxide_build.errors import CompileError
from oxide_build.ir.types import SCALARS, Scalar
from oxide_build.pipeline.frontend.operands import Constant
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.syntax import KernelModule

Folded: TypeAlias = "Constant | tuple[Folded, ...]"

BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}

COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}

MATH_CONSTANTS: Mapping[str, float] = {
    f"{module}.{name}": getattr(math, name)
    for module in ("math", "gpu.math")
    for name in ("pi", "e", "tau", "inf", "nan")
}

TYPE_PATHS: Mapping[str, Scalar] = {f"gpu.{name}": scalar for name, scalar in SCALARS.items() if name != "bool"}
"""The scalar types by the path an author reaches them by (`bool` is Python's own)."""


def fold(node: ast.expr, module: KernelModule, seen: frozenset[str] = frozenset()) -> Folded | None:
    """The value of a module-level expression; None when it is not a constant. `seen` are the names being worked out.

    Raises CompileError for arithmetic that cannot be done, such as a division by zero.
    """
    if isinstance(node, ast.Constant):
        return Constant(node.value) if isinstance(node.value, (int, float)) else None
    if isinstance(node, ast.Tuple):
        items = [fold(item, module, seen) for item in node.elts]
        return None if None in items else tuple(item for item in items if item is not None)
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _named(node, module, seen)
    if isinstance(node, ast.Call):
        return (_table if dotted(node.func, module.names) == "gpu.table" else _typed)(node, module, seen)
    if isinstance(node, ast.UnaryOp):
        operand = fold(node.operand, module, seen)
        return fold_unary(node.op, operand) if isinstance(operand, Constant) else None
    if isinstance(node, ast.BinOp):
        left, right = fold(node.left, module, seen), fold(node.right, module, seen)
        if isinstance(left, Constant) and isinstance(right, Constant):
            with module.span(node):
                return fold_binary(node.op, left, right)
    return None


def _named(node: ast.Name | ast.Attribute, module: KernelModule, seen: frozenset[str]) -> Folded | None:
    path = dotted(node, module.names)
    if path in MATH_CONSTANTS:
        return Constant(MATH_CONSTANTS[path])
    if not isinstance(node, ast.Name) or node.id not in module.constants or node.id in seen:
        return None
    return fold(module.constants[node.id], module, seen | {node.id})


def _typed(node: ast.Call, module: KernelModule, seen: frozenset[str]) -> Constant | None:
    """`u32(0xFFFFFFFF)` at module level."""
    path = dotted(node.func, module.names)
    if path not in TYPE_PATHS or len(node.args) != 1 or node.keywords:
        return None
    value = fold(node.args[0], module, seen)
    if not isinstance(value, Constant):
        return None
    with module.span(node):
        return typed_constant(value, TYPE_PATHS[path])


def _table(node: ast.Call, module: KernelModule, seen: frozenset[str]) -> Folded | None:
    """`gpu.table((0.1, 0.2), f64)` at module level."""
    if len(node.args) != 2 or node.keywords:
        return None
    type, values = TYPE_PATHS.get(dotted(node.args[1], module.names)), fold(node.args[0], module, seen)
    if type is None or not isinstance(values, tuple):
        return None
    with module.span(node):
        return _typed_all(values, type)


def _typed_all(values: tuple[Folded, ...], type: Scalar) -> Folded:
    return tuple(_typed_all(v, type) if isinstance(v, tuple) else typed_constant(v, type) for v in values)


def typed_constant(constant: Constant, type: Scalar) -> Constant:
    """The constant converted as a call of the type would: floats round, integers must fit."""
    value = constant.value
    if type.kind == "bool":
        return Constant(bool(value), type)
    if type.is_float:
        return Constant(float(value), type)
    if isinstance(value, float) and not math.isfinite(value):
        raise CompileError(f"{value} has no value as {type}")
    number = int(value)
    if not type.minimum <= number <= type.maximum:
        raise CompileError(f"{number} does not fit {type} ({type.minimum} to {type.maximum})")
    return Constant(number, type)


def fold_binary(op: ast.operator, left: Constant, right: Constant) -> Constant | None:
    """Python's arithmetic on two weak literals; None where either has a type of its own."""
    if left.type is not None or right.type is not None or type(op) not in BINARY:
        return None
    try:
        _refuse_huge(op, left.value, right.value)
        value = BINARY[type(op)](left.value, right.value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise CompileError(f"this cannot be computed: {error}") from None
    return Constant(value) if isinstance(value, (int, float)) else None


def _refuse_huge(op: ast.operator, left: float, right: float) -> None:
    """Stop `2 ** 10 ** 9` before it eats the machine."""
    shift = isinstance(op, ast.LShift) and right > 64
    power = isinstance(op, ast.Pow) and isinstance(left, int) and isinstance(right, int) and abs(right) > 1024
    if shift or power:
        raise OverflowError("the result does not fit any type")


def fold_unary(op: ast.unaryop, operand: Constant) -> Constant | None:
    """Python's unary operators on a weak literal; a typed one may be negated where the result fits."""
    try:
        value = UNARY[type(op)](operand.value)
    except TypeError as error:
        raise CompileError(f"this cannot be computed: {error}") from None
    if operand.type is None or isinstance(op, ast.Not):
        return Constant(value)
    return typed_constant(Constant(value), operand.type) if isinstance(op, (ast.USub, ast.UAdd)) else None
