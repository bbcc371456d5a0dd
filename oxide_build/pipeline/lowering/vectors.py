"""Vector accesses: two or four adjacent elements as one load or store, aligned to all of it.

The address is checked; where the index is a multiple of the width by its form, and the
parameter's base is known to be aligned, nothing of the check remains.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Pointer, Scalar, i64
from oxide_build.pipeline.lowering.checks import trap_unless
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import register

NOT_ALIGNED = "vector access is not aligned"


@lowers(mir.vector_load)
def lower_vector_load(lowering: FunctionLowering, op: Op) -> list[Value]:
    (pointer,) = op.operands
    element, width = _element(pointer), op.attributes["width"]
    address, size = lowering.operand(op), element.size * width
    _check_aligned(lowering, address, size)
    load = lowering.emit(llvm.load_vector, address, type=element, count=width, alignment=size)
    if isinstance(pointer.type, Pointer) and pointer.type.space == "local":
        return [lowering.compute(llvm.freeze, value) for value in load.results]
    return load.results


@lowers(mir.vector_store)
def lower_vector_store(lowering: FunctionLowering, op: Op) -> tuple[()]:
    *values, address = lowering.operands(op)
    size = _element(op.operands[-1]).size * len(values)
    _check_aligned(lowering, address, size)
    lowering.emit(llvm.store_vector, *values, address, alignment=size)
    return ()


def _element(pointer: Value) -> Scalar:
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, Scalar)
    return register(pointer.type.element)


def _check_aligned(lowering: FunctionLowering, address: Value, size: int) -> None:
    if not lowering.options.bounds_checks:
        return
    number = lowering.compute(llvm.ptrtoint, address)
    low = lowering.compute(llvm.and_, number, lowering.constant(size - 1, i64))
    aligned = lowering.compute(llvm.icmp, low, lowering.constant(0, i64), predicate="eq")
    trap_unless(lowering, aligned, NOT_ALIGNED)
