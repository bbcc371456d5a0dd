"""Matrix transpose by tiles in shared memory, so that both reading and writing run along rows.

A tile's rows are one element longer than the tile: the elements of a column then lie in different banks. A block has
fewer rows of threads than a tile has rows; each thread moves several elements.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, MutSlice2D, Slice2D, f32

TILE = 32
ROWS = 8


@gpu.kernel(block=(TILE, ROWS))
def transpose(a: Slice2D[f32], out: MutSlice2D[f32]) -> None:
    """out = a.T, a tile of `a` a block."""
    gpu.require(out.shape[0] == a.shape[1] and out.shape[1] == a.shape[0])
    tile = gpu.shared_array((TILE, TILE + 1), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    top, left = gpu.block_idx.y * TILE, gpu.block_idx.x * TILE
    for down in gpu.static_range(0, TILE, ROWS):
        row, col = top + y + down, left + x
        if row < a.shape[0] and col < a.shape[1]:
            tile[y + down, x] = a[row, col]
    gpu.sync_threads()
    for down in gpu.static_range(0, TILE, ROWS):
        row, col = left + y + down, top + x
        if row < out.shape[0] and col < out.shape[1]:
            out[row, col] = tile[x, y + down]


@gpu.kernel
def transpose_plain(a: Slice2D[f32], out: DisjointSlice2D[f32]) -> None:
    """out = a.T, an element a thread, reading down columns: what the tiles are for."""
    gpu.require(out.shape[0] == a.shape[1] and out.shape[1] == a.shape[0])
    row, col = gpu.index_2d()
    if row < out.shape[0] and col < out.shape[1]:
        out[row, col] = a[col, row]
