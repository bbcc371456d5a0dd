"""The bitonic sort against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.kernels import bitonic

BLOCK, TILE = bitonic.BLOCK, bitonic.TILE


def sort(launch: Launcher, keys: np.ndarray, values: np.ndarray) -> None:
    """Sort tiles, then merge runs of ever twice the width."""
    tiles = max(1, -(-len(keys) // TILE))
    launch(bitonic.sort_tiles, tiles, BLOCK, keys, values)
    width = 2 * TILE
    while width < 2 * len(keys):
        blocks = -(-len(keys) // width) * (width // TILE)
        launch(bitonic.flip, blocks, BLOCK, width, keys, values)
        distance = width // 4
        while distance >= TILE:
            launch(bitonic.disperse, blocks, BLOCK, distance, keys, values)
            distance //= 2
        launch(bitonic.finish_tiles, tiles, BLOCK, keys, values)
        width *= 2


@pytest.mark.parametrize("n", [0, 1, 2, 3, 511, 512, 513, 1023, 1025, 5000, 8192, "many"])
@pytest.mark.parametrize("spread", [2**31, 50], ids=["any", "duplicates"])
def test_keys_with_their_values(launch: Launcher, n: int | str, spread: int) -> None:
    count = launch.size(20_001, 2**20 - 3) if isinstance(n, str) else n
    unsorted = np.random.default_rng(count).integers(-spread, spread, count, dtype=np.int32)
    keys, values = unsorted.copy(), np.arange(count, dtype=np.int32)
    sort(launch, keys, values)
    np.testing.assert_array_equal(keys, np.sort(unsorted))
    np.testing.assert_array_equal(unsorted[values], keys)
    np.testing.assert_array_equal(np.sort(values), np.arange(count))


@pytest.mark.parametrize("direction", [1, -1])
def test_sorted_and_reversed(launch: Launcher, direction: int) -> None:
    keys = np.arange(3001, dtype=np.int32)[::direction].copy()
    values = keys.copy()
    sort(launch, keys, values)
    np.testing.assert_array_equal(keys, np.arange(3001))
    np.testing.assert_array_equal(values, keys)
