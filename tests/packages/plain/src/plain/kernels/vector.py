"""Kernels over vectors."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """y = a * x + y, one element a thread."""
    gpu.require(len(x) >= len(y))
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * x[i] + y[i]


@gpu.kernel
def scale(a: f32, y: DisjointSlice[f32]) -> None:
    """y = a * y, one element a thread."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * y[i]
