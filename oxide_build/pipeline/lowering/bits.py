"""Bits: counting and reversing them, and reading them as another type."""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.dialects.functions import BIT_FUNCTIONS
from oxide_build.ir import Op, Value
from oxide_build.ir.types import bf16, bool_, f16, i16
from oxide_build.pipeline.lowering.arithmetic import scalar
from oxide_build.pipeline.lowering.conversions import convert
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import register

_ZERO_MAY_BE_POISON = ("clz", "ctz")


@lowers(mir.bits)
def lower_bits(lowering: FunctionLowering, op: Op) -> Value:
    function, operands = op.attributes["function"], [lowering.operand(op)]
    if function in _ZERO_MAY_BE_POISON:
        operands.append(lowering.constant(False, bool_))
    found = lowering.intrinsic(BIT_FUNCTIONS[function], *operands)
    source = register(scalar(op.operands[0]))
    # No count reaches the sign of even an i8's 8 bits.
    return convert(lowering, found, source, register(scalar(op.result)))


@lowers(mir.bitcast)
def lower_bitcast(lowering: FunctionLowering, op: Op) -> Value:
    value, type = lowering.operand(op), register(op.attributes["type"])
    if value.type == type:
        return value
    if {value.type, type} == {f16, bf16}:
        value = _opaque(lowering, lowering.compute(llvm.bitcast, value, type=i16))
    return lowering.compute(llvm.bitcast, value, type=type)


def _opaque(lowering: FunctionLowering, bits: Value) -> Value:
    """16 bits that LLVM cannot follow: it aborts where a half that it knows to be a bfloat is compared with zero."""
    return lowering.compute(
        llvm.inline_asm, bits, text="mov.b16 $0, $1;", constraints="=h,h", results=(i16,), convergent=False
    )
