"""Arithmetic, comparison, selection: mostly one LLVM instruction by the operands' kind.

Integers wrap, so no instruction carries `nsw` (which would also make LLVM widen to
64 bits). Division has a room of its own.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, OpDefinition, Value
from oxide_build.ir.types import Scalar, bool_, i64
from oxide_build.pipeline.lowering.conversions import comparable
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import register
from oxide_build.pipeline.options import Options

_INTEGER: dict[OpDefinition, OpDefinition] = {
    mir.add: llvm.add,
    mir.sub: llvm.sub,
    mir.mul: llvm.mul,
    mir.and_: llvm.and_,
    mir.or_: llvm.or_,
    mir.xor: llvm.xor,
}
_FLOAT: dict[OpDefinition, OpDefinition] = {
    mir.add: llvm.fadd,
    mir.sub: llvm.fsub,
    mir.mul: llvm.fmul,
    mir.div: llvm.fdiv,
}
_EXTREMES: dict[tuple[OpDefinition, str], str] = {
    (mir.min_, "int"): "llvm.smin",
    (mir.max_, "int"): "llvm.smax",
    (mir.min_, "uint"): "llvm.umin",
    (mir.max_, "uint"): "llvm.umax",
    (mir.min_, "float"): "llvm.minimumnum",
    (mir.max_, "float"): "llvm.maximumnum",
}
_SIGN = {"int": "s", "uint": "u"}


def scalar(value: Value) -> Scalar:
    """The scalar type of a mir value whose type rule admits only scalars."""
    assert isinstance(value.type, Scalar)
    return value.type


def float_flags(options: Options) -> tuple[str, ...]:
    """LLVM's fast-math flags.

    Fast math allows approximations, never `nnan` or `ninf`: with those an infinity would be undefined behaviour,
    and a bounds check that depends on it could vanish.
    """
    if options.fast_math:
        return ("arcp", "contract", "afn")
    return ("contract",) if options.fp_contract else ()


@lowers(mir.constant)
def lower_constant(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.constant(op.attributes["value"], register(op.attributes["type"]))


@lowers(mir.add, mir.sub, mir.mul, mir.div, mir.and_, mir.or_, mir.xor)
def lower_binary(lowering: FunctionLowering, op: Op) -> Value:
    if scalar(op.result).is_float:
        flags = float_flags(lowering.options)
        return lowering.compute(_FLOAT[op.definition], *lowering.operands(op), fast_math=flags)
    return lowering.compute(_INTEGER[op.definition], *lowering.operands(op))


@lowers(mir.neg)
def lower_neg(lowering: FunctionLowering, op: Op) -> Value:
    type, value = scalar(op.result), lowering.operand(op)
    if type.is_float:
        return lowering.compute(llvm.fneg, value, fast_math=())
    return lowering.compute(llvm.sub, lowering.constant(0, register(type)), value)


@lowers(mir.not_)
def lower_not(lowering: FunctionLowering, op: Op) -> Value:
    ones = lowering.constant(-1, register(scalar(op.result)))
    return lowering.compute(llvm.xor, lowering.operand(op), ones)


@lowers(mir.abs_)
def lower_abs(lowering: FunctionLowering, op: Op) -> Value:
    value = lowering.operand(op)
    if scalar(op.result).is_float:
        return lowering.intrinsic("llvm.fabs", value)
    overflow_is_poison = lowering.constant(False, bool_)
    return lowering.intrinsic("llvm.abs", value, overflow_is_poison)


@lowers(mir.min_, mir.max_)
def lower_extreme(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.intrinsic(_EXTREMES[op.definition, scalar(op.result).kind], *lowering.operands(op))


@lowers(mir.shl, mir.shr)
def lower_shift(lowering: FunctionLowering, op: Op) -> Value:
    """LLVM's shifts are undefined from the width on; a `select` does not pass on what it does not choose."""
    type = register(scalar(op.result))
    value, amount = lowering.operands(op)
    small = lowering.compute(llvm.icmp, amount, lowering.constant(type.bits, type), predicate="ult")
    within = lowering.compute(llvm.select, small, amount, lowering.constant(type.bits - 1, type))
    if op.definition is mir.shr and scalar(op.result).kind == "int":
        return lowering.compute(llvm.ashr, value, within)
    shift = llvm.shl if op.definition is mir.shl else llvm.lshr
    if type.bits == 64:
        return _shift_twice(lowering, shift, value, within, small)
    return lowering.compute(llvm.select, small, lowering.compute(shift, value, amount), lowering.constant(0, type))


def _shift_twice(lowering: FunctionLowering, shift: OpDefinition, value: Value, within: Value, small: Value) -> Value:
    """A 64-bit shift, and by one more where the amount was 64 or more.

    A `select` of 0 would do, but LLVM's NVPTX backend takes that for PTX's own shift, which reads only 32 bits of the
    amount: a shift by 2**32 would be one by 0.
    """
    more = lowering.compute(llvm.xor, small, lowering.constant(True, bool_))
    shifted = lowering.compute(shift, value, within)
    return lowering.compute(shift, shifted, lowering.compute(llvm.zext, more, type=i64))


@lowers(mir.cmp)
def lower_cmp(lowering: FunctionLowering, op: Op) -> Value:
    kind, predicate = scalar(op.operands[0]).kind, op.attributes["predicate"]
    if kind == "float":
        # NaN differs from everything: the one comparison that holds for it.
        predicate = "une" if predicate == "ne" else f"o{predicate}"
        left, right = (comparable(lowering, operand) for operand in lowering.operands(op))
        return lowering.compute(llvm.fcmp, left, right, predicate=predicate)
    if predicate not in ("eq", "ne"):
        predicate = _SIGN[kind] + predicate
    return lowering.compute(llvm.icmp, *lowering.operands(op), predicate=predicate)


@lowers(mir.select)
def lower_select(lowering: FunctionLowering, op: Op) -> list[Value]:
    condition = lowering.operand(op)
    sides = zip(lowering.parts(op.operands[1]), lowering.parts(op.operands[2]), strict=True)
    return [lowering.compute(llvm.select, condition, *side) for side in sides]
