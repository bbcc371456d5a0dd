"""Memory: views are a pointer and extents here, elements are addressed in 64 bits.

No pointer is marked `noalias` or `readonly`: arrays may overlap, and LLVM would read them
through the cache that does not see other threads' writes.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Pointer, Scalar, Space, Type, View, bool_, i64
from oxide_build.pipeline.lowering.conversions import convert, truth
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import stored


@lowers(mir.extent)
def lower_extent(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.extent(op.operands[0], op.attributes["dimension"])


@lowers(mir.element)
def lower_element(lowering: FunctionLowering, op: Op) -> Value:
    view, first, *rest = op.operands
    offset = _wide(lowering, lowering.operand(op, 1), first.type)
    for dimension, index in enumerate(rest, 1):
        row = lowering.compute(llvm.mul, offset, _extent(lowering, view, dimension))
        column = _wide(lowering, lowering.operand(op, 1 + dimension), index.type)
        offset = lowering.compute(llvm.add, row, column)
    pointer, *_ = lowering.parts(view)
    return lowering.compute(llvm.getelementptr, pointer, offset, element=_element(op.result))


@lowers(mir.subview)
def lower_subview(lowering: FunctionLowering, op: Op) -> list[Value]:
    view, index = op.operands
    assert isinstance(view.type, View)
    offset = _wide(lowering, lowering.operand(op, 1), index.type)
    for dimension in range(1, view.type.rank):
        offset = lowering.compute(llvm.mul, offset, _extent(lowering, view, dimension))
    pointer, *extents = lowering.parts(view)
    start = lowering.compute(llvm.getelementptr, pointer, offset, element=stored(view.type.element))
    return [start, *(extents if view.type.shape[0] is not None else extents[1:])]


def _extent(lowering: FunctionLowering, view: Value, dimension: int) -> Value:
    assert isinstance(view.type, View)
    return _wide(lowering, lowering.extent(view, dimension), view.type.index)


def _wide(lowering: FunctionLowering, value: Value, type: Type) -> Value:
    assert isinstance(type, Scalar)
    return convert(lowering, value, type, i64)


def _element(pointer: Value) -> Scalar:
    """The type in memory of what a typed mir pointer points to."""
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, Scalar)
    return stored(pointer.type.element)


def _space(pointer: Value) -> Space:
    assert isinstance(pointer.type, Pointer)
    return pointer.type.space


@lowers(mir.load)
def lower_load(lowering: FunctionLowering, op: Op) -> Value:
    type = _element(op.operands[0])
    value = lowering.compute(llvm.load, lowering.operand(op), type=type, alignment=type.size)
    if _space(op.operands[0]) == "local":
        # What a thread reads before it has written is any one value, never undefined behaviour.
        value = lowering.compute(llvm.freeze, value)
    return truth(lowering, value) if op.result.type == bool_ else value


@lowers(mir.store)
def lower_store(lowering: FunctionLowering, op: Op) -> tuple[()]:
    type, (value, pointer) = _element(op.operands[1]), lowering.operands(op)
    if op.operands[0].type == bool_:
        value = lowering.compute(llvm.zext, value, type=type)
    lowering.emit(llvm.store, value, pointer, alignment=type.size)
    return ()
