"""Memory: views are a pointer and extents here, elements are addressed in 64 bits.

No pointer is marked `noalias` or `readonly`: arrays may overlap, and LLVM would read them
through the cache that does not see other threads' writes.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Element, Pointer, Scalar, Space, Struct, Type, View, bool_, i8, i64
from oxide_build.pipeline.lowering.conversions import convert, truth
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import leaves, stored


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
    return _address(lowering, pointer, offset, _element(op.result))


@lowers(mir.subview)
def lower_subview(lowering: FunctionLowering, op: Op) -> list[Value]:
    view, index = op.operands
    assert isinstance(view.type, View)
    offset = _wide(lowering, lowering.operand(op, 1), index.type)
    for dimension in range(1, view.type.rank):
        offset = lowering.compute(llvm.mul, offset, _extent(lowering, view, dimension))
    pointer, *extents = lowering.parts(view)
    start = _address(lowering, pointer, offset, view.type.element)
    return [start, *(extents if view.type.shape[0] is not None else extents[1:])]


def _address(lowering: FunctionLowering, pointer: Value, index: Value, element: Element) -> Value:
    """Where the element at an index lies, counted from `pointer`."""
    if isinstance(element, Scalar):
        return lowering.compute(llvm.getelementptr, pointer, index, element=stored(element))
    offset = lowering.compute(llvm.mul, index, lowering.constant(element.size, i64))
    return lowering.compute(llvm.getelementptr, pointer, offset, element=i8)


@lowers(mir.field_address)
def lower_field_address(lowering: FunctionLowering, op: Op) -> Value:
    struct = _element(op.operands[0])
    assert isinstance(struct, Struct)
    return _beyond(lowering, lowering.operand(op), struct.offsets[op.attributes["field"]])


def _beyond(lowering: FunctionLowering, pointer: Value, bytes: int) -> Value:
    """The address so many bytes on."""
    if not bytes:
        return pointer
    return lowering.compute(llvm.getelementptr, pointer, lowering.constant(bytes, i64), element=i8)


def _extent(lowering: FunctionLowering, view: Value, dimension: int) -> Value:
    assert isinstance(view.type, View)
    return _wide(lowering, lowering.extent(view, dimension), view.type.index)


def _wide(lowering: FunctionLowering, value: Value, type: Type) -> Value:
    assert isinstance(type, Scalar)
    return convert(lowering, value, type, i64)


def _element(pointer: Value) -> Element:
    """The type of what a typed mir pointer points to."""
    assert isinstance(pointer.type, Pointer)
    assert isinstance(pointer.type.element, (Scalar, Struct))
    return pointer.type.element


def _space(pointer: Value) -> Space:
    assert isinstance(pointer.type, Pointer)
    return pointer.type.space


@lowers(mir.load)
def lower_load(lowering: FunctionLowering, op: Op) -> list[Value]:
    """One load for each scalar of a struct: LLVM drops those that nobody needs."""
    (pointer,) = op.operands
    address, local = lowering.operand(op), _space(pointer) == "local"
    places = leaves(_element(pointer))
    return [_load(lowering, _beyond(lowering, address, offset), scalar, local) for offset, scalar in places]


def _load(lowering: FunctionLowering, address: Value, scalar: Scalar, local: bool) -> Value:
    value = lowering.compute(llvm.load, address, type=stored(scalar), alignment=scalar.size)
    if local:
        # What a thread reads before it has written is any one value, never undefined behaviour.
        value = lowering.compute(llvm.freeze, value)
    return truth(lowering, value) if scalar == bool_ else value


@lowers(mir.store)
def lower_store(lowering: FunctionLowering, op: Op) -> tuple[()]:
    value, pointer = op.operands
    address = lowering.operand(op, 1)
    for part, (offset, scalar) in zip(lowering.parts(value), leaves(_element(pointer)), strict=True):
        kept = lowering.compute(llvm.zext, part, type=stored(scalar)) if scalar == bool_ else part
        lowering.emit(llvm.store, kept, _beyond(lowering, address, offset), alignment=scalar.size)
    return ()
