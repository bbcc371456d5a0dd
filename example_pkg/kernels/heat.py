"""Heat flow on a plate."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32


@gpu.kernel
def heat_step(rate: f32, before: Slice2D[f32], after: DisjointSlice2D[f32]) -> None:
    """One explicit time step of the heat equation, one cell a thread; the plate's edge keeps its temperature.

    `rate` is diffusivity * time step / spacing²; the scheme is stable up to 0.25.
    """
    gpu.require(before.shape[0] == after.shape[0] and before.shape[1] == after.shape[1])
    row, col = gpu.index_2d()
    rows, cols = before.shape
    if row >= rows or col >= cols:
        return
    here = before[row, col]
    if 0 < row < rows - 1 and 0 < col < cols - 1:
        around = before[row - 1, col] + before[row + 1, col] + before[row, col - 1] + before[row, col + 1]
        after[row, col] = here + rate * (around - 4.0 * here)
    else:
        after[row, col] = here
