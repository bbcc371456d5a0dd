"""The radix sort against NumPy's stable one: by a single digit, and by all eight."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.drivers import prefix_sums
from tests.programs.kernels import radix

BLOCK, BITS = radix.BLOCK, radix.BITS
Pairs = tuple[np.ndarray, np.ndarray]


def sort_by_digit(launch: Launcher, keys: np.ndarray, values: np.ndarray, shift: int) -> Pairs:
    """One pass: count, scan, scatter."""
    blocks = max(1, -(-len(keys) // BLOCK))
    counts = np.zeros(blocks * radix.DIGITS, np.int32)
    launch(radix.count_digits, blocks, BLOCK, keys, shift, counts)
    sorted_keys, sorted_values = np.zeros_like(keys), np.zeros_like(values)
    starts = prefix_sums(launch, counts)
    launch(radix.scatter, blocks, BLOCK, keys, values, shift, starts, sorted_keys, sorted_values)
    return sorted_keys, sorted_values


def pairs(n: int) -> Pairs:
    keys = np.random.default_rng(n).integers(0, 2**32, n, dtype=np.uint32)
    keys[: n // 2] &= 0xF0F000F0
    return keys, np.arange(n, dtype=np.uint32)


@pytest.mark.parametrize("shift", range(0, 32, BITS))
def test_one_pass_is_stable(launch: Launcher, shift: int) -> None:
    keys, values = pairs(1900)
    order = np.argsort(keys >> shift & (radix.DIGITS - 1), kind="stable")
    found_keys, found_values = sort_by_digit(launch, keys, values, shift)
    np.testing.assert_array_equal(found_values, order)
    np.testing.assert_array_equal(found_keys, keys[order])


@pytest.mark.parametrize("n", [0, 1, 2, 31, 33, 255, 256, 257, 1000, "many"])
def test_eight_passes_sort(launch: Launcher, n: int | str) -> None:
    keys, values = pairs(launch.size(20_001, 2**20 + 7) if isinstance(n, str) else n)
    order = np.argsort(keys, kind="stable")
    found_keys, found_values = keys, values
    for shift in range(0, 32, BITS):
        found_keys, found_values = sort_by_digit(launch, found_keys, found_values, shift)
    np.testing.assert_array_equal(found_keys, keys[order])
    np.testing.assert_array_equal(found_values, order)
