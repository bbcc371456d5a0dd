"""A histogram of bytes, counted in shared memory first."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32, u8

BLOCK = 256
FACTOR = 3
BINS = 256


@gpu.kernel(block=BLOCK)
def histogram(values: Slice[u8], bins: MutSlice[i32]) -> None:
    gpu.require(len(bins) == BINS)
    counts = gpu.shared_array(BINS, i32)
    for b in range(gpu.thread_idx.x, BINS, BLOCK):
        counts[b] = 0
    gpu.sync_threads()
    for i in gpu.grid_stride(len(values)):
        gpu.atomic_add(counts, values[i], FACTOR, scope="block")
    gpu.sync_threads()
    for b in range(gpu.thread_idx.x, BINS, BLOCK):
        gpu.atomic_add(bins, b, counts[b])
