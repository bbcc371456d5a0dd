"""Arithmetic, comparison, selection: mostly one LLVM instruction by the operands' kind.

Integers wrap, so no instruction carries `nsw` (which would also make LLVM widen to
64 bits). Division has a room of its own.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, OpDefinition, Value
from oxide_build.ir.types import Scalar, bool_
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
    (mir.min_, "float"): "llvm.minnum",
    (mir.max_, "float"): "llvm.maxnum",
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
    """LLVM's shifts are undefined from the width on; a `select` does not pass on what it does not choose.

    The shift itself takes the amount's low bits only: LLVM's NVPTX backend turns a `select` on the very amount shifted
    by into PTX's own shift, which reads 32 bits of it, so that a 64-bit amount of 2**32 would shift by 0.
    """
    type = register(scalar(op.result))
    value, amount = lowering.operands(op)
    small = lowering.compute(llvm.icmp, amount, lowering.constant(type.bits, type), predicate="ult")
    if op.definition is mir.shr and scalar(op.result).kind == "int":
        amount = lowering.compute(llvm.select, small, amount, lowering.constant(type.bits - 1, type))
        return lowering.compute(llvm.ashr, value, amount)
    low_bits = lowering.compute(llvm.and_, amount, lowering.constant(type.bits - 1, type))
    shifted = lowering.compute(llvm.shl if op.definition is mir.shl else llvm.lshr, value, low_bits)
    return lowering.compute(llvm.select, small, shifted, lowering.constant(0, type))


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
