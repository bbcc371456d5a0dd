"""Histogram of bytes: a private one a warp in shared memory, so that few threads meet, added up at the end."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32, u8

BLOCK = 256
WARPS = BLOCK // 32
BINS = 256


@gpu.kernel(block=BLOCK)
def histogram(values: Slice[u8], bins: MutSlice[i32]) -> None:
    """bins[v] += 1 for every value v, for a grid of any size."""
    gpu.require(len(bins) == BINS)
    counts = gpu.shared_array((WARPS, BINS), i32)
    thread = gpu.thread_idx.x
    for warp in range(WARPS):
        counts[warp, thread] = 0
    gpu.sync_threads()
    own = counts[gpu.warp_id()]
    for i in gpu.grid_stride(len(values)):
        gpu.atomic_add(own, values[i], 1, scope="block")
    gpu.sync_threads()
    total = 0
    for warp in range(WARPS):
        total += counts[warp, thread]
    if total > 0:
        gpu.atomic_add(bins, thread, total)
