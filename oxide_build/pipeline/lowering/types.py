"""What a mir value becomes: signless scalars and opaque pointers; a view and a struct are their parts.

The parts of a view are its pointer and one i32 (i64 if it is wide) an extent known only at launch; a
fixed extent is a constant wherever it is asked for. The parts of a struct are the scalars in it, those
of structs in structs included: LLVM sees no aggregates. In memory and in kernel parameters a bool
is a byte.
"""

from __future__ import annotations

from collections.abc import Iterator

from oxide_build.ir.types import SCALARS, Element, Pointer, Scalar, Space, Struct, Type, View, bool_, i8

CONSTRAINTS = {"i16": "h", "i32": "r", "i64": "l", "f32": "f", "f64": "d"}
"""The letter of a type's registers in PTX of ours."""


def register(scalar: Scalar) -> Scalar:
    """The type a scalar has in a register: unsigned integers lose their sign."""
    return SCALARS[scalar.name.replace("u", "i")] if scalar.kind == "uint" else scalar


def stored(scalar: Scalar) -> Scalar:
    """The type a scalar has in memory."""
    return i8 if scalar == bool_ else register(scalar)


def leaves(type: Element, start: int = 0) -> Iterator[tuple[int, Scalar]]:
    """The scalars in a value, each with its place in memory in bytes from the value's own."""
    if isinstance(type, Scalar):
        yield start, type
        return
    for name, field in type.fields:
        yield from leaves(field, start + type.offsets[name])


def storage(type: Element, count: int) -> tuple[Scalar, int]:
    """Memory for so many of them: of what LLVM counts it, and how many; structs in bytes."""
    return (i8, type.size * count) if isinstance(type, Struct) else (stored(type), count)


def addressed(space: Space) -> Space:
    """The space of a pointer to memory of this kind: LLVM gives a thread's own memory generic addresses."""
    return "generic" if space == "local" else space


def parts(type: Type) -> tuple[Type, ...]:
    """The types of the values a mir value becomes."""
    if isinstance(type, View):
        return (Pointer(None, addressed(type.space)), *(type.index for extent in type.shape if extent is None))
    if isinstance(type, Pointer):
        return (Pointer(None, addressed(type.space)),)
    assert isinstance(type, (Scalar, Struct))
    return tuple(register(scalar) for _, scalar in leaves(type))


def launch_parts(type: Type) -> tuple[Type, ...]:
    """The types a launch passes for a kernel's parameter: the manifest's order, every extent included."""
    if isinstance(type, View):
        return (Pointer(None, type.space), *(type.index for _ in type.shape))
    assert isinstance(type, (Scalar, Struct))
    return tuple(stored(scalar) for _, scalar in leaves(type))
