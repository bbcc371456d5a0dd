"""Shortest ways between all pairs of nodes, by Floyd and Warshall, in blocks.

For each diagonal tile of the distance matrix: that tile through its own nodes, then the tiles of its row and column
through it, then all others through those two. Each tile is read into shared memory once a round, where the plain
algorithm reads the whole matrix for each node.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, f32, i32, math

TILE = 16


@gpu.device
def fetch(distances: MutSlice2D[f32], row: i32, col: i32) -> f32:
    """The distance at (row, col); past the matrix's end there is no way."""
    inside = row < distances.shape[0] and col < distances.shape[1]
    return distances[row, col] if inside else f32(math.inf)


@gpu.device
def keep(distances: MutSlice2D[f32], row: i32, col: i32, value: f32) -> None:
    """Store a distance, if it is of the matrix."""
    if row < distances.shape[0] and col < distances.shape[1]:
        distances[row, col] = value


@gpu.kernel(block=(TILE, TILE))
def diagonal_tile(number: i32, distances: MutSlice2D[f32]) -> None:
    """Diagonal tile `number` through its own nodes; one block."""
    gpu.require(distances.shape[0] == distances.shape[1])
    tile = gpu.shared_array((TILE, TILE), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    row, col = number * TILE + y, number * TILE + x
    tile[y, x] = fetch(distances, row, col)
    gpu.sync_threads()
    for k in range(TILE):
        through = tile[y, k] + tile[k, x]
        gpu.sync_threads()
        tile[y, x] = min(tile[y, x], through)
        gpu.sync_threads()
    keep(distances, row, col, tile[y, x])


@gpu.kernel(block=(TILE, TILE))
def cross_tiles(number: i32, distances: MutSlice2D[f32]) -> None:
    """The tiles of row `number` (grid y 0) and of column `number` (grid y 1), but for the diagonal one."""
    gpu.require(distances.shape[0] == distances.shape[1])
    diagonal = gpu.shared_array((TILE, TILE), f32)
    tile = gpu.shared_array((TILE, TILE), f32)
    y, x, other = gpu.thread_idx.y, gpu.thread_idx.x, gpu.block_idx.x
    if other == number:
        return
    in_row = gpu.block_idx.y == 0
    row = (number if in_row else other) * TILE + y
    col = (other if in_row else number) * TILE + x
    diagonal[y, x] = fetch(distances, number * TILE + y, number * TILE + x)
    tile[y, x] = fetch(distances, row, col)
    gpu.sync_threads()
    for k in range(TILE):
        through = diagonal[y, k] + tile[k, x] if in_row else tile[y, k] + diagonal[k, x]
        gpu.sync_threads()
        tile[y, x] = min(tile[y, x], through)
        gpu.sync_threads()
    keep(distances, row, col, tile[y, x])


@gpu.kernel(block=(TILE, TILE))
def other_tiles(number: i32, distances: MutSlice2D[f32]) -> None:
    """All tiles that are neither in row nor in column `number`, through those that are."""
    gpu.require(distances.shape[0] == distances.shape[1])
    row_tile = gpu.shared_array((TILE, TILE), f32)
    column_tile = gpu.shared_array((TILE, TILE), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    tile_row, tile_col = gpu.block_idx.y, gpu.block_idx.x
    if tile_row == number or tile_col == number:
        return
    row, col = tile_row * TILE + y, tile_col * TILE + x
    row_tile[y, x] = fetch(distances, number * TILE + y, col)
    column_tile[y, x] = fetch(distances, row, number * TILE + x)
    gpu.sync_threads()
    least = fetch(distances, row, col)
    for k in range(TILE):
        least = min(least, column_tile[y, k] + row_tile[k, x])
    keep(distances, row, col, least)


@gpu.kernel
def through_node(k: i32, distances: MutSlice2D[f32]) -> None:
    """The plain algorithm's step: all ways through node `k`. Row and column `k` do not change, distance 0 to itself."""
    gpu.require(distances.shape[0] == distances.shape[1])
    row, col = gpu.index_2d()
    if row < distances.shape[0] and col < distances.shape[1] and row != k and col != k:
        distances[row, col] = min(distances[row, col], distances[row, k] + distances[k, col])
