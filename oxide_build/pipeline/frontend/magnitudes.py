"""`math.modf`, `frexp`, `ulp` and `dist` to `mir`: the parts of a number, and the length of a difference.

Each is made of operations there are, exact ones but for `dist`. Its own room because these
take or give tuples, or look at a number's bits, which no line of the functions' table says.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, f32, f64, i32, u16, u32, u64
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import cast, is_weak, materialise, scalar_type, unify
from oxide_build.pipeline.frontend.mathematics import math_paths, only_argument
from oxide_build.pipeline.frontend.operands import Constant, Operand, describe


@dataclass(frozen=True)
class Layout:
    """A float's bits: the integer of its width, how many bits the mantissa has, the exponent of 0.5, stored."""

    integer: Scalar
    mantissa: int
    half: int

    @property
    def exponents(self) -> int:
        """The greatest stored exponent, which infinities have."""
        return (1 << (self.integer.bits - 1 - self.mantissa)) - 1


_LAYOUTS: Mapping[str, Layout] = {
    "f16": Layout(u16, 10, 14),
    "bf16": Layout(u16, 7, 126),
    "f32": Layout(u32, 23, 126),
    "f64": Layout(u64, 52, 1022),
}


def _number(f: FunctionBuilder, node: ast.Call) -> ir.Value:
    return materialise(f, only_argument(f, node))


def _math(f: FunctionBuilder, function: str, *values: ir.Value) -> ir.Value:
    return f.value(mir.math(*values, function=function))


def _is(f: FunctionBuilder, predicate: str, value: ir.Value, number: float) -> ir.Value:
    return f.value(mir.cmp(value, f.constant(number, scalar_type(value)), predicate=predicate))


@translates(INTRINSICS, *math_paths("modf"))
def modf(f: FunctionBuilder, node: ast.Call) -> Operand:
    """What is behind the point and what before it, both with the sign of the number."""
    value = _number(f, node)
    whole = _math(f, "trunc", value)
    rest = f.value(mir.sub(value, whole))
    infinite = _is(f, "eq", f.value(mir.abs_(value)), math.inf)
    part = f.value(mir.select(infinite, f.constant(0.0, scalar_type(value)), rest))
    return _math(f, "copysign", part, value), whole


@translates(INTRINSICS, *math_paths("frexp"))
def frexp(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A number from 0.5 to 1 and the power of two it is to be multiplied by; 0, infinities and NaN with power 0."""
    given = _number(f, node)
    type = scalar_type(given)
    value = cast(f, given, f64 if type == f64 else f32)
    layout = _LAYOUTS[str(value.type)]
    size = f.value(mir.abs_(value))
    regular = f.value(mir.and_(_is(f, "gt", size, 0.0), _is(f, "lt", size, math.inf)))
    bits, shift = _normal_bits(f, value, size, layout)
    stored = f.value(mir.and_(_shifted(f, bits, layout), f.constant(layout.exponents, layout.integer)))
    power = f.value(mir.sub(cast(f, stored, i32), f.constant(layout.half)))
    power = f.value(mir.sub(power, shift))
    rest = f.constant(~(layout.exponents << layout.mantissa) & layout.integer.maximum, layout.integer)
    half = f.constant(layout.half << layout.mantissa, layout.integer)
    part = f.value(mir.bitcast(f.value(mir.or_(f.value(mir.and_(bits, rest)), half)), type=value.type))
    part = f.value(mir.select(regular, part, value))
    return cast(f, part, type), f.value(mir.select(regular, power, f.constant(0)))


def _normal_bits(f: FunctionBuilder, value: ir.Value, size: ir.Value, layout: Layout) -> tuple[ir.Value, ir.Value]:
    """The bits of a number, made larger where it is subnormal, and the power of two that made it so."""
    by = layout.mantissa + 1
    small = _is(f, "lt", size, 2.0 ** (1 - layout.half))
    larger = f.value(mir.mul(value, f.constant(2.0**by, scalar_type(value))))
    normal = f.value(mir.select(small, larger, value))
    shift = f.value(mir.select(small, f.constant(by), f.constant(0)))
    return f.value(mir.bitcast(normal, type=layout.integer)), shift


def _shifted(f: FunctionBuilder, bits: ir.Value, layout: Layout) -> ir.Value:
    return f.value(mir.shr(bits, f.constant(layout.mantissa, layout.integer)))


@translates(INTRINSICS, *math_paths("ulp"))
def ulp(f: FunctionBuilder, node: ast.Call) -> Operand:
    """How far the next number of the type is: one in the last place of the mantissa."""
    value = f.value(mir.abs_(_number(f, node)))
    type = scalar_type(value)
    layout = _LAYOUTS[str(type)]

    def number(n: int) -> ir.Value:
        return f.constant(n, layout.integer)

    # Beyond the mantissa's width an exponent is lowered by it; below, one bit of a subnormal is set.
    stored = f.value(mir.max_(_shifted(f, f.value(mir.bitcast(value, type=layout.integer)), layout), number(1)))
    lowered = f.value(mir.sub(stored, number(layout.mantissa)))
    normal = f.value(mir.shl(lowered, number(layout.mantissa)))
    subnormal = f.value(mir.shl(number(1), f.value(mir.sub(stored, number(1)))))
    is_normal = f.value(mir.cmp(stored, number(layout.mantissa), predicate="gt"))
    place = f.value(mir.bitcast(f.value(mir.select(is_normal, normal, subnormal)), type=type))
    return f.value(mir.select(_is(f, "lt", value, math.inf), place, value))


@translates(INTRINSICS, *math_paths("dist"))
def dist(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The distance of two points given as tuples, without overflow on the way."""
    first, second = (_point(f, argument) for argument in arguments(node, "p", "q"))
    if len(first) != len(second):
        raise CompileError(f"points of {len(first)} and {len(second)} coordinates", help="give both as many")
    differences = [_difference(f, *pair) for pair in zip(first, second, strict=True)]
    total = f.value(mir.abs_(differences[0]))
    for difference in differences[1:]:
        left, right = unify(f, total, difference, "math.dist")
        total = _math(f, "hypot", left, right)
    return total


def _point(f: FunctionBuilder, node: ast.expr) -> tuple[Operand, ...]:
    operand = f.expression(node)
    with f.at(node):
        if not isinstance(operand, tuple) or not operand:
            raise CompileError(
                f"a point is a tuple of floats, this is {describe(operand)}", help="write `math.dist((x, y), (u, v))`"
            )
    return operand


def _difference(f: FunctionBuilder, left: Operand, right: Operand) -> ir.Value:
    a, b = unify(f, _as_weak_float(left), _as_weak_float(right), "math.dist")
    if not scalar_type(a).is_float:
        raise CompileError(f"a point's coordinates are floats, this is {describe(left)}", help="convert it: f32(…)")
    return f.value(mir.sub(a, b))


def _as_weak_float(operand: Operand) -> Operand:
    weak = isinstance(operand, Constant) and is_weak(operand) and not isinstance(operand.value, bool)
    return Constant(float(operand.value)) if weak and isinstance(operand, Constant) else operand
