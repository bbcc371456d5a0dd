"""The product against NumPy's in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.kernels import matmul

SHAPES = [(1, 1, 1), (1, 300, 1), (64, 64, 64), (65, 17, 63), (3, 0, 5), (130, 33, 190), "large"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_product(launch: Launcher, shape: tuple[int, int, int] | str) -> None:
    size = launch.size(150, 1030)
    rows, depth, cols = (size, size + 7, size - 3) if isinstance(shape, str) else shape
    random = np.random.default_rng(rows)
    a, b = random.standard_normal((rows, depth), np.float32), random.standard_normal((depth, cols), np.float32)
    c = np.full((rows, cols), np.nan, np.float32)
    grid = -(-cols // matmul.TILE), -(-rows // matmul.TILE)
    launch(matmul.matmul, grid, (matmul.SIDE, matmul.SIDE), a, b, c)
    np.testing.assert_allclose(c, a.astype(np.float64) @ b, rtol=1e-4, atol=1e-3)
