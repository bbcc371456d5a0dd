"""The least kernel."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def copy(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """y = x, one element a thread."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = x[i]
