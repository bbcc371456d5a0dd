"""Every step of the reduction against a sum in float64."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.gpu import Kernel
from tests.programs.conftest import Launcher
from tests.programs.kernels import reduction

BLOCK = reduction.BLOCK
STEPS = [
    (reduction.interleaved_divergent, BLOCK),
    (reduction.interleaved_strided, BLOCK),
    (reduction.sequential, BLOCK),
    (reduction.first_add, 2 * BLOCK),
    (reduction.unrolled_last_warp, 2 * BLOCK),
    (reduction.unrolled, 2 * BLOCK),
]
SIZES = [1, 2, 31, 255, 256, 257, 511, 513, 10_007]


def reduce_in_passes(launch: Launcher, kernel: Kernel, stretch: int, x: np.ndarray) -> np.float32:
    """Launch over ever fewer partial results until one is left."""
    while True:
        blocks = max(1, -(-len(x) // stretch))
        out = np.full(blocks, np.nan, np.float32)
        launch(kernel, blocks, BLOCK, x, out)
        if blocks == 1:
            return np.float32(out[0])
        x = out


@pytest.mark.parametrize(("kernel", "stretch"), STEPS, ids=[kernel.__name__ for kernel, _ in STEPS])
def test_sum_in_passes(launch: Launcher, kernel: Kernel, stretch: int) -> None:
    for n in [0, *SIZES, launch.size(70_001, 2**20 + 3)]:
        x = np.random.default_rng(n).random(n, np.float32)
        found = reduce_in_passes(launch, kernel, stretch, x)
        np.testing.assert_allclose(found, x.sum(dtype=np.float64), rtol=1e-5)


@pytest.mark.parametrize("blocks", [1, 7, 64])
def test_sum_in_one_launch(launch: Launcher, blocks: int) -> None:
    for n in [0, *SIZES, launch.size(70_001, 2**20 + 3)]:
        x = np.random.default_rng(n).random(n, np.float32)
        out = np.zeros(1, np.float32)
        launch(reduction.grid_stride, blocks, BLOCK, x, out)
        np.testing.assert_allclose(out[0], x.sum(dtype=np.float64), rtol=1e-5)


def test_largest(launch: Launcher) -> None:
    for n in [*SIZES, launch.size(70_001, 2**20 + 3)]:
        x = -np.random.default_rng(n).random(n, np.float32)
        assert reduce_in_passes(launch, reduction.unrolled_max, 2 * BLOCK, x) == x.max()
