"""Transforms against NumPy's in double precision, forward, and back to where they began."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.programs.kernels import fft

FORWARD, BACK = -1.0, 1.0


def random_points(*shape: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(2)
    return tuple(rng.standard_normal(shape).astype(np.float32) for _ in range(2))


def error(re: Any, im: Any, exact: Any) -> float:
    """The error's norm relative to the exact one."""
    return float(np.linalg.norm(re + 1j * im.astype(np.float64) - exact) / np.linalg.norm(exact))


def transform(launch: Any, sign: float, re: Any, im: Any) -> tuple[Any, Any]:
    """All passes over one long row, between two pairs of arrays."""
    points, other_re, other_im = len(re), np.empty_like(re), np.empty_like(im)
    span = 1
    while span < points:
        launch(fft.transform_pass, max(1, points // 512), 256, span, sign, re, im, other_re, other_im)
        re, im, other_re, other_im = other_re, other_im, re, im
        span *= 2
    return re, im


@pytest.mark.parametrize("rows", [1, 3, None])
def test_rows(launch: Any, rows: int | None) -> None:
    rows = rows or launch.size(9, 2048)
    re, im = random_points(rows, fft.POINTS)
    given = re + 1j * im.astype(np.float64)
    launch(fft.transform_rows, rows, fft.HALF_POINTS, FORWARD, re, im)
    assert error(re, im, np.fft.fft(given)) < 1e-6
    launch(fft.transform_rows, rows, fft.HALF_POINTS, BACK, re, im)
    assert error(re / fft.POINTS, im / fft.POINTS, given) < 1e-6


@pytest.mark.parametrize("points", [2, 64, None])
def test_passes(launch: Any, points: int | None) -> None:
    given_re, given_im = random_points(points or launch.size(2**13, 2**20))
    re, im = transform(launch, FORWARD, given_re.copy(), given_im.copy())
    given = given_re + 1j * given_im.astype(np.float64)
    assert error(re, im, np.fft.fft(given)) < 1e-6
    back_re, back_im = transform(launch, BACK, re, im)
    assert error(back_re / len(re), back_im / len(re), given) < 2e-6
