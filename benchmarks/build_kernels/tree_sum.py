"""A block's sum by a tree in shared memory."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32

BLOCK = 256
FACTOR = 3


@gpu.kernel(block=BLOCK)
def tree_sum(x: Slice[f32], out: MutSlice[f32]) -> None:
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    i = gpu.index_1d()
    sums[thread] = x[i] * FACTOR if i < len(x) else f32(0)
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            sums[thread] += sums[thread + half]
        gpu.sync_threads()
        half //= 2
    if thread == 0:
        out[gpu.block_idx.x] = sums[0]
