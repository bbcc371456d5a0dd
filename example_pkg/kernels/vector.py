"""Vectors: a scaled sum and a dot product."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, f32

BLOCK = 256


@gpu.kernel
def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """y = a * x + y, one element a thread."""
    gpu.require(len(x) >= len(y))
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * x[i] + y[i]


@gpu.kernel(block=BLOCK)
def dot(x: Slice[f32], y: Slice[f32], out: MutSlice[f32]) -> None:
    """out[0] += x · y, for a grid of any size.

    Each thread sums every so many products, each block its threads' sums in a tree, and one thread of each block
    adds the block's sum to `out[0]`, in no particular order: the last bits may differ from run to run.
    """
    gpu.require(len(x) == len(y) and len(out) >= 1)
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    total = f32(0)
    for i in gpu.grid_stride(len(x)):
        total += x[i] * y[i]
    sums[thread] = total
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            sums[thread] += sums[thread + half]
        gpu.sync_threads()
        half //= 2
    if thread == 0:
        gpu.atomic_add(out, 0, sums[0])
