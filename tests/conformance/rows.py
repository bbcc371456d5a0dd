"""The elementwise rows: an expression of `a`, `b` and `c`, the types it is for, and what plain Python makes of it.

In: nothing. Out: `ROWS`. Its own room because a new operator or function joins the suite by one line here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from oxide_build.ir.types import SCALARS
from tests.conformance.values import FLOATS, INTEGERS, SIGNED, TYPES, edges, saturated, wrap


@dataclass(frozen=True)
class Row:
    """One expression for several types; `{T}` in it is the type.

    `reference` takes the operands (and the type's name last) as Python or NumPy numbers. `result` is the type of what
    it gives, None for the operands' own. `operands` is how many of `a`, `b`, `c` it reads, `other` the type of all but
    the first where that is not its own.
    """

    expression: str
    types: Sequence[str]
    reference: Callable[..., Any]
    result: str | None = None
    operands: int = 2
    other: str | None = None

    def cases(self, name: str) -> list[tuple[Any, ...]]:
        """Every combination of edge values; for three operands a part of them that keeps each value."""
        columns = [edges(name), *[edges(self.other or name)] * (self.operands - 1)]
        combinations = list(product(*columns))
        return combinations[:: 1 if self.operands < 3 else 7]

    def __str__(self) -> str:
        return self.expression


def _shift(value: int, amount: int, name: str, left: bool) -> int:
    amount = min(amount % (1 << SCALARS[name].bits), SCALARS[name].bits)
    return value << amount if left else value >> amount


def _divided(a: Any, b: Any, t: str) -> Any:
    return np.divide(a, b)


def _lesser(a: Any, b: Any, t: str) -> Any:
    """The number where one is NaN; -0.0 is less than 0.0."""
    return b if a != a or (b == b and (b, np.copysign(1, b)) < (a, np.copysign(1, a))) else a


def _greater(a: Any, b: Any, t: str) -> Any:
    return b if a != a or (b == b and (b, np.copysign(1, b)) > (a, np.copysign(1, a))) else a


_ARITHMETIC = [
    Row("a + b", (*INTEGERS, *FLOATS), lambda a, b, t: a + b),
    Row("a - b", (*INTEGERS, *FLOATS), lambda a, b, t: a - b),
    Row("a * b", (*INTEGERS, *FLOATS), lambda a, b, t: a * b),
    Row("a / b", FLOATS, _divided),
    Row("a // (b if b != 0 else {T}(1))", INTEGERS, lambda a, b, t: a // (b or 1)),
    Row("a % (b if b != 0 else {T}(1))", INTEGERS, lambda a, b, t: a % (b or 1)),
    Row("a // b", FLOATS, lambda a, b, t: np.floor_divide(a, b)),
    Row("a % b", FLOATS, lambda a, b, t: np.remainder(a, b)),
    Row("a ** 3", (*INTEGERS, "f32", "f64"), lambda a, t: (a * a) * a, operands=1),
    Row("-a", (*INTEGERS, *FLOATS), lambda a, t: -a, operands=1),
    Row("+a", (*INTEGERS, *FLOATS), lambda a, t: a, operands=1),
    Row("abs(a)", (*SIGNED, *FLOATS), lambda a, t: abs(a), operands=1),
    Row("a + 1", (*INTEGERS, *FLOATS), lambda a, t: a + 1, operands=1),
    Row("2.5 * a", FLOATS, lambda a, t: a * type(a)(2.5), operands=1),
    Row("min(a, b)", (*INTEGERS, *FLOATS), _lesser),
    Row("max(a, b)", (*INTEGERS, *FLOATS), _greater),
    Row("round(a)", INTEGERS, lambda a, t: a, operands=1),
    Row("round(a)", FLOATS, lambda a, t: np.rint(a), operands=1),
]

_BITS = [
    Row("a & b", ("bool", *INTEGERS), lambda a, b, t: a & b),
    Row("a | b", ("bool", *INTEGERS), lambda a, b, t: a | b),
    Row("a ^ b", ("bool", *INTEGERS), lambda a, b, t: a ^ b),
    Row("~a", INTEGERS, lambda a, t: ~a, operands=1),
    Row("a << b", INTEGERS, lambda a, b, t: _shift(a, b, t, True)),
    Row("a >> b", INTEGERS, lambda a, b, t: _shift(a, b, t, False)),
    Row("gpu.popc(a)", INTEGERS, lambda a, t: _pattern(a, t).count("1"), "i32", 1),
    Row("gpu.clz(a)", INTEGERS, lambda a, t: len(_pattern(a, t)) - len(_pattern(a, t).lstrip("0")), "i32", 1),
    Row("gpu.ctz(a)", INTEGERS, lambda a, t: len(_pattern(a, t)) - len(_pattern(a, t).rstrip("0")), "i32", 1),
    Row("gpu.brev(a)", INTEGERS, lambda a, t: int(_pattern(a, t)[::-1], 2), None, 1),
]


def _pattern(value: int, name: str) -> str:
    bits = SCALARS[name].bits
    return format(value % (1 << bits), f"0{bits}b")


_CONDITIONS = [
    Row("a < b", (*INTEGERS, *FLOATS), lambda a, b, t: a < b, "bool"),
    Row("a <= b", (*INTEGERS, *FLOATS), lambda a, b, t: a <= b, "bool"),
    Row("a > b", (*INTEGERS, *FLOATS), lambda a, b, t: a > b, "bool"),
    Row("a >= b", (*INTEGERS, *FLOATS), lambda a, b, t: a >= b, "bool"),
    Row("a == b", TYPES, lambda a, b, t: a == b, "bool"),
    Row("a != b", TYPES, lambda a, b, t: a != b, "bool"),
    Row("a < b <= c", ("i32", "u64", "f32"), lambda a, b, c, t: a < b <= c, "bool", 3),
    Row("a == b != c", ("i8", "f64"), lambda a, b, c, t: a == b != c, "bool", 3),
    Row("a and b", ("bool",), lambda a, b, t: a and b),
    Row("a or not b", ("bool",), lambda a, b, t: a or not b),
    Row("a if a < b else b", (*INTEGERS, *FLOATS), lambda a, b, t: a if a < b else b),
    Row("a != 0 and b // a > 2", SIGNED, lambda a, b, t: a != 0 and wrap(b // a, t) > 2, "bool"),
]


def _conversion(source: str, target: str) -> Row:
    if target in INTEGERS and source in FLOATS:
        return Row(f"{target}(a)", (source,), lambda a, t: saturated(float(a), target), target, 1)
    if target == "bool":
        return Row("bool(a)", (source,), lambda a, t: a != 0, "bool", 1)
    return Row(f"{target}(a)", (source,), lambda a, t: _through_single(a, source, target), target, 1)


def _through_single(value: Any, source: str, target: str) -> Any:
    """To bf16 by way of f32, as every GPU goes."""
    return np.float32(value) if target == "bf16" else value


_CONVERSIONS = [_conversion(source, target) for source in TYPES for target in TYPES]

_PROMOTIONS = [
    Row("a + b", ("i32",), lambda a, b, t: a + b, "i64", other="i64"),
    Row("a * b", ("u8",), lambda a, b, t: a * b, "u32", other="u32"),
    Row("a - b", ("f32",), lambda a, b, t: np.float64(a) - b, "f64", other="f64"),
    Row("a * b", ("i32",), lambda a, b, t: np.float32(a) * b, "f32", other="f32"),
    Row("a / b", ("u64",), lambda a, b, t: np.divide(np.float64(a), b), "f64", other="f64"),
    Row("a + b", ("f16",), lambda a, b, t: a + b, "f32", other="f32"),
    Row("a * b", ("bf16",), lambda a, b, t: np.float64(a) * b, "f64", other="f64"),
    Row("a < b", ("i8",), lambda a, b, t: a < b, "bool", other="i64"),
]

_EXACT_FUNCTIONS = [
    Row("math.sqrt(a)", FLOATS, lambda a, t: np.sqrt(a), operands=1),
    Row("gpu.math.floor(a)", FLOATS, lambda a, t: np.floor(a), operands=1),
    Row("gpu.math.ceil(a)", FLOATS, lambda a, t: np.ceil(a), operands=1),
    Row("gpu.math.trunc(a)", FLOATS, lambda a, t: np.trunc(a), operands=1),
    Row("math.fabs(a)", FLOATS, lambda a, t: np.fabs(a), operands=1),
    Row("math.fmod(a, b)", ("f32", "f64"), lambda a, b, t: np.fmod(a, b)),
    # The GPU drops the sign of a NaN where half precision widens to single.
    Row("math.copysign(a, b) if b == b else a", FLOATS, lambda a, b, t: np.copysign(a, b) if b == b else a),
    Row("math.nextafter(a, b)", ("f32", "f64"), lambda a, b, t: np.nextafter(a, b)),
    Row("math.remainder(a, b)", ("f32", "f64"), lambda a, b, t: _remainder(float(a), float(b))),
    Row("math.isnan(a)", FLOATS, lambda a, t: a != a, "bool", 1),
    Row("math.isinf(a)", FLOATS, lambda a, t: np.isinf(a), "bool", 1),
    Row("math.isfinite(a)", FLOATS, lambda a, t: np.isfinite(a), "bool", 1),
    Row("gpu.fma(a, b, c)", ("f32",), lambda a, b, c, t: _fused(a, b, c), operands=3),
]


def _remainder(a: float, b: float) -> float:
    return math.nan if math.isinf(a) or b == 0 else math.remainder(a, b)


def _fused(a: Any, b: Any, c: Any) -> Any:
    """Rounded once: single-precision products are exact in double, and extended precision holds the sum well enough."""
    return np.float32(np.longdouble(a) * np.longdouble(b) + np.longdouble(c))


ROWS: Sequence[Row] = (*_ARITHMETIC, *_BITS, *_CONDITIONS, *_CONVERSIONS, *_PROMOTIONS, *_EXACT_FUNCTIONS)
