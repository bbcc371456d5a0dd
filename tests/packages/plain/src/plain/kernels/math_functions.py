"""A kernel that needs libdevice."""

import math

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, f32


@gpu.kernel
def exponential(y: DisjointSlice[f32]) -> None:
    """y = exp(y), one element a thread."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = math.exp(y[i])
