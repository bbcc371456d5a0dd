"""Bits: counting and reversing them, and reading them as another type."""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.dialects.functions import BIT_FUNCTIONS
from oxide_build.ir import Op, Value
from oxide_build.ir.types import bool_
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
    return value if value.type == type else lowering.compute(llvm.bitcast, value, type=type)
