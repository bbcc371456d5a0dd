"""Conway's game of life on a torus: what leaves on one side comes back on the other.

`step` reads the eight neighbours from global memory. `step_tiled` has each block fetch its cells and the ring around
them into shared memory once.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, i32, u8

TILE = 16
RING = TILE + 2


@gpu.device
def lives(alive: u8, neighbours: i32) -> u8:
    """Whether a cell lives on: with three neighbours, or with two if it lives already."""
    return u8(neighbours == 3 or (neighbours == 2 and alive == 1))


@gpu.kernel
def step(before: Slice2D[u8], after: DisjointSlice2D[u8]) -> None:
    """One generation; a cell is 1 if it lives, else 0."""
    gpu.require(before.shape[0] == after.shape[0] and before.shape[1] == after.shape[1])
    row, col = gpu.index_2d()
    rows, cols = before.shape
    if row >= after.shape[0] or col >= after.shape[1]:
        return
    neighbours = 0
    for down in gpu.static_range(-1, 2):
        for right in gpu.static_range(-1, 2):
            if down != 0 or right != 0:
                neighbours += i32(before[(row + down) % rows, (col + right) % cols])
    after[row, col] = lives(before[row, col], neighbours)


@gpu.kernel(block=(TILE, TILE))
def step_tiled(before: Slice2D[u8], after: DisjointSlice2D[u8]) -> None:
    """One generation, by way of shared memory."""
    gpu.require(before.shape[0] == after.shape[0] and before.shape[1] == after.shape[1])
    cells = gpu.shared_array((RING, RING), u8)
    rows, cols = before.shape
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    top, left = gpu.block_idx.y * TILE - 1, gpu.block_idx.x * TILE - 1
    for place in range(y * TILE + x, RING * RING, TILE * TILE):
        down, right = divmod(place, RING)
        cells[down, right] = before[(top + down) % rows, (left + right) % cols]
    gpu.sync_threads()
    neighbours = 0
    for below in gpu.static_range(3):
        for beside in gpu.static_range(3):
            if below != 1 or beside != 1:
                neighbours += i32(cells[y + below, x + beside])
    row, col = gpu.index_2d()
    if row < after.shape[0] and col < after.shape[1]:
        after[row, col] = lives(cells[y + 1, x + 1], neighbours)
