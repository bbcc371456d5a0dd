"""Stable radix sort of 32-bit keys with a value each, four bits a pass, from the lowest up.

A pass counts each block's digits, scans the counts in the order (digit, block), which gives where each block's elements
of each digit start, and scatters. Within a block an element's place follows from its peers, the lanes of its warp that
have the same digit, and from the counts of the warps before.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32, u32

BLOCK = 256
WARPS = BLOCK // 32
BITS = 4
DIGITS = 1 << BITS


@gpu.device
def digit_of(key: u32, shift: u32) -> i32:
    return i32(key >> shift & (DIGITS - 1))


@gpu.kernel(block=BLOCK)
def count_digits(keys: Slice[u32], shift: u32, counts: MutSlice[i32]) -> None:
    """How often each digit occurs in each block, those of one digit side by side."""
    digits = gpu.shared_array(DIGITS, i32)
    thread = gpu.thread_idx.x
    if thread < DIGITS:
        digits[thread] = 0
    gpu.sync_threads()
    i = gpu.index_1d()
    if i < len(keys):
        gpu.atomic_add(digits, digit_of(keys[i], shift), 1)
    gpu.sync_threads()
    if thread < DIGITS:
        counts[thread * gpu.grid_dim.x + gpu.block_idx.x] = digits[thread]


@gpu.kernel(block=BLOCK)
def scatter(
    keys: Slice[u32],
    values: Slice[u32],
    shift: u32,
    starts: Slice[i32],
    sorted_keys: MutSlice[u32],
    sorted_values: MutSlice[u32],
) -> None:
    """Put every element after those of lesser digits, and after those of its digit that come before it."""
    gpu.require(len(values) == len(keys))
    gpu.require(len(sorted_keys) == len(keys) and len(sorted_values) == len(keys))
    places = gpu.shared_array((WARPS, DIGITS), i32)
    thread, warp = gpu.thread_idx.x, gpu.warp_id()
    i = gpu.index_1d()
    if thread < WARPS * DIGITS:
        places[thread // DIGITS, thread % DIGITS] = 0
    gpu.sync_threads()

    digit = digit_of(keys[i], shift) if i < len(keys) else DIGITS
    peers = gpu.match_any(digit)
    rank = gpu.popc(peers & ((u32(1) << gpu.lane_id()) - 1))
    if rank == 0 and digit < DIGITS:
        places[warp, digit] = gpu.popc(peers)
    gpu.sync_threads()

    if thread < DIGITS:
        place = starts[thread * gpu.grid_dim.x + gpu.block_idx.x]
        for w in range(WARPS):
            count = places[w, thread]
            places[w, thread] = place
            place += count
    gpu.sync_threads()

    if i < len(keys):
        place = places[warp, digit] + rank
        sorted_keys[place] = keys[i]
        sorted_values[place] = values[i]
