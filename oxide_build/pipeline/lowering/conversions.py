"""Conversions between scalars: which LLVM instruction depends on both kinds and widths."""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Scalar, bf16, bool_, f32, i16, i32
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import register


@lowers(mir.cast)
def lower_cast(lowering: FunctionLowering, op: Op) -> Value:
    old, new = op.operands[0].type, op.attributes["type"]
    assert isinstance(old, Scalar)
    return convert(lowering, lowering.operand(op), old, new)


def convert(lowering: FunctionLowering, value: Value, old: Scalar, new: Scalar) -> Value:
    """`value`, a mir `old`, as a mir `new`."""
    if register(old) == register(new):
        return value
    if new == bool_:
        return truth(lowering, value)
    if old.is_float:
        return (_resize_float if new.is_float else _saturate)(lowering, value, new)
    if new.is_float:
        # To bf16 by way of f32 on every target: only the newest have the conversion in one step.
        found = lowering.compute(llvm.sitofp if old.kind == "int" else llvm.uitofp, value, type=_before(new))
        return found if found.type == new else lowering.compute(llvm.fptrunc, found, type=new)
    if old.bits > new.bits:
        return lowering.compute(llvm.trunc, value, type=register(new))
    return lowering.compute(llvm.sext if old.kind == "int" else llvm.zext, value, type=register(new))


def truth(lowering: FunctionLowering, value: Value) -> Value:
    """Whether a number is not zero; NaN is not."""
    value = comparable(lowering, value)
    assert isinstance(value.type, Scalar)
    zero = lowering.constant(0, value.type)
    if value.type.is_float:
        return lowering.compute(llvm.fcmp, value, zero, predicate="une")
    return lowering.compute(llvm.icmp, value, zero, predicate="ne")


def comparable(lowering: FunctionLowering, value: Value) -> Value:
    """A value in a type that PTX compares: it has no bf16 comparison that flushes subnormals, which LLVM would write.

    A bf16 is the upper half of its f32; put together from bits, LLVM does not narrow the comparison again.
    """
    if value.type != bf16 or not lowering.options.fast_math:
        return value
    bits = lowering.compute(llvm.zext, lowering.compute(llvm.bitcast, value, type=i16), type=i32)
    upper = lowering.compute(llvm.shl, bits, lowering.constant(16, i32))
    return lowering.compute(llvm.bitcast, upper, type=f32)


def _resize_float(lowering: FunctionLowering, value: Value, new: Scalar) -> Value:
    assert isinstance(value.type, Scalar)
    if value.type.bits < new.bits:
        return lowering.compute(llvm.fpext, value, type=new)
    if value.type.bits == new.bits:  # f16 and bf16: neither holds the other
        value = lowering.compute(llvm.fpext, value, type=f32)
    elif new == bf16 and value.type != f32:
        value = lowering.compute(llvm.fptrunc, value, type=f32)
    return lowering.compute(llvm.fptrunc, value, type=new)


def _before(new: Scalar) -> Scalar:
    """The type by way of which a float type is reached."""
    return f32 if new == bf16 else new


def _saturate(lowering: FunctionLowering, value: Value, new: Scalar) -> Value:
    type = register(new)
    value = comparable(lowering, value)
    assert isinstance(value.type, Scalar)
    if value.type.bits < f32.bits:
        value = lowering.compute(llvm.fpext, value, type=f32)
    conversion = "fptosi" if new.kind == "int" else "fptoui"
    name = f"llvm.{conversion}.sat.{type}.{value.type}"
    return lowering.compute(llvm.intrinsic, value, intrinsic=name, results=(type,), fast_math=())
