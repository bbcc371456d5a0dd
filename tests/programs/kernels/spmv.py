"""Sparse matrix times vector, the matrix as compressed rows (CSR): row `r` is at `starts[r]` to `starts[r + 1]`.

A thread a row suits short rows. A warp a row reads neighbouring elements of longer ones together.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, f64, i32

BLOCK = 128
WARP = 32


@gpu.kernel
def scalar(starts: Slice[i32], columns: Slice[i32], values: Slice[f64], x: Slice[f64], y: DisjointSlice[f64]) -> None:
    """y = A x, one row a thread."""
    gpu.require(len(starts) == len(y) + 1 and len(columns) == len(values))
    row = gpu.index_1d()
    if row < len(y):
        total = f64(0)
        for k in range(starts[row], starts[row + 1]):
            total += values[k] * x[columns[k]]
        y[row] = total


@gpu.kernel(block=BLOCK)
def vector(starts: Slice[i32], columns: Slice[i32], values: Slice[f64], x: Slice[f64], y: MutSlice[f64]) -> None:
    """y = A x, one row a warp, for a grid of any size."""
    gpu.require(len(starts) == len(y) + 1 and len(columns) == len(values))
    lane = gpu.lane_id()
    warps = gpu.grid_dim.x * (BLOCK // WARP)
    for row in range(gpu.block_idx.x * (BLOCK // WARP) + gpu.warp_id(), len(y), warps):
        total = f64(0)
        for k in range(starts[row] + lane, starts[row + 1], WARP):
            total += values[k] * x[columns[k]]
        for step in gpu.static_range(5):
            total += gpu.shuffle_down(total, 16 >> step)
        if lane == 0:
            y[row] = total
