"""Bitonic sort of keys with a value each, of any number.

Sorted runs of `width / 2` become runs of `width`: elements are first compared with their mirror image in the run
(`flip`), then with those ever half as far away (`disperse`). Every comparison puts the lesser key first, so the places
past the end may be thought to hold infinity and are left alone. What fits a tile is done in shared memory.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32

BLOCK = 256
TILE = 2 * BLOCK


@gpu.device
def flipped(pair: i32, width: i32) -> tuple[i32, i32]:
    """The places of a pair that mirrors in its run."""
    half = width // 2
    start, place = pair // half * width, pair % half
    return start + place, start + width - 1 - place


@gpu.device
def dispersed(pair: i32, distance: i32) -> tuple[i32, i32]:
    """The places of a pair that is `distance` apart."""
    low = pair // distance * (2 * distance) + pair % distance
    return low, low + distance


@gpu.device
def put_in_order(keys: MutSlice[i32], values: MutSlice[i32], low: i32, high: i32, count: i32) -> None:
    """Exchange two elements whose keys are in the wrong order."""
    if high < count and keys[low] > keys[high]:
        keys[low], keys[high] = keys[high], keys[low]
        values[low], values[high] = values[high], values[low]


@gpu.kernel
def flip(width: i32, keys: MutSlice[i32], values: MutSlice[i32]) -> None:
    """The first step of making runs of `width`, one pair a thread."""
    gpu.require(len(keys) == len(values))
    low, high = flipped(gpu.index_1d(), width)
    put_in_order(keys, values, low, high, keys.shape[0])


@gpu.kernel
def disperse(distance: i32, keys: MutSlice[i32], values: MutSlice[i32]) -> None:
    """A further step, one pair a thread."""
    gpu.require(len(keys) == len(values))
    low, high = dispersed(gpu.index_1d(), distance)
    put_in_order(keys, values, low, high, keys.shape[0])


@gpu.device
def disperse_tile(keys: MutSlice[i32], values: MutSlice[i32], farthest: i32, count: i32) -> None:
    """All steps from the distance `farthest` down, in shared memory."""
    distance = farthest
    while distance > 0:
        low, high = dispersed(gpu.thread_idx.x, distance)
        put_in_order(keys, values, low, high, count)
        gpu.sync_threads()
        distance //= 2


@gpu.kernel(block=BLOCK)
def sort_tiles(keys: MutSlice[i32], values: MutSlice[i32]) -> None:
    """Sorted runs of TILE, one a block."""
    gpu.require(len(keys) == len(values))
    tile_keys = gpu.shared_array(TILE, i32)
    tile_values = gpu.shared_array(TILE, i32)
    thread, start = gpu.thread_idx.x, gpu.block_idx.x * TILE
    count = min(i32(TILE), keys.shape[0] - start)
    for k in range(thread, count, BLOCK):
        tile_keys[k], tile_values[k] = keys[start + k], values[start + k]
    gpu.sync_threads()
    width = i32(2)
    while width <= TILE:
        low, high = flipped(thread, width)
        put_in_order(tile_keys, tile_values, low, high, count)
        gpu.sync_threads()
        disperse_tile(tile_keys, tile_values, width // 4, count)
        width *= 2
    for k in range(thread, count, BLOCK):
        keys[start + k], values[start + k] = tile_keys[k], tile_values[k]


@gpu.kernel(block=BLOCK)
def finish_tiles(keys: MutSlice[i32], values: MutSlice[i32]) -> None:
    """The steps of a longer run from the distance TILE / 2 down, one tile a block."""
    gpu.require(len(keys) == len(values))
    tile_keys = gpu.shared_array(TILE, i32)
    tile_values = gpu.shared_array(TILE, i32)
    thread, start = gpu.thread_idx.x, gpu.block_idx.x * TILE
    count = min(i32(TILE), keys.shape[0] - start)
    for k in range(thread, count, BLOCK):
        tile_keys[k], tile_values[k] = keys[start + k], values[start + k]
    gpu.sync_threads()
    disperse_tile(tile_keys, tile_values, i32(TILE // 2), count)
    for k in range(thread, count, BLOCK):
        keys[start + k], values[start + k] = tile_keys[k], tile_values[k]
