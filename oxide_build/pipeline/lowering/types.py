"""What a mir value becomes: signless scalars and opaque pointers; a view is its parts.

The parts of a view are its pointer and one i32 (i64 if it is wide) an extent known only at launch; a fixed
extent is a constant wherever it is asked for. In memory and in kernel parameters a bool
is a byte.
"""

from __future__ import annotations

from oxide_build.ir.types import SCALARS, Pointer, Scalar, Space, Type, View, bool_, i8

CONSTRAINTS = {"i16": "h", "i32": "r", "i64": "l", "f32": "f", "f64": "d"}
"""The letter of a type's registers in PTX of ours."""


def register(scalar: Scalar) -> Scalar:
    """The type a scalar has in a register: unsigned integers lose their sign."""
    return SCALARS[scalar.name.replace("u", "i")] if scalar.kind == "uint" else scalar


def stored(scalar: Scalar) -> Scalar:
    """The type a scalar has in memory."""
    return i8 if scalar == bool_ else register(scalar)


def addressed(space: Space) -> Space:
    """The space of a pointer to memory of this kind: LLVM gives a thread's own memory generic addresses."""
    return "generic" if space == "local" else space


def parts(type: Type) -> tuple[Type, ...]:
    """The types of the values a mir value becomes."""
    if isinstance(type, View):
        return (Pointer(None, addressed(type.space)), *(type.index for extent in type.shape if extent is None))
    if isinstance(type, Pointer):
        return (Pointer(None, addressed(type.space)),)
    assert isinstance(type, Scalar)
    return (register(type),)


def launch_parts(type: Type) -> tuple[Type, ...]:
    """The types a launch passes for a kernel's parameter: the manifest's order, every extent included."""
    if isinstance(type, View):
        return (Pointer(None, type.space), *(type.index for _ in type.shape))
    assert isinstance(type, Scalar)
    return (stored(type),)
