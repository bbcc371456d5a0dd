"""Division that rounds towards minus infinity, as Python's does, for integers and floats.

LLVM's integer division truncates, and is undefined for a zero divisor and for the least
integer by -1. The divisor is replaced where it would be undefined, so that a kernel
without checks gets some number there and never undefined behaviour.

The float results, zeros, infinities and NaN included, are those of NumPy's
`floor_divide` and `mod`. Their steps carry no fast-math flags: they are exact only as written.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.pipeline.lowering.arithmetic import scalar
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.math import HALVES, call_libdevice, widened


@lowers(mir.floordiv)
def lower_floordiv(lowering: FunctionLowering, op: Op) -> Value:
    quotient, _ = _divmod(lowering, op)
    return quotient


@lowers(mir.mod)
def lower_mod(lowering: FunctionLowering, op: Op) -> Value:
    _, remainder = _divmod(lowering, op)
    return remainder


def _divmod(lowering: FunctionLowering, op: Op) -> tuple[Value, Value]:
    by_kind = {"int": _signed, "uint": _unsigned, "float": _float}
    dividend, divisor = lowering.operands(op)
    return by_kind[scalar(op.result).kind](lowering, dividend, divisor)


def _unsigned(lowering: FunctionLowering, dividend: Value, divisor: Value) -> tuple[Value, Value]:
    compute, constant, type = lowering.compute, lowering.constant, scalar(divisor)
    divisor = compute(llvm.freeze, divisor)  # else a zero could appear after it was looked for
    zero = compute(llvm.icmp, divisor, constant(0, type), predicate="eq")
    safe = compute(llvm.select, zero, constant(1, type), divisor)
    return compute(llvm.udiv, dividend, safe), compute(llvm.urem, dividend, safe)


def _signed(lowering: FunctionLowering, dividend: Value, divisor: Value) -> tuple[Value, Value]:
    compute, constant, type = lowering.compute, lowering.constant, scalar(divisor)
    divisor = compute(llvm.freeze, divisor)
    zero = compute(llvm.icmp, divisor, constant(0, type), predicate="eq")
    minus_one = compute(llvm.icmp, divisor, constant(-1, type), predicate="eq")
    undefined = compute(llvm.or_, zero, minus_one)
    safe = compute(llvm.select, undefined, constant(1, type), divisor)
    quotient, remainder = _floored(lowering, dividend, safe)
    negated = compute(llvm.sub, constant(0, type), dividend)
    return compute(llvm.select, minus_one, negated, quotient), remainder


def _floored(lowering: FunctionLowering, dividend: Value, divisor: Value) -> tuple[Value, Value]:
    """Truncating division, then one step down where the remainder's sign is not the divisor's."""
    compute, constant, type = lowering.compute, lowering.constant, scalar(divisor)
    quotient = compute(llvm.sdiv, dividend, divisor)
    remainder = compute(llvm.srem, dividend, divisor)
    inexact = compute(llvm.icmp, remainder, constant(0, type), predicate="ne")
    signs = compute(llvm.xor, remainder, divisor)
    opposed = compute(llvm.icmp, signs, constant(0, type), predicate="slt")
    down = compute(llvm.and_, inexact, opposed)
    step = compute(llvm.sext, down, type=type)
    correction = compute(llvm.select, down, divisor, constant(0, type))
    return compute(llvm.add, quotient, step), compute(llvm.add, remainder, correction)


def _float(lowering: FunctionLowering, dividend: Value, divisor: Value) -> tuple[Value, Value]:
    type = scalar(dividend)
    if type not in HALVES:
        return _float_floored(lowering, dividend, divisor)
    found = _float_floored(lowering, widened(lowering, dividend), widened(lowering, divisor))
    quotient, remainder = (lowering.compute(llvm.fptrunc, value, type=type) for value in found)
    return quotient, remainder


def _float_floored(lowering: FunctionLowering, dividend: Value, divisor: Value) -> tuple[Value, Value]:
    compute, constant, type = lowering.compute, lowering.constant, scalar(divisor)
    zero = constant(0.0, type)
    remainder = call_libdevice(lowering, "fmod", dividend, divisor)
    difference = compute(llvm.fsub, dividend, remainder, fast_math=())
    quotient = compute(llvm.fdiv, difference, divisor, fast_math=())
    down = _steps_down(lowering, remainder, divisor)
    stepped = compute(llvm.fsub, quotient, constant(1.0, type), fast_math=())
    quotient = compute(llvm.select, down, stepped, quotient)
    ratio = compute(llvm.fdiv, dividend, divisor, fast_math=())
    by_zero = compute(llvm.fcmp, divisor, zero, predicate="oeq")
    floored = compute(llvm.select, by_zero, ratio, _snapped(lowering, quotient, ratio))
    return floored, _signed_remainder(lowering, remainder, divisor, down, by_zero)


def _steps_down(lowering: FunctionLowering, remainder: Value, divisor: Value) -> Value:
    """Whether the remainder is not zero and its sign not the divisor's."""
    compute, zero = lowering.compute, lowering.constant(0.0, scalar(divisor))
    inexact = compute(llvm.fcmp, remainder, zero, predicate="une")
    below = compute(llvm.fcmp, remainder, zero, predicate="olt")
    divisor_below = compute(llvm.fcmp, divisor, zero, predicate="olt")
    return compute(llvm.and_, inexact, compute(llvm.xor, below, divisor_below))


def _signed_remainder(
    lowering: FunctionLowering, remainder: Value, divisor: Value, down: Value, by_zero: Value
) -> Value:
    """The remainder with the divisor's sign, a zero one too; by zero it stays the NaN it is."""
    compute, zero = lowering.compute, lowering.constant(0.0, scalar(divisor))
    moved = compute(llvm.fadd, remainder, divisor, fast_math=())
    exact = compute(llvm.fcmp, remainder, zero, predicate="oeq")
    signed_zero = lowering.intrinsic("llvm.copysign", zero, divisor)
    inexact = compute(llvm.select, down, moved, remainder)
    adjusted = compute(llvm.select, exact, signed_zero, inexact)
    return compute(llvm.select, by_zero, remainder, adjusted)


def _snapped(lowering: FunctionLowering, quotient: Value, ratio: Value) -> Value:
    """The integer nearest to a quotient that rounding moved off it; a zero gets the ratio's sign."""
    compute, constant, type = lowering.compute, lowering.constant, scalar(quotient)
    floor = lowering.intrinsic("llvm.floor", quotient)
    excess = compute(llvm.fsub, quotient, floor, fast_math=())
    over = compute(llvm.fcmp, excess, constant(0.5, type), predicate="ogt")
    above = compute(llvm.fadd, floor, constant(1.0, type), fast_math=())
    nearest = compute(llvm.select, over, above, floor)
    signed_zero = lowering.intrinsic("llvm.copysign", constant(0.0, type), ratio)
    is_zero = compute(llvm.fcmp, quotient, constant(0.0, type), predicate="oeq")
    return compute(llvm.select, is_zero, signed_zero, nearest)
