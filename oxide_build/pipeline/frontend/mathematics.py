"""The functions of `math` and `gpu.math` to `mir`: one rule for every line of their table.

What the table cannot say stands here: functions that are arithmetic (`degrees`, `isnan`)
and those whose Python namesakes give an int.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.dialects.functions import MATH_FUNCTIONS, MathFunction
from oxide_build.errors import CompileError
from oxide_build.ir.types import i32
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.arithmetic import combine
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import (
    coerce,
    common_type,
    is_weak,
    materialise,
    scalar,
    scalar_type,
    unify,
)
from oxide_build.pipeline.frontend.numbers import absolute_value
from oxide_build.pipeline.frontend.operands import Constant, Operand, describe
from oxide_build.pipeline.frontend.rounding import real
from oxide_build.pipeline.frontend.scope import dotted

_FACTORS: Mapping[str, float] = {"degrees": 180.0 / math.pi, "radians": math.pi / 180.0}
_TESTS: Mapping[str, str] = {"isinf": "eq", "isfinite": "lt"}
"""Tests of a number's magnitude: how it compares with infinity."""

_OTHERS = ("dist", "fabs", "frexp", "isnan", "modf", "ulp")
"""Functions with rules of their own, here and in `magnitudes`."""
_TO_INT = ("floor", "ceil", "trunc")
MATH_NAMES = tuple(
    sorted([*(name for name, entry in MATH_FUNCTIONS.items() if entry.in_python), *_OTHERS, *_FACTORS, *_TESTS])
)
"""The functions of Python's `math` that kernels have."""


def unknown_math(text: str, near: list[str]) -> CompileError:
    """The error for a function of `math` that kernels lack; `near` are names like it that they have."""
    hint = f"did you mean `math.{near[0]}`?" if near else f"math has: {', '.join(MATH_NAMES)}"
    return CompileError(f"`{text}` is not available in kernels", help=hint)


def math_paths(name: str) -> tuple[str, str]:
    return f"math.{name}", f"gpu.math.{name}"


def _float(f: FunctionBuilder, node: ast.expr) -> Operand:
    """An expression as an operand of a math function: a weak literal, or a float."""
    operand = f.expression(node)
    if isinstance(operand, Constant) and is_weak(operand) and not isinstance(operand.value, bool):
        return Constant(real(operand.value))
    with f.at(node):
        value = scalar(f, operand)
        if not scalar_type(value).is_float:
            raise CompileError(
                f"math functions take floats (f32, f64, f16, bf16), this is {describe(operand)}",
                help="convert it: f32(…)",
            )
        return value


def _agreed(f: FunctionBuilder, operands: list[Operand], name: str) -> list[ir.Value]:
    """All operands in one type."""
    typed = [operand for operand in operands if not is_weak(operand)]
    if not typed:
        return [materialise(f, operand) for operand in operands]
    type = scalar_type(scalar(f, typed[0]))
    for operand in typed[1:]:
        common = common_type(type, scalar_type(scalar(f, operand)))
        if common is None:
            unify(f, typed[0], operand, name)  # raises, and says what to write
        type = common or type
    return [coerce(f, operand, type, f"an operand of `{name}`") for operand in operands]


def _translate(f: FunctionBuilder, node: ast.Call, name: str, function: MathFunction) -> Operand:
    if name == "log" and len(node.args) == 2 and not node.keywords:
        return _log_to_base(f, node)
    nodes = dict(zip(function.parameters, arguments(node, *function.parameters), strict=True))
    exponent = nodes.pop("n", None)
    operands = [_float(f, argument) for argument in nodes.values()]
    if function.folds and all(is_weak(operand) for operand in operands):
        return _fold(getattr(math, name), operands)
    values = _agreed(f, operands, name)
    _check_precision(name, function, values[0])
    if exponent is not None:
        with f.at(exponent):
            values.append(coerce(f, f.expression(exponent), i32, f"the exponent of `{name}`"))
    return f.value(mir.math(*values, function=name))


def _log_to_base(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.log(x, base)`: the quotient of the natural logarithms, as in Python."""
    operands = [_float(f, argument) for argument in node.args]
    if all(is_weak(operand) for operand in operands):
        return _fold(math.log, operands)
    x, base = (f.value(mir.math(value, function="log")) for value in _agreed(f, operands, "log"))
    return f.value(mir.div(x, base))


def _check_precision(name: str, function: MathFunction, value: ir.Value) -> None:
    type = scalar_type(value)
    if type.bits < i32.bits and not function.narrow:
        raise CompileError(f"there is no `{name}` of {type}", help="convert it: f32(…)")


def _fold(host: Callable[..., float], operands: list[Operand]) -> Constant:
    try:
        return Constant(host(*(operand.value for operand in operands if isinstance(operand, Constant))))
    except (ValueError, OverflowError) as error:
        raise CompileError(f"this cannot be computed: {error}") from None


def _rule(name: str, function: MathFunction) -> None:
    paths = [*math_paths(name)[not function.in_python :], *([f"gpu.{name}"] if name in ("fma", "rsqrt") else [])]

    @translates(INTRINSICS, *paths)
    def rule(f: FunctionBuilder, node: ast.Call) -> Operand:
        return _translate(f, node, name, function)


for _name, _function in MATH_FUNCTIONS.items():
    _rule(_name, _function)


def _name_of(f: FunctionBuilder, node: ast.Call) -> str:
    return dotted(node.func, f.module.names).rpartition(".")[2]


def only_argument(f: FunctionBuilder, node: ast.Call) -> Operand:
    (argument,) = arguments(node, "x")
    return _float(f, argument)


@translates(INTRINSICS, *math_paths("fabs"))
def fabs(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.fabs(x)`."""
    return absolute_value(f, only_argument(f, node))


@translates(INTRINSICS, *math_paths("degrees"), *math_paths("radians"))
def convert_angle(f: FunctionBuilder, node: ast.Call) -> Operand:
    """An angle in the other unit."""
    return combine(f, ast.Mult(), only_argument(f, node), Constant(_FACTORS[_name_of(f, node)]))


@translates(INTRINSICS, *math_paths("isnan"))
def isnan(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Whether a number differs from itself."""
    operand = only_argument(f, node)
    if isinstance(operand, Constant) and is_weak(operand):
        return Constant(math.isnan(operand.value))
    value = scalar(f, operand)
    return f.value(mir.cmp(value, value, predicate="ne"))


@translates(INTRINSICS, *math_paths("isinf"), *math_paths("isfinite"))
def compare_with_infinity(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Whether a number is infinite, or finite."""
    operand, name = only_argument(f, node), _name_of(f, node)
    if isinstance(operand, Constant) and is_weak(operand):
        return Constant((math.isinf if name == "isinf" else math.isfinite)(operand.value))
    value = scalar(f, operand)
    infinity = f.constant(math.inf, scalar_type(value))
    return f.value(mir.cmp(f.value(mir.abs_(value)), infinity, predicate=_TESTS[name]))


@translates(INTRINSICS, *(f"math.{name}" for name in _TO_INT))
def host_rounding(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`math.floor` gives an int in Python; which width is for the author to say."""
    name = _name_of(f, node)
    raise CompileError(
        f"`math.{name}` gives an int in Python, which has no fixed width on a GPU",
        help=f"write `gpu.math.{name}(x)`, which gives x's own type, or `i32(gpu.math.{name}(x))`",
    )
