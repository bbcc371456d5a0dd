"""Arithmetic to `mir`: operators, powers, signs."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import SCALARS, Scalar, bool_
from oxide_build.pipeline.frontend.builder import (
    EXPRESSIONS,
    FunctionBuilder,
    translates,
)
from oxide_build.pipeline.frontend.conditions import condition
from oxide_build.pipeline.frontend.constants import (
    fold_binary,
    fold_unary,
)
from oxide_build.pipeline.frontend.conversions import (
    cast,
    is_weak,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
)

_ARITHMETIC: Mapping[type[ast.operator], tuple[ir.OpDefinition, str]] = {
    ast.Add: (mir.add, "+"),
    ast.Sub: (mir.sub, "-"),
    ast.Mult: (mir.mul, "*"),
    ast.Div: (mir.div, "/"),
    ast.FloorDiv: (mir.floordiv, "//"),
    ast.Mod: (mir.mod, "%"),
    ast.BitAnd: (mir.and_, "&"),
    ast.BitOr: (mir.or_, "|"),
    ast.BitXor: (mir.xor, "^"),
    ast.LShift: (mir.shl, "<<"),
    ast.RShift: (mir.shr, ">>"),
    ast.Pow: (mir.math, "**"),
}
_LARGEST_EXPANDED_POWER = 16


@translates(EXPRESSIONS, ast.BinOp)
def binary(f: FunctionBuilder, node: ast.BinOp) -> Operand:
    """An arithmetic, bitwise or shift operator."""
    return combine(f, node.op, f.expression(node.left), f.expression(node.right))


def combine(f: FunctionBuilder, op: ast.operator, left: Operand, right: Operand) -> Operand:
    """`left op right`; folded where both are weak literals."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        folded = fold_binary(op, left, right)
        if folded is not None:
            return folded
    if isinstance(op, ast.MatMult):
        raise CompileError("`@` is not part of the kernel language", help="write the loops of the product")
    if isinstance(op, ast.Pow):
        return power(f, left, right)
    if isinstance(op, (ast.LShift, ast.RShift)):
        right = _shift_amount(f, left, right)
    definition, symbol = _ARITHMETIC[type(op)]
    a, b = unify(f, left, right, symbol)
    _check_kind(definition, symbol, scalar_type(a))
    if definition in (mir.floordiv, mir.mod) and scalar_type(a).is_integer:
        _check_divisor(f, right, b)
    return f.value(definition(a, b))


def _shift_amount(f: FunctionBuilder, number: Operand, amount: Operand) -> Operand:
    """The amount, signed as the number is, which is no matter: a negative one counts as beyond the width."""
    if is_weak(number) or is_weak(amount):
        return amount
    type, given = _type_of(f, number), _type_of(f, amount)
    if not (type.is_integer and given.is_integer) or type.kind == given.kind:
        return amount
    return cast(f, scalar(f, amount), SCALARS[f"{type.name[0]}{given.bits}"])


def _type_of(f: FunctionBuilder, operand: Operand) -> Scalar:
    return operand.alone if isinstance(operand, Constant) else scalar_type(scalar(f, operand))


def _check_kind(definition: ir.OpDefinition, symbol: str, type: Scalar) -> None:
    """Refuse an operator its operands' type does not have."""
    bitwise = definition in (mir.and_, mir.or_, mir.xor)
    if definition is mir.div and type.is_integer:
        raise CompileError(
            f"`/` of integers ({type})", help="write `//` for the whole quotient, or f32(a) / f32(b) for a fraction"
        )
    if type == bool_ and not bitwise:
        raise CompileError(f"`{symbol}` of bools", help="convert them: i32(…)")
    if type.is_float and (bitwise or definition in (mir.shl, mir.shr)):
        raise CompileError(f"`{symbol}` of {type}", help="bit operations are for integers: convert, i32(…)")


def _check_divisor(f: FunctionBuilder, operand: Operand, divisor: ir.Value) -> None:
    if isinstance(operand, Constant):
        if operand.value == 0:
            raise CompileError("division by zero")
        return
    nonzero = f.value(mir.cmp(divisor, f.constant(0, scalar_type(divisor)), predicate="ne"))
    f.emit(mir.check(nonzero, message="integer division by zero"))


def power(f: FunctionBuilder, base: Operand, exponent: Operand) -> Operand:
    """`base ** exponent`: small whole exponents by multiplication, the rest by libdevice's pow."""
    whole = isinstance(exponent, Constant) and isinstance(exponent.value, int) and exponent.type is None
    if whole and isinstance(exponent, Constant) and 0 <= exponent.value <= _LARGEST_EXPANDED_POWER:
        value = scalar(f, base)
        if scalar_type(value) == bool_:
            raise CompileError("`**` of bools", help="convert it: i32(…)")
        return _repeated_product(f, value, int(exponent.value))
    a, b = unify(f, base, exponent, "**")
    if not scalar_type(a).is_float:
        raise CompileError(
            "`**` of integers needs a literal exponent from 0 to 16",
            help="multiply in a loop, or convert to f32 or f64",
        )
    return f.value(mir.math(a, b, function="pow"))


def _repeated_product(f: FunctionBuilder, value: ir.Value, exponent: int) -> ir.Value:
    result: ir.Value | None = None
    while exponent:
        if exponent & 1:
            result = value if result is None else f.value(mir.mul(result, value))
        exponent >>= 1
        if exponent:
            value = f.value(mir.mul(value, value))
    return f.constant(1, scalar_type(value)) if result is None else result


@translates(EXPRESSIONS, ast.UnaryOp)
def unary(f: FunctionBuilder, node: ast.UnaryOp) -> Operand:
    """`-x`, `+x`, `~x`, `not x`."""
    if isinstance(node.op, ast.Not):
        return f.value(mir.not_(condition(f, node.operand)))
    operand = f.expression(node.operand)
    if isinstance(operand, Constant):
        folded = fold_unary(node.op, operand)
        if folded is not None:
            return folded
    value = scalar(f, operand)
    symbol = (
        ast.unparse(node.op)
        if isinstance(node.op, ast.expr)
        else {"USub": "-", "UAdd": "+"}.get(type(node.op).__name__, "~")
    )
    if scalar_type(value) == bool_:
        raise CompileError(f"`{symbol}` of a bool", help="write `not x`, or convert it: i32(…)")
    if isinstance(node.op, ast.Invert):
        if not scalar_type(value).is_integer:
            raise CompileError(f"`~` of {scalar_type(value)}", help="bit operations are for integers: convert, i32(…)")
        return f.value(mir.not_(value))
    return value if isinstance(node.op, ast.UAdd) else f.value(mir.neg(value))
