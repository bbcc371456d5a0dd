"""Scaled sums and an activation, element by element."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32

BLOCK = 256
FACTOR = 3


@gpu.kernel(block=BLOCK)
def axpby(a: f32, b: f32, x: Slice[f32], y: Slice[f32], out: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(x) and i < len(y):
        out[i] = a * x[i] + b * y[i] + FACTOR


@gpu.kernel(block=BLOCK)
def leaky(x: Slice[f32], out: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(x):
        value = x[i]
        out[i] = value if value > 0.0 else value / FACTOR
