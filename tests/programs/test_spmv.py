"""Both products against NumPy, over rows of very different lengths."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.gpu import Kernel
from tests.programs.conftest import Launcher
from tests.programs.kernels import spmv

Csr = tuple[np.ndarray, np.ndarray, np.ndarray]
SHAPES = [(0, 5), (1, 1), (5, 1), (33, 64), (257, 100), "large"]


def matrix(rows: int, columns: int) -> Csr:
    """Rows of up to 8 elements, every seventh empty, every fiftieth of up to 200."""
    random = np.random.default_rng(rows)
    lengths = random.integers(0, 9, rows)
    lengths[::50] = random.integers(0, 201, len(lengths[::50]))
    lengths[::7] = 0
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    count = int(starts[-1])
    return starts, random.integers(0, columns, count).astype(np.int32), random.standard_normal(count)


def product(csr: Csr, x: np.ndarray) -> np.ndarray:
    starts, columns, values = csr
    sums = np.concatenate([[0], np.cumsum((values * x[columns]).astype(np.longdouble))])
    return (sums[starts[1:]] - sums[starts[:-1]]).astype(np.float64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kernel", [spmv.scalar, spmv.vector], ids=lambda kernel: kernel.__name__)
def test_product(launch: Launcher, kernel: Kernel, shape: tuple[int, int] | str) -> None:
    size = launch.size(3001, 2**20 + 1)
    rows, columns = (size, size // 2) if isinstance(shape, str) else shape
    csr, x = matrix(rows, columns), np.random.default_rng(1).standard_normal(columns)
    y = np.full(rows, np.nan)
    blocks = -(-rows // spmv.BLOCK) if kernel is spmv.scalar else min(rows, 1000)
    launch(kernel, max(1, blocks), spmv.BLOCK, *csr, x, y)
    np.testing.assert_allclose(y, product(csr, x), rtol=1e-9, atol=1e-9)
