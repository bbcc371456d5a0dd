"""Numbers of the language: every scalar type, conversions, bits, `math`; each against plain Python or NumPy."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from oxide_build.dialects.functions import MATH_FUNCTIONS
from oxide_build.ir.types import SCALARS, Scalar
from tests.frontend.conftest import Run

INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
HALVES = ("f16", "bf16")
FLOATS = ("f32", "f64", *HALVES)
TYPES = ("bool", *INTEGERS, *FLOATS)
INF, NAN = math.inf, math.nan
IMPORTS = "from oxide_build.gpu import bf16, f16, i8, i16, u8, u16\n"
DTYPES = {"bool": "?", "f16": "f2", "bf16": "u2", "f32": "f4", "f64": "f8"}


def kernel(text: str) -> str:
    return IMPORTS + textwrap.dedent(text)


def dtype(name: str) -> np.dtype[Any]:
    return np.dtype(DTYPES.get(name, f"{name[0]}{int(name[1:]) // 8}" if name in INTEGERS else ""))


def bits_of(values: Any) -> Any:
    """Single-precision numbers as bf16 bit patterns, to nearest even."""
    word = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    rounded = (word + 0x7FFF + (word >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16)


def stored(values: Any, name: str) -> Any:
    """Numbers, as the array that holds them."""
    array = np.asarray(values)
    return bits_of(array.astype(np.float32)) if name == "bf16" else array.astype(dtype(name))


def numbers(array: Any, name: str) -> Any:
    """What an array holds, as numbers."""
    return (array.astype(np.uint32) << 16).view(np.float32) if name == "bf16" else array


def expect_equal(found: Any, expected: Any, name: str) -> None:
    """The same numbers, signs of zeros included; a NaN is a NaN."""
    a, b = numbers(found, name), numbers(expected, name)
    np.testing.assert_array_equal(a, b)
    if SCALARS[name].is_float:
        known = ~np.isnan(a)
        np.testing.assert_array_equal(np.signbit(a)[known], np.signbit(b)[known])


def wrap(value: int, type: Scalar) -> int:
    return (value - type.minimum) % (1 << type.bits) + type.minimum


def edges(name: str) -> list[int]:
    type = SCALARS[name]
    values = [0, 1, 2, 3, 7, type.bits - 1, type.bits, type.bits + 1, type.maximum, type.maximum - 1, type.minimum]
    return sorted({*values, *([-1, -2, -7, type.minimum + 1] if type.kind == "int" else [])})


def float_edges(name: str) -> Any:
    values = [
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.0,
        1.5,
        2.5,
        -2.5,
        3.0,
        7.75,
        -7.0,
        100.0,
        255.5,
        256.0,
        300.0,
        -129.0,
        1e-5,
        -1e-5,
    ]
    values += [6e-8, 3e-39, -3e-39, 1e-45, 65504.0, 65520.0, 7e4, 3e38, -3e38, 1e300, -1e300, 5e-324, INF, -INF, NAN]
    values += [sign * (2.0**n + d) for n in (7, 8, 15, 16, 31, 32, 63, 64) for d in (-1, 0, 1) for sign in (1, -1)]
    with np.errstate(all="ignore"):
        return stored(np.array(values), name)


def sampled(name: str, count: int = 300) -> Any:
    """Edge values, then any bit patterns."""
    patterns = np.random.default_rng(7).integers(0, 256, count * SCALARS[name].size, np.uint8)
    return np.concatenate([float_edges(name), patterns.view(dtype(name))])


# integers of every width

_BINARY: dict[str, Callable[[int, int, Scalar], int]] = {
    "a + b": lambda a, b, t: a + b,
    "a - b": lambda a, b, t: a - b,
    "a * b": lambda a, b, t: a * b,
    "a // d": lambda a, b, t: a // (b or 1),
    "a % d": lambda a, b, t: a % (b or 1),
    "divmod(a, d)[0]": lambda a, b, t: a // (b or 1),
    "a & b": lambda a, b, t: a & b,
    "a | b": lambda a, b, t: a | b,
    "a ^ b": lambda a, b, t: a ^ b,
    "a << b": lambda a, b, t: a << min(b % (1 << t.bits), t.bits),
    "a >> b": lambda a, b, t: a >> min(b % (1 << t.bits), t.bits),
    "min(a, b)": lambda a, b, t: min(a, b),
    "max(a, b)": lambda a, b, t: max(a, b),
    "-a": lambda a, b, t: -a,
    "~a": lambda a, b, t: ~a,
    "abs(a)": lambda a, b, t: abs(a),
    "a ** 3": lambda a, b, t: a**3,
    "round(a)": lambda a, b, t: a,
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_wrap_at_their_own_width(run: Run, name: str) -> None:
    type, pairs = SCALARS[name], list(product(edges(name), repeat=2))
    expressions = {text: rule for text, rule in _BINARY.items() if not text.startswith("divmod")}
    out = np.zeros((len(expressions) + 2, len(pairs)), dtype(name))
    lines = "\n            ".join(f"out[{row}, i] = {text}" for row, text in enumerate(expressions))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], y: Slice[{name}], out: MutSlice2D[{name}]) -> None:
            i = gpu.thread_idx.x
            a = x[i]
            b = y[i]
            d = b if b != 0 else {name}(1)
            {lines}
            out[{len(expressions)}, i], out[{len(expressions) + 1}, i] = divmod(a, d)
        """),
        *(np.array(side, dtype(name)) for side in zip(*pairs, strict=True)),
        out,
        block=len(pairs),
    )
    for row, (text, rule) in enumerate(expressions.items()):
        assert out[row].tolist() == [wrap(rule(a, b, type), type) for a, b in pairs], text
    assert out[-2].tolist() == [wrap(a // (b or 1), type) for a, b in pairs]
    assert out[-1].tolist() == [wrap(a % (b or 1), type) for a, b in pairs]


@pytest.mark.parametrize(
    ("name", "wide"), [("i8", "i16"), ("i8", "i32"), ("i16", "i32"), ("i16", "i64"), ("i32", "i64")]
)
def test_the_absolute_value_of_the_least_number_wraps_before_it_widens(run: Run, name: str, wide: str) -> None:
    least = SCALARS[name].minimum
    out = np.zeros((4, 2), dtype(wide))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], out: MutSlice2D[{wide}]) -> None:
            t = gpu.thread_idx.x
            out[0, t] = abs(x[t])
            out[1, t] = x[t] if x[t] >= 0 else -x[t]
            out[2, t] = -x[t]
            out[3, t] = max(x[t], -x[t])
        """),
        np.array([least, least + 1], dtype(name)),
        out,
        block=2,
    )
    assert out.tolist() == [[least, -least - 1]] * 4


@pytest.mark.parametrize("name", ["i8", "i16", "i32", "i64"])
def test_the_absolute_value_of_the_least_number_is_negative(run: Run, name: str) -> None:
    least = SCALARS[name].minimum
    out = np.zeros(4, dtype(name))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], out: MutSlice[{name}]) -> None:
            out[0] = min(x[1], abs(x[0]))
            out[1] = {name}(abs(x[0]) < 0)
            out[2] = abs(x[0]) >> 1
            out[3] = abs(x[0]) // 2
        """),
        np.array([least, 3], dtype(name)),
        out,
    )
    assert out.tolist() == [least, 1, least // 2, least // 2]


@pytest.mark.parametrize("name", INTEGERS)
def test_bit_functions(run: Run, name: str) -> None:
    type = SCALARS[name]
    values = [*edges(name), wrap(0x123456789ABCDEF0, type), wrap(0x40, type)]
    counts, reversed_ = np.zeros((3, len(values)), np.int32), np.zeros(len(values), dtype(name))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], counts: MutSlice2D[i32], reversed: MutSlice[{name}]) -> None:
            i = gpu.thread_idx.x
            counts[0, i] = gpu.popc(x[i])
            counts[1, i] = gpu.clz(x[i])
            counts[2, i] = gpu.ctz(x[i])
            reversed[i] = gpu.brev(x[i])
        """),
        np.array(values, dtype(name)),
        counts,
        reversed_,
        block=len(values),
    )
    texts = [format(value % (1 << type.bits), f"0{type.bits}b") for value in values]
    assert counts[0].tolist() == [text.count("1") for text in texts]
    assert counts[1].tolist() == [len(text) - len(text.lstrip("0")) for text in texts]
    assert counts[2].tolist() == [len(text) - len(text.rstrip("0")) for text in texts]
    assert reversed_.tolist() == [wrap(int(text[::-1], 2), type) for text in texts]


@pytest.mark.parametrize("width", [8, 16, 32, 64])
def test_bitcast_keeps_every_bit(run: Run, width: int) -> None:
    names = [name for name in TYPES if SCALARS[name].bits == width]
    unsigned = f"u{width}"
    patterns = np.arange(0, 1 << width, max(1, (1 << width) // 1000 | 1), dtype(unsigned))[:1000]
    out = np.zeros((len(names), len(patterns)), dtype(unsigned))
    lines = "\n            ".join(
        f"out[{row}, i] = gpu.bitcast(gpu.bitcast(x[i], {name}), {unsigned})" for row, name in enumerate(names)
    )
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{unsigned}], out: MutSlice2D[{unsigned}]) -> None:
            i = gpu.thread_idx.x
            {lines}
        """),
        patterns,
        out,
        block=len(patterns),
    )
    assert (out == patterns).all()


def test_bitcast_of_known_numbers(run: Run) -> None:
    out = np.zeros(4, np.uint32)
    run(
        kernel("""
        @gpu.kernel
        def k(h: f16, b: bf16, out: MutSlice[u32]) -> None:
            out[0] = gpu.bitcast(1.0, u32)
            out[1] = u32(gpu.bitcast(h, u16))
            out[2] = u32(gpu.bitcast(b, u16))
            out[3] = u32(gpu.bitcast(gpu.bitcast(u16(0x4000), bf16) * b, u16))
        """),
        1.5,
        -1.5,
        out,
    )
    assert out.tolist() == [0x3F800000, 0x3E00, 0xBFC0, 0xC040]


@pytest.mark.parametrize(("one", "other"), [("f16", "bf16"), ("bf16", "f16")])
def test_bitcast_between_the_halves_is_compared(run: Run, one: str, other: str) -> None:
    """LLVM 22 aborts on a comparison of such a number with zero."""
    out = np.zeros(3, np.int32)
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{one}], out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            out[t] = i32(gpu.bitcast(x[t], {other}) != 0.0) + 2 * i32(abs(gpu.bitcast({one}(t), {other})) != 0.0)
        """),
        stored([0.0, -0.0, 1.0], one),
        out,
        block=3,
    )
    assert out.tolist() == [0, 2, 3]


# conversions


def converted(values: Any, source: str, target: str) -> Any:
    """Numbers of one type as an array of another, by NumPy and by the rules of saturation."""
    type, given = SCALARS[target], numbers(values, source)
    if target == "bool":
        return given != 0
    if type.is_float:
        single = given.astype(np.float32) if target == "bf16" or source == "bool" else given
        return stored(single, target)
    if SCALARS[source].is_float:
        exact = (float(v) for v in given)
        clamped = (0 if v != v else v if math.isinf(v) else math.trunc(v) for v in exact)
        return np.array([int(max(type.minimum, min(type.maximum, v))) for v in clamped], dtype(target))
    return np.array([wrap(int(v), type) for v in given], dtype(target))


@pytest.mark.parametrize("source", TYPES)
def test_every_conversion(run: Run, source: str) -> None:
    if SCALARS[source].is_float:
        values = sampled(source)
    else:
        values = np.array([False, True] if source == "bool" else edges(source), dtype(source))
        extra = [2**24 + 1, 2**53 + 1, 2**31 - 1, 33554433, 65519, 65520, 257, 16843009]
        fitting = [v for v in extra if source != "bool" and v <= SCALARS[source].maximum]
        values = np.concatenate([values, np.array(fitting, dtype(source))])
    outs = {target: np.zeros(len(values), dtype(target)) for target in TYPES}
    parameters = ", ".join(f"to_{target}: MutSlice[{target}]" for target in TYPES)
    lines = "\n            ".join(f"to_{target}[i] = {target}(x[i])" for target in TYPES)
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{source}], {parameters}) -> None:
            i = gpu.thread_idx.x
            {lines}
        """),
        values,
        *outs.values(),
        block=len(values),
    )
    with np.errstate(all="ignore"):
        for target, out in outs.items():
            expect_equal(out, converted(values, source, target), target)


@pytest.mark.parametrize("name", TYPES)
def test_scalar_parameters_and_locals_of_every_type(run: Run, name: str) -> None:
    value = True if name == "bool" else 1.5 if SCALARS[name].is_float else SCALARS[name].maximum
    out = np.zeros(2, dtype(name))
    run(
        kernel(f"""
        @gpu.kernel
        def k(value: {name}, out: MutSlice[{name}]) -> None:
            shared = gpu.shared_array(4, {name})
            local: {name} = value
            shared[1] = local
            gpu.sync_threads()
            out[0] = shared[1]
            out[1] = value
        """),
        value,
        out,
    )
    assert numbers(out, name).tolist() == [value, value]


# half precision

_HALF: dict[str, Callable[[Any, Any], Any]] = {
    "a + b": np.add,
    "a - b": np.subtract,
    "a * b": np.multiply,
    "a / b": np.divide,
    "a // b": np.floor_divide,
    "a % b": np.remainder,
    "-a": lambda a, b: -a,
    "abs(a)": lambda a, b: abs(a),
    "math.sqrt(a)": lambda a, b: np.sqrt(a),
    "round(a)": lambda a, b: np.rint(a),
    "gpu.math.floor(a)": lambda a, b: np.floor(a),
    # The GPU drops the sign of a NaN where half precision widens to single.
    "abs(a) if b != b else math.copysign(a, b)": lambda a, b: np.where(b != b, np.abs(a), np.copysign(a, b)),
    "a * 3.0": lambda a, b: a * np.float32(3.0),
    "a if a < b else b": lambda a, b: np.where(a < b, a, b),
    "a if a == b else -b": lambda a, b: np.where(a == b, a, -b),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_precision_is_single_precision_rounded_once_an_operation(run: Run, name: str) -> None:
    a = sampled(name, 500)
    b = np.random.default_rng(1).permutation(a)
    out = np.zeros((len(_HALF), len(a)), dtype(name))
    lines = "\n            ".join(f"out[{row}, i] = {text}" for row, text in enumerate(_HALF))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], y: Slice[{name}], out: MutSlice2D[{name}]) -> None:
            i = gpu.thread_idx.x
            a = x[i]
            b = y[i]
            {lines}
        """),
        *(a, b, out),
        block=len(a),
    )
    x, y = (numbers(side, name).astype(np.float32) for side in (a, b))
    with np.errstate(all="ignore"):
        for row, (text, rule) in enumerate(_HALF.items()):
            expected = np.broadcast_to(np.asarray(rule(x, y), np.float32), len(a))
            try:
                expect_equal(out[row], stored(expected, name), name)
            except AssertionError as error:
                raise AssertionError(f"{text}: {error}") from None


# math


def test_roundings_tests_and_remainders_are_exact(run: Run) -> None:
    rules: dict[str, Callable[[float, float], float]] = {
        "gpu.math.floor(x)": lambda x, y: float(np.floor(x)),
        "gpu.math.ceil(x)": lambda x, y: float(np.ceil(x)),
        "gpu.math.trunc(x)": lambda x, y: float(np.trunc(x)),
        "gpu.math.round(x)": lambda x, y: float(np.rint(x)),
        "round(x)": lambda x, y: float(np.rint(x)),
        "math.fabs(x)": lambda x, y: abs(x),
        "math.copysign(x, y)": math.copysign,
        "math.fmod(x, y)": lambda x, y: float(np.fmod(x, y)),
        "math.remainder(x, y)": lambda x, y: NAN if bad_remainder(x, y) else math.remainder(x, y),
        "math.nextafter(x, y)": math.nextafter,
        "math.sqrt(x)": lambda x, y: float(np.sqrt(x)),
        "math.ldexp(x, 5)": lambda x, y: float(np.ldexp(x, 5)),
        "math.ldexp(x, -1080)": lambda x, y: float(np.ldexp(x, -1080)),
        "1.0 if math.isnan(x) else 0.0": lambda x, y: float(math.isnan(x)),
        "1.0 if math.isinf(x) else 0.0": lambda x, y: float(math.isinf(x)),
        "1.0 if math.isfinite(x) else 0.0": lambda x, y: float(math.isfinite(x)),
    }

    def bad_remainder(x: float, y: float) -> bool:
        return math.isnan(x) or math.isnan(y) or math.isinf(x) or y == 0

    x = float_edges("f64")
    y = np.random.default_rng(3).permutation(x)
    out = np.zeros((len(rules), len(x)))
    lines = "\n            ".join(f"out[{row}, i] = {text}" for row, text in enumerate(rules))
    run(
        kernel(f"""
        @gpu.kernel
        def k(a: Slice[f64], b: Slice[f64], out: MutSlice2D[f64]) -> None:
            i = gpu.thread_idx.x
            x = a[i]
            y = b[i]
            {lines}
        """),
        *(x, y, out),
        block=len(x),
    )
    with np.errstate(all="ignore"):
        for row, (text, rule) in enumerate(rules.items()):
            expected = np.array([rule(float(a), float(b)) for a, b in zip(x, y, strict=True)])
            np.testing.assert_array_equal(out[row], expected, text)


@pytest.mark.parametrize("name", FLOATS)
def test_fma_rounds_once(run: Run, name: str) -> None:
    from fractions import Fraction

    random = np.random.default_rng(5)
    bits = {"f16": 11, "bf16": 8, "f32": 24, "f64": 53}[name]
    x, y = (stored(1.0 + random.integers(0, 1 << (bits - 1), 200) / (1 << (bits - 1)), name) for _ in "xy")
    z = stored(-(numbers(x, name).astype(np.float64) * numbers(y, name)) * random.choice([1.0, 2.0**-bits], 200), name)
    out = np.zeros(200, dtype(name))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice[{name}], y: Slice[{name}], z: Slice[{name}], out: MutSlice[{name}]) -> None:
            i = gpu.thread_idx.x
            out[i] = gpu.fma(x[i], y[i], z[i])
        """),
        *(x, y, z, out),
        block=200,
    )
    found = [float(v) for v in numbers(out, name)]
    for a, b, c, result in zip(*(numbers(v, name) for v in (x, y, z)), found, strict=True):
        exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
        scale = Fraction(2) ** (math.frexp(float(exact))[1] - bits) if exact else Fraction(1)
        assert Fraction(result) == round(exact / scale) * scale


_RANGES = {
    **dict.fromkeys(("asin", "acos", "atanh"), (-0.99, 0.99)),
    **dict.fromkeys(("sqrt", "rsqrt", "log", "log2", "log10", "pow", "gamma"), (0.01, 9.0)),
    **dict.fromkeys(("acosh",), (1.01, 50.0)),
    **dict.fromkeys(("log1p",), (-0.9, 9.0)),
    **dict.fromkeys(("lgamma",), (3.0, 40.0)),
}
_TOLERANCE = {"f32": 2e-6, "f64": 4e-15, "f16": 2e-3, "bf16": 1.6e-2}
_LEAST = {"f32": 1e-44, "f64": 0.0, "f16": 6e-8, "bf16": 1e-40}
_REFERENCE: dict[str, Callable[..., float]] = {
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "cbrt": lambda x: float(np.cbrt(x)),
    "exp2": lambda x: 2.0**x,
}


@pytest.mark.parametrize("name", FLOATS)
def test_every_function_of_math(run: Run, name: str) -> None:
    functions = [f for f, entry in MATH_FUNCTIONS.items() if entry.numpy not in ("floor", "ceil", "trunc", "rint")]
    functions = [f for f in functions if f not in ("fma", "ldexp", "nextafter", "fmod", "remainder")]
    random = np.random.default_rng(11)
    x, y = (random.uniform(low, high, (len(functions), 64)) for low, high in ((0.0, 1.0), (0.5, 2.0)))
    lows, highs = np.array([_RANGES.get(f, (-4.0, 4.0)) for f in functions]).T[:, :, None]
    x, y = stored(lows + x * (highs - lows), name), stored(y, name)
    out = np.zeros(x.shape, dtype(name))
    seconds = [f", y[{row}, i]" * (len(MATH_FUNCTIONS[f].parameters) - 1) for row, f in enumerate(functions)]
    calls = [f"gpu.math.{f}(x[{row}, i]{seconds[row]})" for row, f in enumerate(functions)]
    lines = "\n            ".join(f"out[{row}, i] = {call}" for row, call in enumerate(calls))
    run(
        kernel(f"""
        @gpu.kernel
        def k(x: Slice2D[{name}], y: Slice2D[{name}], out: MutSlice2D[{name}]) -> None:
            i = gpu.thread_idx.x
            {lines}
        """),
        *(x, y, out),
        block=64,
    )
    a, b, found = (numbers(side, name).astype(np.float64) for side in (x, y, out))
    for row, function in enumerate(functions):
        reference = _REFERENCE.get(function) or getattr(math, function)
        operands = (a[row], b[row])[: len(MATH_FUNCTIONS[function].parameters)]
        expected = [reference(*map(float, values)) for values in zip(*operands, strict=True)]
        np.testing.assert_allclose(found[row], expected, rtol=_TOLERANCE[name], atol=_LEAST[name], err_msg=function)


def test_beyond_their_domain_functions_give_nan_and_infinity(run: Run) -> None:
    cases = {
        "math.sqrt(-one)": NAN,
        "math.log(zero)": -INF,
        "math.log1p(-2.0 * one)": NAN,
        "math.exp(1000.0 * one)": INF,
        "math.asin(2.0 * one)": NAN,
        "math.acosh(zero)": NAN,
        "math.atanh(one)": INF,
        "math.gamma(zero)": INF,
        "math.gamma(-one)": NAN,
        "math.gamma(1000.0 * one)": INF,
        "math.lgamma(-one)": INF,
        "math.sin(one / zero)": NAN,
        "gpu.rsqrt(zero)": INF,
        "gpu.rsqrt(-one)": NAN,
        "math.hypot(one / zero, math.nan)": INF,
        "math.atan2(zero, -one)": math.pi,
        "pow(-8.0 * one, 1.5)": NAN,
        "one % zero": NAN,
    }
    out = np.zeros(len(cases))
    lines = "\n            ".join(f"out[{row}] = {text}" for row, text in enumerate(cases))
    run(
        f"""
        @gpu.kernel
        def k(zero: f64, one: f64, out: MutSlice[f64]) -> None:
            {lines}
        """,
        *(0.0, 1.0, out),
    )
    np.testing.assert_array_equal(out, list(cases.values()))


def test_literals_are_computed_by_the_compiler_and_angles_convert(run: Run) -> None:
    out = np.zeros(8)
    run(
        """
        @gpu.kernel
        def k(x: f64, out: MutSlice[f64]) -> None:
            out[0] = math.gamma(5.0) + math.hypot(3.0, 4.0)
            out[1] = round(2.5) + round(-0.5)
            out[2] = math.degrees(x)
            out[3] = math.radians(x)
            out[4] = math.degrees(math.pi)
            out[5] = pow(2, 10)
            whole, rest = divmod(7, -2)
            out[6] = whole * 10 + rest
            out[7] = 1.0 if math.isinf(math.inf) and not math.isnan(1.0) else 0.0
        """,
        2.5,
        out,
    )
    expected = [29.0, 2.0, math.degrees(2.5), math.radians(2.5), 180.0, 1024.0, -41.0, 1.0]
    np.testing.assert_allclose(out, expected, rtol=1e-15)
