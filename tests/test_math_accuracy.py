"""The accuracy benchmark, run small in the simulator: its comparison is right, and its table is written from it."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.dialects.functions import MATH_FUNCTIONS

FILE = Path(__file__).parent.parent / "benchmarks" / "math_accuracy.py"


@pytest.fixture(scope="module")
def benchmark() -> Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("math_accuracy", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_errors_are_counted_in_units_of_the_last_place(benchmark: Any) -> None:
    one = np.float32(1.0)
    found = np.array([one, np.nextafter(one, np.float32(2)), 2.0**-149, math.inf, math.nan, 1.0, 0.0], np.float32)
    exact = np.array([1.0, 1.0, 2.0**-148, 1e39, math.nan, math.nan, -0.0])
    with np.errstate(over="ignore"):
        errors, wrong = benchmark.errors_in_ulp(found, exact)
    np.testing.assert_array_equal(errors, [0, 1, 1, 0, 0, 0, 0])
    assert wrong.tolist() == [False] * 5 + [True, False]


def test_every_function_is_measured_and_stands_in_the_table(benchmark: Any, tmp_path: Path) -> None:
    kernels = benchmark.load_kernels(tmp_path, fast_math=False, build=False)
    run = benchmark.in_simulator
    found = [benchmark.measure(kernels, f, t, 600, run) for f in MATH_FUNCTIONS for t in benchmark.TYPES]
    with_reference = [entry for entry in found if entry["max_ulp"] is not None]
    assert len(with_reference) >= len(MATH_FUNCTIONS) * 2 - len(benchmark.SPECIAL)
    assert [e for e in with_reference if e["max_ulp"] > 8 or e["not_finite_differs"]] == []
    assert [e for e in with_reference if e["function"] in benchmark.EXACT and e["max_ulp"]] == []
    document = {"device": "simulator", "versions": {"numpy": "2"}, "fast_math": False, "functions": found}
    table = benchmark.table(document)
    assert [name for name in MATH_FUNCTIONS if f"| `{name}` |" not in table] == []
