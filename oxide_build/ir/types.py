"""The types of values: scalars, structs, pointers and views.

A view is a pointer with extents, row-major; it stays one value until lowering. Types are
frozen and compare by content; `str(type)` is their text, which the parser reads back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Space: TypeAlias = Literal["global", "shared", "local", "constant", "generic"]
Access: TypeAlias = Literal["read", "disjoint", "mut"]


@dataclass(frozen=True)
class Type:
    """The root of all types."""


@dataclass(frozen=True)
class Scalar(Type):
    """A number: `kind` is `bool`, `int` (signed), `uint` or `float`; `bits` its width."""

    name: str
    kind: Literal["bool", "int", "uint", "float"]
    bits: int

    def __str__(self) -> str:
        return self.name

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer (`bool` is neither)."""
        return self.kind in ("int", "uint")

    @property
    def is_float(self) -> bool:
        """Whether this is a floating-point type."""
        return self.kind == "float"

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return max(1, self.bits // 8)

    @property
    def alignment(self) -> int:
        """What an address of one is a multiple of."""
        return self.size

    @property
    def minimum(self) -> int:
        """The least integer this integer type holds."""
        return -(1 << (self.bits - 1)) if self.kind == "int" else 0

    @property
    def maximum(self) -> int:
        """The greatest integer this integer type holds."""
        return (1 << (self.bits - (self.kind == "int"))) - 1


bool_ = Scalar("bool", "bool", 1)
i8, i16, i32, i64 = (Scalar(f"i{bits}", "int", bits) for bits in (8, 16, 32, 64))
u8, u16, u32, u64 = (Scalar(f"u{bits}", "uint", bits) for bits in (8, 16, 32, 64))
f16, f32, f64 = (Scalar(f"f{bits}", "float", bits) for bits in (16, 32, 64))
bf16 = Scalar("bf16", "float", 16)

SCALARS: dict[str, Scalar] = {
    scalar.name: scalar for scalar in (bool_, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64)
}


@dataclass(frozen=True)
class Struct(Type):
    """Named values side by side, laid out as C lays them out; `name` is the module's and its own (`shop.rays.Ray`)."""

    name: str
    fields: tuple[tuple[str, Scalar | Struct], ...]

    def __str__(self) -> str:
        return self.name

    @property
    def plain_name(self) -> str:
        """The name as its author wrote it."""
        return self.name.rpartition(".")[2]

    def field(self, name: str) -> Scalar | Struct | None:
        """The type of a field; None where there is none of that name."""
        return dict(self.fields).get(name)

    @property
    def alignment(self) -> int:
        """What an address of one is a multiple of: what its most demanding field needs."""
        return max(type.alignment for _, type in self.fields)

    @property
    def offsets(self) -> dict[str, int]:
        """Where each field starts, in bytes: behind the one before, at the next address that suits it."""
        found: dict[str, int] = {}
        end = 0
        for name, type in self.fields:
            found[name] = _aligned(end, type.alignment)
            end = found[name] + type.size
        return found

    @property
    def size(self) -> int:
        """Bytes in memory, so that the next of several in a row is aligned too."""
        name, type = self.fields[-1]
        return _aligned(self.offsets[name] + type.size, self.alignment)


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


Element: TypeAlias = Scalar | Struct
"""What views hold, device functions give and locals keep by value."""


@dataclass(frozen=True)
class Pointer(Type):
    """An address in a memory space; `element` is None where only the space matters (the llvm dialect)."""

    element: Type | None
    space: Space

    def __str__(self) -> str:
        return f"ptr<{self.space}>" if self.element is None else f"ptr<{self.element}, {self.space}>"


@dataclass(frozen=True)
class View(Type):
    """An array seen by a kernel: a pointer and one extent a dimension, None where known only at launch.

    `access` is the author's promise: `read` (Slice), `disjoint` (each thread its own element) or `mut`. Extents and
    indices are i32, those of a `wide` view i64.
    """

    DYNAMIC: ClassVar[str] = "?"

    element: Element
    shape: tuple[int | None, ...]
    access: Access
    space: Space = "global"
    wide: bool = False

    def __str__(self) -> str:
        extents = "x".join(self.DYNAMIC if extent is None else str(extent) for extent in self.shape)
        return f"view<{extents}x{self.element}, {self.access}, {self.space}{', wide' * self.wide}>"

    @property
    def rank(self) -> int:
        """How many dimensions."""
        return len(self.shape)

    @property
    def index(self) -> Scalar:
        """The type of its extents and indices."""
        return i64 if self.wide else i32
