"""How operands become values of the type a place wants, and how two operands agree on one.

The rules are language.md's: weak literals take their neighbour's type; operands of one
kind widen; an integer with a float becomes that float; everything else is an error that
names the cast to write.
"""

from __future__ import annotations

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Element, Scalar, Struct, View, bool_
from oxide_build.pipeline.frontend.builder import FunctionBuilder
from oxide_build.pipeline.frontend.constants import typed_constant
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
    OwnIndex,
    Record,
    StaticType,
    Witness,
    describe,
    describe_type,
    type_of,
)


def materialise(f: FunctionBuilder, operand: Operand) -> ir.Value:
    """The operand as a value of its own type; CompileError for a tuple."""
    if isinstance(operand, Constant):
        return f.constant(typed_constant(operand, operand.alone).value, operand.alone)
    if isinstance(operand, Record):
        return f.value(mir.struct(*(materialise(f, value) for value in operand.values), type=operand.type))
    if isinstance(operand, OwnIndex):
        return operand.value
    if isinstance(operand, tuple):
        raise CompileError(f"one value is needed here, this is {describe(operand)}", help="unpack it: `a, b = …`")
    return operand


def scalar(f: FunctionBuilder, operand: Operand) -> ir.Value:
    """The operand as a number; CompileError for a view, a struct or a tuple."""
    value = materialise(f, operand)
    if isinstance(value.type, Struct):
        name = value.type.fields[0][0]
        help = f"take one of its fields, such as `.{name}`; for all of them write a `@gpu.device` function"
        raise CompileError(f"a number is needed here, this is a {describe(operand)}", help=help)
    if isinstance(value.type, View):
        raise CompileError(f"a number is needed here, this is a {describe(operand)}", help="index it: `x[i]`")
    return value


def scalar_type(value: ir.Value) -> Scalar:
    """The type of a value known to be a number."""
    assert isinstance(value.type, Scalar)
    return value.type


def coerce(f: FunctionBuilder, operand: Operand, type: Element, what: str) -> ir.Value:
    """The operand as `type`, where that loses nothing the language minds; `what` names the place in the error."""
    if isinstance(type, Struct):
        return _same_struct(f, operand, type, what)
    if isinstance(operand, Constant) and operand.type is None:
        return _weak(f, operand, type, what)
    value = scalar(f, operand)
    source = scalar_type(value)
    if source == type:
        return value
    if not _widens(source, type):
        raise CompileError(
            f"{what} is {type}, this is {describe(operand)}", help=f"convert it: {describe_type(type)}(…)"
        )
    return cast(f, value, type)


def _same_struct(f: FunctionBuilder, operand: Operand, type: Struct, what: str) -> ir.Value:
    if not isinstance(operand, tuple) and type_of(operand) == type:
        return materialise(f, operand)
    made = f"{type.plain_name}({', '.join(name for name, _ in type.fields)})"
    raise CompileError(f"{what} is {type.plain_name}, this is {describe(operand)}", help=f"make one: {made}")


def _weak(f: FunctionBuilder, constant: Constant, type: Scalar, what: str) -> ir.Value:
    value = constant.value
    if isinstance(value, bool) != (type == bool_):
        raise CompileError(f"{what} is {type}, this is {describe(constant)}", help=f"convert it: {type}(…)")
    if isinstance(value, float) and not type.is_float:
        raise CompileError(f"{what} is {type}, this is {describe(constant)}", help=f"convert it: {type}({value!r})")
    return f.constant(typed_constant(constant, type).value, type)


def _widens(source: Scalar, target: Scalar) -> bool:
    if source.kind == target.kind:
        return source.bits <= target.bits and {source.name, target.name} != {"f16", "bf16"}
    return source.is_integer and target.is_float


def cast(f: FunctionBuilder, value: ir.Value, type: Scalar) -> ir.Value:
    """An explicit conversion."""
    return value if value.type == type else f.value(mir.cast(value, type=type))


def unify(f: FunctionBuilder, left: Operand, right: Operand, symbol: str) -> tuple[ir.Value, ir.Value]:
    """Both operands in the one type the language gives their combination; `symbol` names it in the error."""
    if is_weak(left) == is_weak(right):
        a, b = scalar(f, left), scalar(f, right)
        type = common_type(scalar_type(a), scalar_type(b))
        if type is None:
            raise _disagree(left, right, symbol, scalar_type(a), scalar_type(b))
        return cast(f, a, type), cast(f, b, type)
    if is_weak(right):
        b, a = _beside_weak(f, right, left, symbol)
        return a, b
    return _beside_weak(f, left, right, symbol)


def is_weak(operand: Operand) -> bool:
    """Whether this is a literal without a type of its own."""
    return isinstance(operand, Constant) and operand.type is None


def _beside_weak(f: FunctionBuilder, literal: Operand, other: Operand, symbol: str) -> tuple[ir.Value, ir.Value]:
    assert isinstance(literal, Constant)
    value = scalar(f, other)
    type = scalar_type(value)
    if isinstance(literal.value, float) and type.is_integer:
        type = literal.alone
    return _weak(f, literal, type, f"the other side of `{symbol}`"), cast(f, value, type)


def common_type(a: Scalar, b: Scalar) -> Scalar | None:
    """The type two numbers combine in, or None where the author must say."""
    if a == b:
        return a
    if _widens(a, b):
        return b
    return a if _widens(b, a) else None


def _disagree(left: Operand, right: Operand, symbol: str, a: Scalar, b: Scalar) -> CompileError:
    message = f"`{symbol}` of {describe(left)} and {describe(right)}"
    if bool_ in (a, b):
        return CompileError(message, help="a bool is no number: convert it, i32(…)")
    if a.is_integer and b.is_integer:
        return CompileError(message, help=f"signed and unsigned do not mix: convert one, {a}(…) or {b}(…)")
    return CompileError(message, help=f"convert one: {a}(…) or {b}(…)")


def pass_argument(f: FunctionBuilder, operand: Operand, type: StaticType, what: str) -> ir.Value:
    """The operand as an argument of a device function's parameter of `type`."""
    if isinstance(type, (Scalar, Struct)):
        return coerce(f, operand, type, what)
    if isinstance(type, Witness):
        if isinstance(operand, OwnIndex) and operand.witness == type:
            return operand.value
        raise CompileError(
            f"{what} is {describe_type(type)}, this is {describe(operand)}",
            help="pass the result of gpu.index_1d(), index_2d() or index_3d() itself, not a number computed from it",
        )
    assert isinstance(type, View)
    if isinstance(operand, tuple):
        operand = f.table(operand)
    if isinstance(operand, ir.Value) and isinstance(operand.type, View) and _view_fits(operand.type, type):
        return operand
    raise CompileError(f"{what} is {describe_type(type)}, this is {describe(operand)}")


def _view_fits(given: View, wanted: View) -> bool:
    access = given.access == wanted.access or (given.access, wanted.access) == ("mut", "read")
    return access and given.element == wanted.element and given.rank == wanted.rank and given.wide == wanted.wide
