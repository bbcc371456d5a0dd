"""A kernel that calls a function of another module, which needs libdevice."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, f32
from ripple.rates import fade


@gpu.kernel
def decay(t: f32, y: DisjointSlice[f32]) -> None:
    """y = y after a time of t, one element a thread."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = y[i] * fade(t)
