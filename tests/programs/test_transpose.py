"""Transposes of awkward shapes, exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import transpose

SHAPES = [(1, 1), (1, 50), (33, 1), (32, 32), (65, 40), None]


def numbered(launch: Any, shape: tuple[int, int] | None) -> tuple[Any, Any]:
    rows, cols = shape or (launch.size(130, 1030), launch.size(161, 999))
    return np.arange(rows * cols, dtype=np.float32).reshape(rows, cols), np.full((cols, rows), np.nan, np.float32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tiled(launch: Any, shape: tuple[int, int] | None) -> None:
    a, out = numbered(launch, shape)
    grid = -(-a.shape[1] // transpose.TILE), -(-a.shape[0] // transpose.TILE)
    launch(transpose.transpose, grid, (transpose.TILE, transpose.ROWS), a, out)
    assert np.array_equal(out, a.T)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_plain(launch: Any, shape: tuple[int, int] | None) -> None:
    a, out = numbered(launch, shape)
    launch(transpose.transpose_plain, (-(-out.shape[1] // 32), -(-out.shape[0] // 8)), (32, 8), a, out)
    assert np.array_equal(out, a.T)
