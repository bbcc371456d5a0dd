"""Host loops that the tests of several programs share.

In: a launcher, NumPy arrays. Out: NumPy arrays. Its own room because tests do not import each other.
"""

from __future__ import annotations

import numpy as np

from oxide_build.gpu import Kernel
from tests.programs.conftest import Launcher
from tests.programs.kernels import scan


def prefix_sums(launch: Launcher, x: np.ndarray, kernel: Kernel = scan.blelloch) -> np.ndarray:
    """Sums of any length: `kernel` scans each stretch, an exclusive scan of the totals gives what lies before it."""
    stretch = scan.BLOCK if kernel is scan.hillis_steele else scan.TILE
    blocks = max(1, -(-len(x) // stretch))
    out, totals = np.full_like(x, -1), np.zeros(blocks, x.dtype)
    launch(kernel, blocks, scan.BLOCK, x, out, totals)
    if blocks > 1:
        launch(scan.add_offsets, -(-len(x) // 256), 256, prefix_sums(launch, totals), stretch, out)
    return out
