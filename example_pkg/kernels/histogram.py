"""Counting values into bins."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32, u32

BLOCK = 256
MOST_BINS = 1024


@gpu.kernel(block=BLOCK)
def histogram(values: Slice[u32], bins: MutSlice[u32]) -> None:
    """bins[v] += 1 for every value v, for a grid of any size; values past the last bin are not counted.

    Each block counts into bins of its own in shared memory, whose atomics are fast, and adds those to `bins` once.
    """
    gpu.require(len(bins) <= MOST_BINS)
    counts = gpu.shared_array(MOST_BINS, u32)
    thread = gpu.thread_idx.x
    for b in range(thread, len(bins), BLOCK):
        counts[b] = u32(0)
    gpu.sync_threads()
    for i in gpu.grid_stride(len(values)):
        value = values[i]
        if value < u32(len(bins)):
            gpu.atomic_add(counts, i32(value), 1)
    gpu.sync_threads()
    for b in range(thread, len(bins), BLOCK):
        if counts[b] > 0:
            gpu.atomic_add(bins, b, counts[b])
