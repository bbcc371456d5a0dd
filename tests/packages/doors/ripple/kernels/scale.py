"""A kernel with two variants, each an image of its own."""

from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, f32, f64

T = TypeVar("T", f32, f64)


@gpu.kernel
def scale(a: T, y: DisjointSlice[T]) -> None:
    """y = a * y, one element a thread."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * y[i]
