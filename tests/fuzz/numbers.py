"""The numbers of the kernel language, in plain Python: what one operation gives, by its documented rules.

In: Python ints, floats and bools that a type can hold. Out: the same. Its own room because it
is arithmetic alone, written from docs/language.md and the head of `dialects.mir`, and shares
nothing with the compiler or the simulator it judges.
"""

from __future__ import annotations

import ctypes
import math
import struct
from fractions import Fraction

import numpy as np

INTEGERS: dict[str, tuple[bool, int]] = {
    f"{sign}{bits}": (sign == "i", bits) for sign in "iu" for bits in (8, 16, 32, 64)
}
"""Whether an integer type is signed, and its width."""
FLOATS: dict[str, int] = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64}
WIDTHS: dict[str, int] = {**{name: bits for name, (_, bits) in INTEGERS.items()}, **FLOATS}
_CODES = {8: "B", 16: "H", 32: "I", 64: "Q"}
_FLOAT_CODES = {"f16": "<e", "f32": "<f", "f64": "<d"}


def limits(type: str) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    signed, bits = INTEGERS[type]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def wrap(value: int, type: str) -> int:
    """`value` modulo two to the type's width."""
    signed, bits = INTEGERS[type]
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> bits - 1 else value


def to_integer(value: float, type: str) -> int:
    """An integer or bool wraps; a float is rounded towards zero and saturates, NaN gives 0."""
    if not isinstance(value, float):
        return wrap(int(value), type)
    low, high = limits(type)
    if math.isnan(value):
        return 0
    return (low if value < 0 else high) if math.isinf(value) else min(max(int(value), low), high)


def to_float(value: float, type: str) -> float:
    """The nearest number of the type, halves to even; to bf16 by way of f32."""
    if type == "bf16":
        return _brain(to_float(value, "f32"))
    if type == "f64":
        return _exactly(value)
    if type == "f16":
        with np.errstate(over="ignore"):
            return float(np.float16(_to_odd(value) if isinstance(value, int) else value))
    return ctypes.c_float(_to_odd(value) if isinstance(value, int) else value).value


def _exactly(value: float) -> float:
    return float(value)


def _to_odd(value: int) -> float:
    """An integer as a double that rounds further as the integer itself would."""
    if abs(value) <= 1 << 53:
        return float(value)
    extra = abs(value).bit_length() - 53
    kept = abs(value) >> extra
    kept |= kept << extra != abs(value)
    return math.copysign(float(kept << extra), value)


def _brain(value: float) -> float:
    if not math.isfinite(value):
        return value
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    rounded = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return float(struct.unpack("<f", struct.pack("<I", rounded))[0])


def step(value: float, type: str) -> float:
    """What one float operation gives: the 16-bit types compute in f32, then round once more."""
    return to_float(to_float(value, "f32"), type) if WIDTHS[type] == 16 else to_float(value, type)


def divide(a: float, b: float) -> float:
    """`a / b` as IEEE 754 has it, in double precision."""
    if b:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def modulo(a: float, b: float, type: str) -> float:
    """`a % b`: what is left of `a` after whole `b`s, with the sign of `b`; exact until its only rounding."""
    if math.isinf(a) or b == 0 or math.isnan(a) or math.isnan(b):
        return math.nan
    rest = math.fmod(a, b)
    if rest == 0:
        return math.copysign(0.0, b)
    return step(rest + b, type) if (rest < 0) != (b < 0) else rest


def floor_divide(a: float, b: float, type: str) -> float:
    """`a // b` of floats by Python's own steps, each rounded in the type (f32 for the 16-bit ones)."""
    if b == 0:
        return divide(a, b)
    if math.isinf(a) or math.isnan(a) or math.isnan(b):
        return math.nan
    at = "f32" if WIDTHS[type] == 16 else type
    rest = math.fmod(a, b)
    quotient = to_float(divide(to_float(a - rest, at), b), at)
    if rest and (rest < 0) != (b < 0):
        quotient = to_float(quotient - 1.0, at)
    if quotient == 0:
        return math.copysign(0.0, divide(a, b))
    if math.isinf(quotient):
        return quotient
    whole = float(math.floor(quotient))
    return step(whole + 1.0 if quotient - whole > 0.5 else whole, type)


def shift_left(value: int, amount: int, type: str) -> int:
    """`value << amount`, the amount counting as unsigned; from the width on 0."""
    _, bits = INTEGERS[type]
    amount &= (1 << bits) - 1
    return wrap(value << amount, type) if amount < bits else 0


def shift_right(value: int, amount: int, type: str) -> int:
    """`value >> amount`, the amount counting as unsigned; from the width on 0 or the sign."""
    _, bits = INTEGERS[type]
    return value >> min(amount & (1 << bits) - 1, bits)


def least(a: float, b: float) -> float:
    """`min(a, b)`; the other one where one is NaN."""
    return b if a != a else a if b != b else min(a, b)


def greatest(a: float, b: float) -> float:
    """`max(a, b)`; the other one where one is NaN."""
    return b if a != a else a if b != b else max(a, b)


def fused(a: float, b: float, c: float, type: str) -> float:
    """`a * b + c`, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c if not (math.isfinite(a) and math.isfinite(b)) else c
    total = Fraction(a) * Fraction(b) + Fraction(c)
    if total == 0:
        return a * b + c if a == 0 or b == 0 else 0.0
    return _rounded(total, type)


def _rounded(total: Fraction, type: str) -> float:
    """An exact number in f32 or f64."""
    digits, least_exponent = {"f32": (24, -149), "f64": (53, -1074)}[type]
    size = abs(total)
    exponent = max(_magnitude(size) - digits, least_exponent)
    unit = Fraction(2) ** exponent
    whole, rest = divmod(size, unit)
    up = rest * 2 > unit or (rest * 2 == unit and whole % 2 == 1)
    try:
        value = math.ldexp(float(whole + up), exponent)
    except OverflowError:
        value = math.inf
    return to_float(value if total > 0 else -value, type)


def _magnitude(size: Fraction) -> int:
    """The number of bits before the point of a positive number."""
    guess = size.numerator.bit_length() - size.denominator.bit_length()
    return guess + 1 if size >= Fraction(2) ** guess else guess


def root(value: float, type: str) -> float:
    """The square root; NaN below zero."""
    if value < 0:
        return math.nan
    return value if value != value or math.isinf(value) else step(math.sqrt(value), type)


def whole(value: float, how: str) -> float:
    """A float rounded to a whole one, its sign kept: `floor`, `ceil`, `trunc`, or `round` (halves to even)."""
    if not math.isfinite(value):
        return value
    rule = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round}[how]
    return math.copysign(float(rule(value)), value)


def bits_of(value: float, type: str) -> int:
    """A number's bits as an unsigned integer."""
    if type in INTEGERS:
        return int(value) & (1 << WIDTHS[type]) - 1
    if type == "bf16":
        return bits_of(value, "f32") >> 16
    code = _FLOAT_CODES[type]
    return int.from_bytes(struct.pack(code, value), "little")


def from_bits(bits: int, type: str) -> float:
    """The number of a type that has these bits."""
    if type in INTEGERS:
        return wrap(bits, type)
    if type == "bf16":
        return from_bits(bits << 16, "f32")
    return float(struct.unpack(_FLOAT_CODES[type], bits.to_bytes(WIDTHS[type] // 8, "little"))[0])


def bitcast(value: float, source: str, target: str) -> float:
    """The bits of a number read as another type."""
    return from_bits(bits_of(value, source), target)


def count(name: str, value: int, type: str) -> int:
    """`popc`, `clz`, `ctz` (the width for 0) and `brev` of an integer."""
    digits = f"{bits_of(value, type):0{WIDTHS[type]}b}"
    if name == "brev":
        return wrap(int(digits[::-1], 2), type)
    if name == "popc":
        return digits.count("1")
    return len(digits) - len((digits.lstrip if name == "clz" else digits.rstrip)("0"))
