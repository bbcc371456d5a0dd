"""Counts of bytes against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.kernels import histogram

KINDS = {
    "uniform": lambda random, n: random.integers(0, 256, n),
    "one value": lambda random, n: np.full(n, 255),
    "skewed": lambda random, n: np.minimum(random.geometric(0.2, n), 255),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 1, 31, 255, 257, 5000, "many"])
def test_counts(launch: Launcher, n: int | str, kind: str) -> None:
    count = launch.size(100_003, 2**22 + 9) if isinstance(n, str) else n
    values = KINDS[kind](np.random.default_rng(count), count).astype(np.uint8)
    bins = np.arange(256, dtype=np.int32)
    launch(histogram.histogram, launch.size(7, 264), histogram.BLOCK, values, bins)
    np.testing.assert_array_equal(bins, np.arange(256) + np.bincount(values, minlength=256))
