"""Prefix sums: Hillis and Steele's (short) and Blelloch's (work-efficient), over any length.

A block scans one stretch and leaves its sum in `totals`; the host scans those in the same way, in as many levels as it
takes, and `add_offsets` adds to each stretch what lies before it.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, i32

BLOCK = 256
TILE = 2 * BLOCK
LAST = i32(TILE - 1)
BANKS = 32


@gpu.kernel(block=BLOCK)
def hillis_steele(x: Slice[i32], out: DisjointSlice[i32], totals: MutSlice[i32]) -> None:
    """Inclusive sums of each BLOCK elements: every thread adds its neighbour 1, 2, 4, … places to the left.

    Two rows take turns being read and written, so that each step needs one barrier.
    """
    gpu.require(len(x) == len(out))
    rows = gpu.shared_array((2, BLOCK), i32)
    thread = gpu.thread_idx.x
    i = gpu.index_1d()
    current = 0
    rows[0, thread] = x[i] if i < len(x) else 0
    gpu.sync_threads()
    distance = 1
    while distance < BLOCK:
        value = rows[current, thread]
        if thread >= distance:
            value += rows[current, thread - distance]
        current = 1 - current
        rows[current, thread] = value
        gpu.sync_threads()
        distance *= 2
    if i < len(out):
        out[i] = rows[current, thread]
    if thread == BLOCK - 1:
        totals[gpu.block_idx.x] = rows[current, thread]


@gpu.device
def place(i: i32) -> i32:
    """Where element `i` is kept: a gap every BANKS elements keeps the threads of a warp out of each other's bank."""
    return i + i // BANKS


@gpu.kernel(block=BLOCK)
def blelloch(x: Slice[i32], out: MutSlice[i32], totals: MutSlice[i32]) -> None:
    """Exclusive sums of each TILE elements: up a tree of sums, then down it with what lies to the left."""
    gpu.require(len(x) == len(out))
    tile = gpu.shared_array(TILE + TILE // BANKS, i32)
    thread = gpu.thread_idx.x
    start = gpu.block_idx.x * TILE
    for k in range(thread, TILE, BLOCK):
        tile[place(i32(k))] = x[start + k] if start + k < len(x) else 0
    distance = i32(1)
    while distance < TILE:
        gpu.sync_threads()
        right = (thread + 1) * distance * 2 - 1
        if right < TILE:
            tile[place(right)] += tile[place(right - distance)]
        distance *= 2
    gpu.sync_threads()
    if thread == 0:
        totals[gpu.block_idx.x] = tile[place(LAST)]
        tile[place(LAST)] = 0
    while distance > 1:
        distance //= 2
        gpu.sync_threads()
        right = (thread + 1) * distance * 2 - 1
        if right < TILE:
            left = right - distance
            tile[place(left)], tile[place(right)] = tile[place(right)], tile[place(left)] + tile[place(right)]
    gpu.sync_threads()
    for k in range(thread, TILE, BLOCK):
        if start + k < len(out):
            out[start + k] = tile[place(i32(k))]


@gpu.kernel
def add_offsets(offsets: Slice[i32], stretch: i32, out: DisjointSlice[i32]) -> None:
    """out[i] += offsets[i // stretch]."""
    i = gpu.index_1d()
    if i < len(out):
        out[i] += offsets[i // stretch]
