"""What mathematical and bit functions compute, in NumPy.

In: a function's name in the tables of `dialects.functions`. Out: its meaning over arrays
of one dtype. Its own room because many have no ufunc: they are Python's, one number at a
time in double precision, or written out here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from oxide_build.dialects.functions import MATH_FUNCTIONS
from oxide_build.simulator.threads import Array

Compute: TypeAlias = Callable[..., Array]


def _in_double(compute: Compute) -> Compute:
    """Compute in double precision and round to the type of the first operand."""

    def run(*operands: Array) -> Array:
        found: Array = np.asarray(compute(*(x.astype(np.float64) for x in operands))).astype(operands[0].dtype)[()]
        return found

    return run


def _one_by_one(function: Callable[..., float]) -> Compute:
    return _in_double(np.vectorize(function, otypes=[np.float64]))


def _gamma(x: float) -> float:
    """C's tgamma: Python's raises where it overflows and at its poles."""
    if x == 0:
        return math.copysign(math.inf, x)
    try:
        return math.gamma(x)
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf if x > 0 or math.floor(x) % 2 == 0 else -math.inf


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def _remainder(x: float, y: float) -> float:
    try:
        return math.remainder(x, y)
    except ValueError:
        return math.nan


def _fma(x: Array, y: Array, z: Array) -> Array:
    """x * y + z, rounded once."""
    if x.dtype == np.float64:
        return np.asarray(_fma_of_doubles(x, y, z))[()]
    found: Array = _double_fma_to_odd(x, y, z).astype(x.dtype)[()]
    return found


def fma_to_odd(x: Array, y: Array, z: Array) -> Array:
    """x * y + z of f32 as an f32 that can still be rounded to a bf16, as if it were exact."""
    total = _double_fma_to_odd(x, y, z)
    single = total.astype(np.float32)
    return _to_odd(single, total - single, np.uint32)


def _double_fma_to_odd(x: Array, y: Array, z: Array) -> Array:
    # The product is exact in double precision, and the error of a sum is known exactly.
    product, addend = x.astype(np.float64) * y.astype(np.float64), z.astype(np.float64)
    total = np.asarray(product + addend)
    back = total - product
    return _to_odd(total, (product - (total - back)) + (addend - back), np.uint64)


def _to_odd(total: Array, error: Array, bits: type[np.unsignedinteger[Any]]) -> Array:
    """`total`, moved by one where it is not exact and its last bit is even: rounding again then errs no second time."""
    even = np.isfinite(total) & (error != 0) & (total.view(bits) & bits(1) == 0)
    found: Array = np.where(even, np.nextafter(total, np.copysign(total.dtype.type(np.inf), error)), total)
    return found.astype(total.dtype)


def _exact_fma(x: float, y: float, z: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)) or x == 0 or y == 0 or z == 0:
        return x * y + z if math.isfinite(z) or not (math.isfinite(x) and math.isfinite(y)) else z
    total = Fraction(x) * Fraction(y) + Fraction(z)
    try:
        return float(total)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


_fma_of_doubles: Any = np.vectorize(_exact_fma, otypes=[np.float64])

_WRITTEN_OUT: Mapping[str, Compute] = {
    "rsqrt": _in_double(lambda x: 1.0 / np.sqrt(x)),
    "erf": _one_by_one(math.erf),
    "erfc": _one_by_one(math.erfc),
    "gamma": _one_by_one(_gamma),
    "lgamma": _one_by_one(_lgamma),
    "remainder": _one_by_one(_remainder),
    "fma": _fma,
}

MATH: Mapping[str, Compute] = {
    **{name: getattr(np, function.numpy) for name, function in MATH_FUNCTIONS.items() if function.numpy},
    **_WRITTEN_OUT,
}
"""The mathematical functions by name."""


def _octets(value: Array) -> Array:
    """An integer's bits, one a column, the highest first."""
    unsigned = np.atleast_1d(value).view(f"u{value.dtype.itemsize}")
    big_endian = unsigned.astype(unsigned.dtype.newbyteorder(">"))
    bits: Array = np.unpackbits(big_endian.view(np.uint8).reshape(len(unsigned), -1), axis=1)
    return bits


def _counting(count: Callable[[Array], Array]) -> Compute:
    def run(value: Array) -> Array:
        found: Array = count(_octets(value)).astype(np.int32).reshape(value.shape)[()]
        return found

    return run


def _leading_zeros(bits: Array) -> Array:
    count: Array = np.where(bits.any(axis=1), bits.argmax(axis=1), bits.shape[1])
    return count


def _reverse(value: Array) -> Array:
    packed = np.packbits(_octets(value)[:, ::-1], axis=1)
    unsigned = packed.reshape(-1).view(f">u{value.dtype.itemsize}").astype(f"u{value.dtype.itemsize}")
    found: Array = unsigned.view(value.dtype).reshape(value.shape)[()]
    return found


BITS: Mapping[str, Compute] = {
    "popc": _counting(lambda bits: bits.sum(axis=1)),
    "clz": _counting(_leading_zeros),
    "ctz": _counting(lambda bits: _leading_zeros(bits[:, ::-1])),
    "brev": _reverse,
}
"""The bit functions by name."""
