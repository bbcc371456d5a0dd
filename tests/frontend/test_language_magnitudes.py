"""`modf`, `frexp`, `ulp`, `dist` and `log` to a base against Python, over each type's edges."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from oxide_build.simulator import bfloat
from tests.frontend.conftest import Run

IMPORTS = "from oxide_build.gpu import bf16, f16\n"
DTYPES: dict[str, Any] = {"f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64}
EDGES = [0.0, -0.0, 0.5, 1.0, -1.0, 1.75, -2.5, 3.0, 1023.984375, -1e-3, 6e4, math.inf, -math.inf, math.nan]
SMALLEST = {"f16": 2.0**-24, "bf16": 2.0**-133, "f32": 2.0**-149, "f64": 2.0**-1074}
LARGEST = {"f16": 65504.0, "bf16": 2.0**128 - 2.0**120, "f32": 2.0**128 - 2.0**104, "f64": sys.float_info.max}
MANTISSA = {"f16": 10, "bf16": 7, "f32": 23, "f64": 52}


def arguments(name: str) -> Any:
    """Numbers at the type's edges, as it holds them."""
    small = SMALLEST[name]
    numbers = [*EDGES, small, -small, 3 * small, small * 2.0 ** MANTISSA[name], small * (2.0 ** MANTISSA[name] - 1)]
    return stored([*numbers, LARGEST[name], -LARGEST[name]], name)


def stored(numbers: Any, name: str) -> Any:
    if name == "bf16":
        return bfloat.encode(bfloat.nearest(np.asarray(numbers, np.float64)))
    return np.asarray(numbers, np.float64).astype(DTYPES[name])


def values(array: Any, name: str) -> list[float]:
    return (bfloat.decode(array) if name == "bf16" else array).astype(np.float64).tolist()


def same(found: Any, expected: Any) -> None:
    """Bit for bit, any NaN for any other."""
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found)[~np.isnan(found)], np.signbit(expected)[~np.isnan(found)])


@pytest.mark.parametrize("module", ["math", "gpu.math"])
@pytest.mark.parametrize("name", DTYPES)
def test_parts_of_numbers(run: Run, name: str, module: str) -> None:
    x = arguments(name)
    results = [np.zeros_like(x) for _ in range(4)]
    powers = np.zeros(len(x), np.int32)
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(x: Slice[{name}], rest: MutSlice[{name}], whole: MutSlice[{name}], part: MutSlice[{name}],
      ulp: MutSlice[{name}], powers: MutSlice[i32]) -> None:
    i = gpu.thread_idx.x
    rest[i], whole[i] = {module}.modf(x[i])
    part[i], powers[i] = {module}.frexp(x[i])
    ulp[i] = {module}.ulp(x[i])
""",
        *(x, *results, powers),
        block=len(x),
    )
    given = values(x, name)
    rest, whole, part, ulp = (np.array(values(result, name)) for result in results)
    same(rest, np.array([math.modf(v)[0] for v in given]))
    same(whole, np.array([math.modf(v)[1] for v in given]))
    same(part, np.array([math.frexp(v)[0] for v in given]))
    assert powers.tolist() == [math.frexp(v)[1] for v in given]
    same(ulp, np.array([expected_ulp(v, name) for v in given]))


def expected_ulp(value: float, name: str) -> float:
    if not math.isfinite(value):
        return abs(value)
    least = SMALLEST[name]
    return max(least, 2.0 ** (math.frexp(value)[1] - 1 - MANTISSA[name])) if value else least


@pytest.mark.parametrize("name", ["f32", "f64"])
def test_distances_and_logarithms(run: Run, name: str) -> None:
    big = 1e30 if name == "f32" else 1e300
    x = np.array([1.5, 4.0, -2.0, 0.25, 7.5, big, -3.0], DTYPES[name])
    out = np.zeros(8, DTYPES[name])
    run(
        f"""
        @gpu.kernel
        def k(x: Slice[{name}], out: MutSlice[{name}]) -> None:
            out[0] = math.dist((x[0],), (x[6],))
            out[1] = math.dist((x[0], x[1]), (x[2], 1))
            out[2] = gpu.math.dist((x[0], x[1], x[2]), (x[3], x[4], 0.5))
            out[3] = math.dist((x[5], 0.0), (0.0, x[5]))
            out[4] = math.log(x[1], 2)
            out[5] = math.log(x[4], x[0])
            out[6] = math.log(100.0, 10.0)
            out[7] = gpu.math.log(x[1], 10.0)
        """,
        *(x, out),
    )
    a = x.astype(np.float64).tolist()
    expected = [
        math.dist((a[0],), (a[6],)),
        math.dist((a[0], a[1]), (a[2], 1)),
        math.dist((a[0], a[1], a[2]), (a[3], a[4], 0.5)),
        math.sqrt(2.0) * a[5],
        *(math.log(4.0, 2), math.log(a[4], a[0]), 2.0, math.log10(4.0)),
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-6 if name == "f32" else 1e-14)
