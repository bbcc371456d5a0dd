"""A five-point stencil over the inside of a plane."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32

BLOCK = 256
FACTOR = 3


@gpu.kernel(block=(32, BLOCK // 32))
def diffuse(rate: f32, u: Slice2D[f32], out: DisjointSlice2D[f32]) -> None:
    gpu.require(u.shape[0] == out.shape[0] and u.shape[1] == out.shape[1])
    row, col = gpu.index_2d()
    rows, cols = out.shape
    if row > 0 and col > 0 and row < rows - 1 and col < cols - 1:
        around = u[row - 1, col] + u[row + 1, col] + u[row, col - 1] + u[row, col + 1]
        out[row, col] = u[row, col] + rate * (around - 4.0 * u[row, col]) * FACTOR
