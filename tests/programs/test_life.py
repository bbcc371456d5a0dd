"""Generations of life against NumPy's rolled arrays, and a glider that comes home."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import life

BLOCK = life.TILE, life.TILE
STEPS = [life.step, life.step_tiled]


def expected(cells: Any) -> Any:
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    neighbours = sum(np.roll(cells, shift, (0, 1)).astype(np.int32) for shift in shifts)
    return ((neighbours == 3) | ((neighbours == 2) & (cells == 1))).astype(np.uint8)


def play(launch: Any, kernel: Any, cells: Any, generations: int) -> Any:
    rows, cols = cells.shape
    grid = -(-cols // life.TILE), -(-rows // life.TILE)
    for _ in range(generations):
        after = np.full_like(cells, 9)
        launch(kernel, grid, BLOCK, cells, after)
        cells = after
    return cells


@pytest.mark.parametrize("kernel", STEPS, ids=lambda kernel: kernel.__name__)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (33, 2), (50, 70), None], ids=str)
def test_generations(launch: Any, kernel: Any, shape: tuple[int, int] | None) -> None:
    side = launch.size(100, 1030)
    cells = np.random.default_rng(6).integers(0, 2, shape or (side, side - 3), np.uint8)
    assert np.array_equal(play(launch, kernel, cells, 2), expected(expected(cells)))


@pytest.mark.parametrize("kernel", STEPS, ids=lambda kernel: kernel.__name__)
def test_a_glider_goes_around_the_torus(launch: Any, kernel: Any) -> None:
    cells = np.zeros((20, 20), np.uint8)
    cells[[0, 1, 2, 2, 2], [1, 2, 0, 1, 2]] = 1
    assert np.array_equal(play(launch, kernel, cells, 4 * 20), cells)
