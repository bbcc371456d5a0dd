"""Constants as their types hold them: what the compiler compares and converts is what a GPU would.

In: constants. Out: their values, floats rounded to their types, and two of them in the type they
compare in. Its own room because a literal keeps its digits until it meets a type, and only
here do they get lost.
"""

from __future__ import annotations

import math
import struct

from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, f32
from oxide_build.pipeline.frontend.operands import Constant

_FORMATS = {"f16": "<e", "f32": "<f", "bf16": "<f"}


def real(value: float) -> float:
    """A literal as a float; raises CompileError for an integer beyond them all."""
    try:
        return float(value)
    except OverflowError:
        raise CompileError("this integer is too large for any float") from None


def nearest(value: float, type: Scalar) -> float:
    """The number of a float type that is nearest, infinity beyond its range; to bf16 by way of f32."""
    if type.name not in _FORMATS:
        return value
    format = _FORMATS[type.name]
    try:
        packed = struct.pack(format, value)
    except OverflowError:
        return math.copysign(math.inf, value)
    if type.name == "bf16" and math.isfinite(value):
        bits = int.from_bytes(packed, "little")
        packed = (bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000).to_bytes(4, "little")
    (found,) = struct.unpack(format, packed)
    return float(found)


def held(constant: Constant) -> int | float | bool:
    """The constant's value: a typed float's is what its type holds, a weak literal's what is written."""
    if constant.type is None or not constant.type.is_float:
        return constant.value
    return nearest(real(constant.value), constant.type)


def comparable(left: Constant, right: Constant) -> tuple[float, float] | None:
    """Two constants in the type they compare in; None where the language has none for them."""
    type = _shared(left, right)
    if type is not None and type.is_float:
        a, b = (nearest(real(held(constant)), type) for constant in (left, right))
        return a, b
    return None if type is None and left.type != right.type else (held(left), held(right))


def _shared(left: Constant, right: Constant) -> Scalar | None:
    """The type of a pair; None for two weak literals too."""
    for weak, other in ((left, right), (right, left)):
        if weak.type is None and other.type is not None:
            if isinstance(weak.value, bool) != (other.type.kind == "bool"):
                return None
            return f32 if isinstance(weak.value, float) and other.type.is_integer else other.type
    a, b = left.type, right.type
    if a is None or b is None or a == b:
        return a
    if a.is_float and b.is_integer:
        return a
    if a.is_integer and b.is_float:
        return b
    if a.kind != b.kind or {a.name, b.name} == {"f16", "bf16"}:
        return None
    return a if a.bits > b.bits else b
