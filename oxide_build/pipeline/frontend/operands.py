"""What an expression of a kernel can be, and how its type is called in the author's words.

An operand is a value of the IR, a constant known to the compiler, the thread's own index
(a witness that no other thread holds the same number), or a tuple of operands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from oxide_build import ir
from oxide_build.ir.types import Scalar, Struct, Type, View, bool_, f32, i32, i64


@dataclass(frozen=True)
class Constant:
    """A number known at compile time; without a type it is a weak literal that takes its neighbour's."""

    value: int | float | bool
    type: Scalar | None = None

    @property
    def alone(self) -> Scalar:
        """The type it has where nothing else decides: i32 (i64 if it does not fit), f32, bool."""
        if self.type is not None:
            return self.type
        if isinstance(self.value, bool):
            return bool_
        if isinstance(self.value, float):
            return f32
        return i32 if i32.minimum <= self.value <= i32.maximum else i64


@dataclass(frozen=True)
class Record:
    """A struct known at compile time: the values of its fields in order, of exactly their types."""

    type: Struct
    values: tuple[Constant | Record, ...]

    def field(self, name: str) -> Constant | Record | None:
        """The value of a field; None where there is none of that name."""
        names = [field for field, _ in self.type.fields]
        return self.values[names.index(name)] if name in names else None


@dataclass(frozen=True)
class Witness:
    """The static type of a thread's own index: which of how many dimensions (0 is x, the last axis of an array).

    It is an i32, a `wide` one an i64.
    """

    dims: int
    axis: int
    wide: bool = False

    @property
    def scalar(self) -> Scalar:
        """The type of the number."""
        return i64 if self.wide else i32

    @property
    def narrow(self) -> Witness:
        """Of what this is the own index, whatever its width."""
        return Witness(self.dims, self.axis)


@dataclass(frozen=True)
class OwnIndex:
    """A number together with the proof that it is the thread's own."""

    value: ir.Value
    witness: Witness


Operand: TypeAlias = "ir.Value | Constant | Record | OwnIndex | tuple[Operand, ...]"
StaticType: TypeAlias = "Type | Witness"

_VIEW_NAMES = {"read": "Slice", "disjoint": "DisjointSlice", "mut": "MutSlice"}
WITNESS_NAMES = {
    Witness(1, 0): "Index1D",
    Witness(2, 1): "IndexRow",
    Witness(2, 0): "IndexCol",
    Witness(3, 2): "IndexPlane",
    Witness(3, 1): "IndexRow3D",
    Witness(3, 0): "IndexCol3D",
}


def describe_type(type: StaticType) -> str:
    """A type as the author writes it."""
    if isinstance(type, Witness):
        return WITNESS_NAMES[type.narrow] + " in i64" * type.wide
    if isinstance(type, Struct):
        return type.plain_name
    if not isinstance(type, View):
        return str(type)
    element = describe_type(type.element)
    if type.space != "global":
        return f"{type.space} array of {element}"
    if None not in type.shape:
        return f"table of {element}"
    dimension = "" if type.rank == 1 else f"{type.rank}D"
    name = f"{_VIEW_NAMES[type.access]}{dimension}[{element}]"
    return f"Wide[{name}]" if type.wide else name


def describe(operand: Operand) -> str:
    """An operand's type, or the literal itself, as the author writes it."""
    if isinstance(operand, tuple):
        return f"a tuple of {len(operand)}"
    if isinstance(operand, Constant):
        return str(operand.type) if operand.type is not None else f"the literal {operand.value!r}"
    return describe_type(type_of(operand))


def type_of(operand: ir.Value | Constant | Record | OwnIndex) -> StaticType:
    """The static type an operand has on its own."""
    if isinstance(operand, Constant):
        return operand.alone
    return operand.witness if isinstance(operand, OwnIndex) else operand.type
