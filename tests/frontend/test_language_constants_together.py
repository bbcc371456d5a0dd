"""Module-level constants that share one assignment, in the simulator and on the GPU."""

from __future__ import annotations

import numpy as np

from tests.frontend.conftest import Run


def test_constants_assigned_together(run: Run) -> None:
    out = np.zeros(6, np.float32)
    run(
        """
        ROW, COL = 0, 1
        (LOW, HIGH), SCALE = (-1.5, 2 * 4), f32(0.5)
        SIDE = WIDTH = 8

        @gpu.kernel
        def k(out: MutSlice[f32]) -> None:
            tile = gpu.shared_array((SIDE, WIDTH + COL), f32)
            tile[ROW, COL] = SCALE
            out[0] = tile[ROW, COL]
            out[1] = f32(tile.shape[COL])
            out[2] = LOW
            out[3] = HIGH
            out[4] = SIDE
            out[5] = WIDTH
        """,
        out,
    )
    assert out.tolist() == [0.5, 9.0, -1.5, 8.0, 8.0, 8.0]
