"""Python's builtins on numbers: `abs`, `min`, `max`, `divmod`, `pow`, `round`."""

from __future__ import annotations

import ast
import math

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import bool_
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.arithmetic import combine
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import (
    is_weak,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
)


@translates(INTRINSICS, "abs")
def absolute(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`abs(x)`."""
    (argument,) = arguments(node, "x")
    return absolute_value(f, f.expression(argument))


def absolute_value(f: FunctionBuilder, operand: Operand) -> Operand:
    """The magnitude of a number."""
    if isinstance(operand, Constant) and is_weak(operand):
        return Constant(abs(operand.value))
    value = scalar(f, operand)
    if value.type == bool_:
        raise CompileError("`abs` of a bool", help="convert it: i32(…)")
    return value if scalar_type(value).kind == "uint" else f.value(mir.abs_(value))


@translates(INTRINSICS, "min", "max")
def extreme(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`min(a, b, …)` and `max(a, b, …)`."""
    name = ast.unparse(node.func)
    if len(node.args) < 2 or node.keywords:
        raise CompileError(f"`{name}` takes two or more values", help=f"write `{name}(a, b)`")
    first, *rest = (f.expression(argument) for argument in node.args)
    definition = mir.min_ if name == "min" else mir.max_
    for operand in rest:
        first = _extreme(f, definition, name, first, operand)
    return first


def _extreme(f: FunctionBuilder, definition: ir.OpDefinition, name: str, left: Operand, right: Operand) -> Operand:
    if isinstance(left, Constant) and isinstance(right, Constant) and is_weak(left) and is_weak(right):
        return Constant((min if name == "min" else max)(left.value, right.value))
    a, b = unify(f, left, right, name)
    if a.type == bool_:
        raise CompileError(f"`{name}` of bools", help="write `and` or `or`")
    return f.value(definition(a, b))


@translates(INTRINSICS, "divmod")
def quotient_and_remainder(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`divmod(a, b)`: what `//` and `%` give."""
    left, right = (f.expression(argument) for argument in arguments(node, "a", "b"))
    return combine(f, ast.FloorDiv(), left, right), combine(f, ast.Mod(), left, right)


@translates(INTRINSICS, "pow")
def power_of(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`pow(x, y)`: what `x ** y` gives."""
    left, right = (f.expression(argument) for argument in arguments(node, "x", "y"))
    return combine(f, ast.Pow(), left, right)


@translates(INTRINSICS, "round")
def nearest(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`round(x)`: to the nearest whole number, halves to the even one, in the type of `x`."""
    if len(node.args) == 2 or any(keyword.arg == "ndigits" for keyword in node.keywords):
        raise CompileError("`round` takes no number of digits in a kernel", help="write `round(x * 100.0) / 100.0`")
    (argument,) = arguments(node, "x")
    operand = f.expression(argument)
    if isinstance(operand, Constant) and is_weak(operand) and isinstance(operand.value, float):
        return Constant(_host_round(operand.value))
    value = scalar(f, operand)
    if value.type == bool_:
        raise CompileError("`round` of a bool", help="convert it: i32(…)")
    return f.value(mir.math(value, function="round")) if scalar_type(value).is_float else operand


def _host_round(x: float) -> float:
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x
