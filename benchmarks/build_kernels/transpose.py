"""A transpose through padded tiles."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, Slice2D, f32

BLOCK = 256
FACTOR = 3
TILE = 32
ROWS = BLOCK // TILE


@gpu.kernel(block=(TILE, ROWS))
def transpose(a: Slice2D[f32], out: MutSlice2D[f32]) -> None:
    gpu.require(out.shape[0] == a.shape[1] and out.shape[1] == a.shape[0])
    tile = gpu.shared_array((TILE, TILE + 1), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    top, left = gpu.block_idx.y * TILE, gpu.block_idx.x * TILE
    for down in range(0, TILE, ROWS):
        row, col = top + y + down, left + x
        if row < a.shape[0] and col < a.shape[1]:
            tile[y + down, x] = a[row, col] * FACTOR
    gpu.sync_threads()
    for down in range(0, TILE, ROWS):
        row, col = left + y + down, top + x
        if row < out.shape[0] and col < out.shape[1]:
            out[row, col] = tile[x, y + down]
