"""`print`: the driver's vprintf, its arguments packed in memory of the thread's own as C's variadic calls pass them."""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Scalar, f64, i8, i32, i64
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

_LONG = 8
_SPECIFIERS = {("int", 4): "%d", ("uint", 4): "%u", ("int", 8): "%lld", ("uint", 8): "%llu"}


@lowers(mir.print_)
def lower_print(lowering: FunctionLowering, op: Op) -> tuple[()]:
    first, *texts = (text.replace("%", "%%") for text in op.attributes["texts"])
    types = [operand.type for operand in op.operands if isinstance(operand.type, Scalar)]
    passed = [_promoted(lowering, value, type) for value, type in zip(lowering.operands(op), types, strict=True)]
    form = first + "".join(_specifier(type) + text for type, text in zip(types, texts, strict=True))
    lowering.call("vprintf", lowering.text(form), _packed(lowering, passed), results=(i32,))
    return ()


def _specifier(type: Scalar) -> str:
    if type.kind == "bool":
        return "%s"
    return "%g" if type.is_float else _SPECIFIERS[type.kind, max(4, type.size)]


def _promoted(lowering: FunctionLowering, value: Value, type: Scalar) -> Value:
    """A value as C passes it to a variadic function: at least 32 bits, floats as double; a bool is its name."""
    if type.kind == "bool":
        return lowering.compute(llvm.select, value, lowering.text("True"), lowering.text("False"))
    if type.is_float:
        return value if type == f64 else lowering.compute(llvm.fpext, value, type=f64)
    if type.size >= i32.size:
        return value
    return lowering.compute(llvm.sext if type.kind == "int" else llvm.zext, value, type=i32)


def _packed(lowering: FunctionLowering, values: list[Value]) -> Value:
    """The values one after the other, each at a multiple of its size."""
    buffer = lowering.alloca(_LONG * max(1, len(values)), _LONG)
    offset = 0
    for value in values:
        size = value.type.size if isinstance(value.type, Scalar) else _LONG
        offset = -(-offset // size) * size
        place = lowering.compute(llvm.getelementptr, buffer, lowering.constant(offset, i64), element=i8)
        lowering.emit(llvm.store, value, place, alignment=size)
        offset += size
    return buffer
