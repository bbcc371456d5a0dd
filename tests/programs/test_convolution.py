"""The convolution against sums of shifted images in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs.conftest import Launcher
from tests.programs.kernels import convolution

RADIUS, SIDE, TILE = convolution.RADIUS, convolution.SIDE, convolution.TILE


def convolved(image: np.ndarray) -> np.ndarray:
    rows, cols = image.shape
    padded = np.pad(image.astype(np.float64), RADIUS)
    shifted = [
        float(convolution.FILTER[i][j]) * padded[SIDE - 1 - i :, SIDE - 1 - j :][:rows, :cols]
        for i in range(SIDE)
        for j in range(SIDE)
    ]
    return np.sum(shifted, axis=0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (16, 16), (17, 15), (64, 33), "large"], ids=str)
def test_image(launch: Launcher, shape: tuple[int, int] | str) -> None:
    size = launch.size(200, 1025)
    rows, cols = (size, size + 3) if isinstance(shape, str) else shape
    image = np.random.default_rng(rows).standard_normal((rows, cols), np.float32)
    out = np.full_like(image, np.nan)
    launch(convolution.convolve, (-(-cols // TILE), -(-rows // TILE)), (TILE, TILE), image, out)
    np.testing.assert_allclose(out, convolved(image), rtol=1e-5, atol=1e-5)


def test_an_impulse_gives_the_filter(launch: Launcher) -> None:
    image, out = np.zeros((31, 31), np.float32), np.full((31, 31), np.nan, np.float32)
    image[15, 15] = 1
    launch(convolution.convolve, (2, 2), (TILE, TILE), image, out)
    np.testing.assert_array_equal(out[13:18, 13:18], np.array(convolution.FILTER, np.float32))
    assert np.count_nonzero(out) == np.count_nonzero(convolution.FILTER)
