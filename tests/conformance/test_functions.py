"""The functions of `math` over every float type, at the edges and between: within the documented ulp."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.dialects.functions import MATH_FUNCTIONS
from tests.conformance.conftest import Agreed
from tests.conformance.values import FLOATS, HALVES, INF, NAN, dtype, edges, expect_close, numbers, stored
from tests.frontend.conftest import Run

IMPORTS = "from oxide_build.gpu import bf16, f16\n"
ACCURACY = Path(__file__).parents[2] / "benchmarks/results/math_accuracy.json"
MARGIN = 1.0
"""Ulp beyond the measured table, which holds the largest error met, not a bound."""
BETWEEN = [0.1, 0.3, -0.3, 0.7, -0.9, 1.1, 2.0, -2.0, 4.5, -4.5, 10.0, -10.0, 33.3, 80.0, -80.0]
SLOPES = {
    "lgamma": [0.1, 0.5, 3.5, 4.5, 10.0, 33.3, 80.0, INF, NAN],
    "gamma": [0.1, 0.5, 1.5, 2.5, 4.5, 10.0, INF, NAN],
}
"""Where the exact value is no matter of the last bit of the argument."""
TESTED_EXACTLY = {"sqrt", "floor", "ceil", "trunc", "round", "copysign", "fmod", "remainder", "nextafter", "fma"}


def _measured() -> dict[tuple[str, str], float]:
    rows = json.loads(ACCURACY.read_text(encoding="utf-8"))["functions"]
    return {(row["function"], row["type"]): row["max_ulp"] for row in rows}


def _in_python(function: Callable[..., float]) -> Callable[..., Any]:
    """A function of Python's `math` as arrays take it: NaN where it raises for its domain, inf where for its range."""

    def each(*arguments: Any) -> float:
        try:
            return function(*map(float, arguments))
        except ValueError:
            return NAN
        except OverflowError:
            return INF

    return np.vectorize(each, otypes=[np.longdouble])


EXACT: dict[str, Callable[..., Any]] = {
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "ldexp": lambda x, n: np.ldexp(x, n.astype(np.int32)),
    "erf": _in_python(math.erf),
    "erfc": _in_python(math.erfc),
    "gamma": _in_python(math.gamma),
    "lgamma": _in_python(math.lgamma),
}


def functions() -> list[tuple[str, str]]:
    """Every function with every type that has it."""
    inexact = sorted(MATH_FUNCTIONS.keys() - TESTED_EXACTLY)
    return [(f, name) for f in inexact for name in FLOATS if MATH_FUNCTIONS[f].narrow or name not in HALVES]


@pytest.mark.parametrize(("function", "name"), functions())
def test_functions(run: Run, agreed: Agreed, function: str, name: str) -> None:
    declared = MATH_FUNCTIONS[function]
    arguments = operands(function, name)
    out = np.zeros(len(arguments[0]), dtype(name))
    call = f"gpu.{'' if function == 'rsqrt' else 'math.'}{function}({', '.join('abc'[: len(arguments)])})"
    run(source(call, name, declared.parameters), *arguments, out, grid=-(-len(out) // 128), block=128)
    exact = EXACT.get(function) or getattr(np, declared.numpy)
    with np.errstate(all="ignore"):
        wide = [np.asarray(numbers(a, name if a.dtype != np.int32 else "i32"), np.longdouble) for a in arguments]
        expect_close(out, exact(*wide), name, _bound(function, name), f"{function} of {name}")
    agreed(f"{function}", len(out))


def _bound(function: str, name: str) -> float:
    """Half precision computes in single and rounds, so it is within one place of its own."""
    return 1.0 if name in HALVES else _measured()[function, name] + MARGIN


def operands(function: str, name: str) -> list[Any]:
    """Edge values and some between; for two operands every pair of them."""
    first = SLOPES.get(function) or [*edges(name), *BETWEEN]
    kinds = MATH_FUNCTIONS[function].parameters
    if len(kinds) == 1:
        return [stored(first, name)]
    second = [0, 1, -1, 5, -5, 40, -40, 2000, -2000] if "n" in kinds else first
    x, y = zip(*((a, b) for a in first for b in second), strict=True)
    return [stored(x, name), np.array(y, np.int32) if "n" in kinds else stored(y, name)]


def source(call: str, name: str, kinds: tuple[str, ...]) -> str:
    """One kernel of one call."""
    types = ["i32" if kind == "n" else name for kind in kinds]
    parameters = "".join(f"in_{x}: Slice[{type}], " for x, type in zip("abc", types, strict=False))
    loads = "".join(f"        {x} = in_{x}[i]\n" for x in "abc"[: len(kinds)])
    return (
        f"{IMPORTS}@gpu.kernel\ndef k({parameters}out: DisjointSlice[{name}]) -> None:\n"
        f"    i = gpu.index_1d()\n    if i < len(out):\n{loads}        out[i] = {call}\n"
    )
