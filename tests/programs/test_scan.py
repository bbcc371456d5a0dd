"""Both scans against NumPy's cumulative sum, which wraps as they do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.drivers import prefix_sums
from tests.programs.kernels import scan

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 1025]


def numbers(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(-(2**31), 2**31, n, dtype=np.int32)


@pytest.mark.parametrize("n", [*SIZES, "many"])
def test_hillis_steele_is_inclusive(launch: Launcher, n: int | str) -> None:
    x = numbers(launch.size(150_001, 2**20 + 5) if isinstance(n, str) else n)
    np.testing.assert_array_equal(prefix_sums(launch, x, scan.hillis_steele), np.cumsum(x, dtype=np.int32))


@pytest.mark.parametrize("n", [*SIZES, "many"])
def test_blelloch_is_exclusive(launch: Launcher, n: int | str) -> None:
    x = numbers(launch.size(300_001, 2**20 + 5) if isinstance(n, str) else n)
    np.testing.assert_array_equal(prefix_sums(launch, x), np.cumsum(x, dtype=np.int32) - x)
