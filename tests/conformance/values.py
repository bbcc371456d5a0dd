"""Edge values of every scalar type, and what the language says numbers do: plain Python and NumPy scalars.

In: names of scalar types. Out: operands worth trying, and exact references. Its own room because neither the compiler
nor the simulator may lend the suite their own idea of a number. A bf16 is its bit pattern in arrays, a single-precision
number in references.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oxide_build.ir.types import SCALARS

INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
SIGNED = INTEGERS[:4]
HALVES = ("f16", "bf16")
FLOATS = ("f32", "f64", *HALVES)
WORDS = ("i32", "u32", "i64", "u64", "f32", "f64")
TYPES = ("bool", *INTEGERS, *FLOATS)
INF, NAN = math.inf, math.nan
_STORED = {"bool": "?", "f16": "f2", "bf16": "u2", "f32": "f4", "f64": "f8"}
_COMPUTED = {"f16": np.float32, "bf16": np.float32, "f32": np.float32, "f64": np.float64}


def dtype(name: str) -> np.dtype[Any]:
    """What an array of this type is in NumPy."""
    return np.dtype(_STORED.get(name) or f"{name[0]}{int(name[1:]) // 8}")


def edges(name: str) -> list[Any]:
    """Operands worth trying: the ends of the type, what is beside them, signs, NaN and infinities."""
    if name == "bool":
        return [False, True]
    return _float_edges(name) if name in FLOATS else _integer_edges(name)


def _integer_edges(name: str) -> list[int]:
    type = SCALARS[name]
    values = [0, 1, 2, 3, 7, type.bits - 1, type.bits, type.bits + 1, type.maximum // 3, type.maximum - 1, type.maximum]
    negative = [-1, -2, -3, -7, type.minimum + 1, type.minimum]
    return values + negative * (type.kind == "int")


def _float_edges(name: str) -> list[float]:
    largest, least = {
        "f16": (65504.0, 2.0**-24),
        "bf16": (2.0**128 - 2.0**120, 2.0**-133),
        "f32": (2.0**128 - 2.0**104, 2.0**-149),
        "f64": (np.finfo(np.float64).max, 5e-324),
    }[name]
    values = [0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 7.75, 100.0, least, largest, INF]
    return [sign * float(value) for value in values for sign in (1, -1)] + [NAN]


def wrap(value: int, name: str) -> int:
    """An integer as the type holds it."""
    type = SCALARS[name]
    return (value - type.minimum) % (1 << type.bits) + type.minimum


def rounded(value: Any, name: str) -> Any:
    """A number as the float type holds it, to nearest even, given as a NumPy scalar of the type it is computed in."""
    with np.errstate(all="ignore"):
        if name == "f16":
            return np.float32(np.float16(np.float32(value)))
        if name == "bf16":
            return numbers(stored([value], "bf16"), "bf16")[0]
        return _COMPUTED[name](value)


def held(value: Any, name: str) -> Any:
    """A reference's value as the type holds it: wrapped, rounded, or true."""
    if name == "bool":
        return bool(value)
    return rounded(value, name) if name in FLOATS else wrap(int(value), name)


def saturated(value: float, name: str) -> int:
    """A float as an integer: towards zero, no further than the type goes, 0 for NaN."""
    type = SCALARS[name]
    if value != value:
        return 0
    return int(max(type.minimum, min(type.maximum, value if math.isinf(value) else math.trunc(value))))


def stored(values: Any, name: str) -> Any:
    """Numbers as the array that holds them."""
    with np.errstate(all="ignore"):
        if name != "bf16":
            return np.array(values, dtype(name))
        single = np.array(values, np.float32)
        word = single.view(np.uint32).astype(np.uint64)
        nearest = (word + 0x7FFF + (word >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
        return np.where(np.isnan(single), 0x7FC0, nearest).astype(np.uint16)


def numbers(array: Any, name: str) -> Any:
    """What an array holds, as numbers."""
    return (array.astype(np.uint32) << 16).view(np.float32) if name == "bf16" else array


def expect_same(found: Any, expected: Any, name: str, what: object) -> None:
    """The same bits; one NaN is as good as another."""
    a, b = numbers(found, name), numbers(expected, name)
    if name in FLOATS:
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=str(what))
        known = ~np.isnan(a)
        found, expected = found[known], expected[known]
    np.testing.assert_array_equal(found, expected, err_msg=str(what))
    assert found.tobytes() == expected.tobytes(), what


def expect_close(found: Any, expected: Any, name: str, ulp: float, what: object) -> None:
    """Not finite where the other is not, and else within `ulp` units in the last place; infinity is one beyond."""
    a, exact = numbers(found, name).astype(np.longdouble), np.asarray(expected, np.longdouble)
    nearest = numbers(stored(exact.astype(np.float64), name), name)
    finite = np.isfinite(nearest)
    np.testing.assert_array_equal(a[~finite], nearest[~finite].astype(np.longdouble), err_msg=str(what))
    bits = {"f16": 10, "bf16": 7, "f32": 23, "f64": 52}[name]
    least, beyond = {"f16": (-24, 16), "bf16": (-133, 128), "f32": (-149, 128), "f64": (-1074, 1024)}[name]
    a = np.where(np.isinf(a), np.copysign(np.ldexp(np.longdouble(1), beyond), a), a)
    _, exponent = np.frexp(exact[finite])
    unit = np.ldexp(np.longdouble(1), np.maximum(exponent - 1 - bits, least))
    error = np.abs(a[finite] - exact[finite]) / unit
    assert not error.size or float(error.max()) <= ulp, (what, float(error.max()), ulp)
