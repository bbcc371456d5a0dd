"""A matrix product by tiles in shared memory, an element a thread."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, Slice2D, f32

BLOCK = 256
FACTOR = 3
TILE = 16


@gpu.kernel(block=(TILE, TILE))
def matmul(a: Slice2D[f32], b: Slice2D[f32], c: MutSlice2D[f32]) -> None:
    gpu.require(a.shape[1] == b.shape[0] and c.shape[0] == a.shape[0] and c.shape[1] == b.shape[1])
    a_tile = gpu.shared_array((TILE, TILE), f32)
    b_tile = gpu.shared_array((TILE, TILE), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    row, col = gpu.block_idx.y * TILE + y, gpu.block_idx.x * TILE + x
    rows, cols = c.shape
    depth = a.shape[1]
    total = f32(0)
    for start in range(0, depth, TILE):
        a_tile[y, x] = a[row, start + x] if row < rows and start + x < depth else 0.0
        b_tile[y, x] = b[start + y, col] if start + y < depth and col < cols else 0.0
        gpu.sync_threads()
        for k in gpu.static_range(TILE):
            total += a_tile[y, k] * b_tile[k, x]
        gpu.sync_threads()
    if row < rows and col < cols:
        c[row, col] = total * FACTOR
