"""Generic kernels as authors write them, for the type checkers: nothing here may need a cast or an ignore."""

from collections.abc import Callable
from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64

T = TypeVar("T", f32, f64)


@gpu.device
def add(a: T, b: T) -> T:
    """The sum."""
    return a + b


@gpu.device
def larger(a: T, b: T) -> T:
    """The larger of two."""
    return a if a > b else b


@gpu.kernel(values={"block": (64, 128), "op": (add, larger)}, block="block", min_blocks=2, fast_math=True)
def reduce(
    x: Slice[T], out: MutSlice[T], first: T, op: gpu.Const[Callable[[T, T], T]] = larger, block: gpu.Const[int] = 128
) -> None:
    """What `op` makes of each block's elements, for either type."""
    partial = gpu.shared_array(block, x.dtype)
    t = gpu.thread_idx.x
    i = gpu.block_idx.x * block + t
    partial[t] = x[i] if i < len(x) else first
    gpu.sync_threads()
    half = block // 2
    while half > 0:
        if t < half:
            partial[t] = op(partial[t], partial[t + half])
        gpu.sync_threads()
        half //= 2
    if t == 0:
        out[gpu.block_idx.x] = x.dtype(partial[0])


@gpu.kernel(max_threads=64, bounds_checks=False)
def bounded(x: MutSlice[T]) -> None:
    """At most 64 threads."""
    x[gpu.thread_idx.x] = x[0] / 2
