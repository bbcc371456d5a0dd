"""Convolution of an image with a small filter that is known at compile time.

A block fetches its tile and a halo of RADIUS pixels around it, so that it reads each pixel from global memory once. The
filter is a table, whose numbers the unrolled loops have as immediates.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32

TILE = 16
RADIUS = 2
SIDE = 2 * RADIUS + 1
PADDED = TILE + 2 * RADIUS
FILTER = gpu.table(
    (
        (1 / 64, 2 / 64, 3 / 64, 2 / 64, 0.0),
        (2 / 64, 5 / 64, 7 / 64, 4 / 64, 1 / 64),
        (3 / 64, 7 / 64, -9 / 64, 6 / 64, 2 / 64),
        (2 / 64, 4 / 64, 6 / 64, 3 / 64, 1 / 64),
        (0.0, 1 / 64, 2 / 64, 1 / 64, -3 / 64),
    ),
    f32,
)
"""Of no symmetry, so that a mirrored index shows."""


@gpu.kernel(block=(TILE, TILE))
def convolve(image: Slice2D[f32], out: DisjointSlice2D[f32]) -> None:
    """out[r, c] = Σ FILTER[i, j] * image[r + RADIUS - i, c + RADIUS - j]; the image is 0 beyond its edges."""
    gpu.require(image.shape[0] == out.shape[0] and image.shape[1] == out.shape[1])
    tile = gpu.shared_array((PADDED, PADDED), f32)
    y, x = gpu.thread_idx.y, gpu.thread_idx.x
    top, left = gpu.block_idx.y * TILE - RADIUS, gpu.block_idx.x * TILE - RADIUS
    for r in range(y, PADDED, TILE):
        for c in range(x, PADDED, TILE):
            inside = 0 <= top + r < image.shape[0] and 0 <= left + c < image.shape[1]
            tile[r, c] = image[top + r, left + c] if inside else 0.0
    gpu.sync_threads()
    total = f32(0)
    for i in gpu.static_range(SIDE):
        for j in gpu.static_range(SIDE):
            total += FILTER[i][j] * tile[y + 2 * RADIUS - i, x + 2 * RADIUS - j]
    row, col = gpu.index_2d()
    if row < out.shape[0] and col < out.shape[1]:
        out[row, col] = total
