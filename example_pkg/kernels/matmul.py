"""Matrix product, a tile at a time through shared memory."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32

TILE = 16


@gpu.kernel(block=(TILE, TILE))
def matmul(a: Slice2D[f32], b: Slice2D[f32], c: DisjointSlice2D[f32]) -> None:
    """c = a @ b, one element of c a thread, for matrices of any size.

    The threads of a block fetch a tile of `a` and one of `b` together, so that each element is read from global
    memory once in every TILE products. Past the edges the tiles hold zeros.
    """
    gpu.require(a.shape[1] == b.shape[0] and c.shape[0] == a.shape[0] and c.shape[1] == b.shape[1])
    a_tile = gpu.shared_array((TILE, TILE), f32)
    b_tile = gpu.shared_array((TILE, TILE), f32)
    row, col = gpu.index_2d()
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    total = f32(0)
    for start in range(0, a.shape[1], TILE):
        a_col, b_row = start + x, start + y
        a_tile[y, x] = a[row, a_col] if row < a.shape[0] and a_col < a.shape[1] else 0.0
        b_tile[y, x] = b[b_row, col] if b_row < b.shape[0] and col < b.shape[1] else 0.0
        gpu.sync_threads()
        for k in range(TILE):
            total += a_tile[y, k] * b_tile[k, x]
        gpu.sync_threads()
    if row < c.shape[0] and col < c.shape[1]:
        c[row, col] = total
