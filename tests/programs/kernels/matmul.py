"""Matrix product of any size: a tile of it a block, through shared memory, and a part of that a thread, in registers.

Each element that a thread reads from shared memory serves PART products, so that arithmetic is what limits it.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, Slice2D, f32

SIDE = 16
PART = 4
TILE = SIDE * PART
DEPTH = SIDE


@gpu.kernel(block=(SIDE, SIDE))
def matmul(a: Slice2D[f32], b: Slice2D[f32], c: MutSlice2D[f32]) -> None:
    """c = a @ b; past the edges the tiles hold zeros."""
    gpu.require(a.shape[1] == b.shape[0] and c.shape[0] == a.shape[0] and c.shape[1] == b.shape[1])
    a_tile = gpu.shared_array((TILE, DEPTH + 1), f32)
    b_tile = gpu.shared_array((DEPTH, TILE), f32)
    sums = gpu.local_array((PART, PART), f32)
    column = gpu.local_array(PART, f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    top, left = gpu.block_idx.y * TILE, gpu.block_idx.x * TILE
    rows, cols = c.shape
    depth = a.shape[1]
    for r in gpu.static_range(PART):
        for s in gpu.static_range(PART):
            sums[r, s] = 0.0

    for start in range(0, depth, DEPTH):
        for r in gpu.static_range(PART):
            row, col = y + r * SIDE, x + r * SIDE
            inside = top + row < rows and start + x < depth
            a_tile[row, x] = a[top + row, start + x] if inside else 0.0
            inside = start + y < depth and left + col < cols
            b_tile[y, col] = b[start + y, left + col] if inside else 0.0
        gpu.sync_threads()
        for k in range(DEPTH):
            for r in gpu.static_range(PART):
                column[r] = a_tile[y + r * SIDE, k]
            for s in gpu.static_range(PART):
                value = b_tile[k, x + s * SIDE]
                for r in gpu.static_range(PART):
                    sums[r, s] += column[r] * value
        gpu.sync_threads()

    for r in gpu.static_range(PART):
        for s in gpu.static_range(PART):
            row, col = top + y + r * SIDE, left + x + s * SIDE
            if row < rows and col < cols:
                c[row, col] = sums[r, s]
