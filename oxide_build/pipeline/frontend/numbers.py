"""Builtins and `math` on numbers: `abs`, `min`, `max`, roots, exponentials, rounding."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import bool_, f32, f64
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import (
    is_weak,
    materialise,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    describe,
)
from oxide_build.pipeline.frontend.scope import dotted

_SHARED_WITH_PYTHON = ("sqrt", "exp", "log", "sin", "cos", "pow")
MATH_NAMES = (*_SHARED_WITH_PYTHON, "fabs")
"""The functions of Python's `math` that kernels have."""


@translates(INTRINSICS, "abs")
def absolute(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`abs(x)`."""
    (argument,) = arguments(node, "x")
    return _absolute(f, f.expression(argument))


@translates(INTRINSICS, "math.fabs", "gpu.math.fabs")
def float_absolute(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.fabs(x)`."""
    (argument,) = arguments(node, "x")
    return _absolute(f, _float(f, argument))


def _absolute(f: FunctionBuilder, operand: Operand) -> Operand:
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


def _float(f: FunctionBuilder, node: ast.expr) -> Operand:
    """An expression as an operand of a math function: a weak literal, or an f32 or f64."""
    operand = f.expression(node)
    if isinstance(operand, Constant) and is_weak(operand) and not isinstance(operand.value, bool):
        return Constant(float(operand.value))
    with f.at(node):
        value = scalar(f, operand)
        if value.type not in (f32, f64):
            raise CompileError(
                f"math functions take f32 or f64, this is {describe(operand)}", help="convert it: f32(…)"
            )
        return value


def _math_rule(function: str, host: Callable[..., float] | None) -> None:
    names = ("x", "y")[: mir.MATH_FUNCTIONS[function]]
    paths = [f"gpu.math.{function}"] + ([f"math.{function}"] if host is not None else [])

    @translates(INTRINSICS, *paths)
    def rule(f: FunctionBuilder, node: ast.Call) -> Operand:
        operands = [_float(f, argument) for argument in arguments(node, *names)]
        if host is not None and all(isinstance(operand, Constant) for operand in operands):
            return _fold_math(host, operands)
        if len(operands) == 2:
            return f.value(mir.math(*unify(f, operands[0], operands[1], function), function=function))
        return f.value(mir.math(materialise(f, operands[0]), function=function))


def _fold_math(host: Callable[..., float], operands: list[Operand]) -> Constant:
    try:
        return Constant(host(*(operand.value for operand in operands if isinstance(operand, Constant))))
    except (ValueError, OverflowError) as error:
        raise CompileError(f"this cannot be computed: {error}") from None


for _name in _SHARED_WITH_PYTHON:
    _math_rule(_name, getattr(math, _name))
for _name in ("floor", "ceil"):  # math.floor gives an int on the host, so only gpu.math's, which keeps the type
    _math_rule(_name, None)


@translates(INTRINSICS, "math.floor", "math.ceil")
def host_rounding(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.floor` gives an int in Python; which width is for the author to say."""
    name = dotted(node.func, f.module.names).removeprefix("math.")
    raise CompileError(
        f"`math.{name}` gives an int in Python, which has no fixed width on a GPU",
        help=f"write `gpu.math.{name}(x)`, which gives x's own type, or `i32(gpu.math.{name}(x))`",
    )
