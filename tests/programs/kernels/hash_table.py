"""A hash table with open addressing: keys of 32 bits, counted or looked up by any number of threads at once.

A thread takes a free slot with compare-and-swap; who loses finds in the same step which key took it. Slots are never
freed, so a key once seen in a slot stays there. The capacity is a power of two; a search that has tried all slots
gives up.
"""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, i32, u32

FREE = u32(0xFFFFFFFF)
"""What a slot without a key holds; no key may be it."""

ABSENT = -1


@gpu.device
def mixed(key: u32) -> u32:
    """The key's bits, spread: the end of MurmurHash3."""
    key ^= key >> 16
    key *= 0x85EBCA6B
    key ^= key >> 13
    key *= 0xC2B2AE35
    return key ^ (key >> 16)


@gpu.device
def claim(slots: MutSlice[u32], key: u32) -> i32:
    """The slot of `key`, taken for it if need be; ABSENT if the table is full."""
    mask = u32(len(slots) - 1)
    place = mixed(key) & mask
    for _ in range(len(slots)):
        found = gpu.atomic_cas(slots, i32(place), FREE, key)
        if found in (FREE, key):
            return i32(place)
        place = (place + 1) & mask
    return ABSENT


@gpu.device
def search(slots: Slice[u32], key: u32) -> i32:
    """The slot of `key`; ABSENT if it has none."""
    mask = u32(len(slots) - 1)
    place = mixed(key) & mask
    for _ in range(len(slots)):
        found = slots[i32(place)]
        if found == key:
            return i32(place)
        if found == FREE:
            return ABSENT
        place = (place + 1) & mask
    return ABSENT


@gpu.kernel
def count(keys: Slice[u32], slots: MutSlice[u32], counts: MutSlice[i32], refused: MutSlice[i32]) -> None:
    """Count each key; refused[0] += how many found no room. `slots` starts as FREE, `counts` as zeros."""
    gpu.require(len(slots) >= 1 and len(slots) == len(counts))
    for i in gpu.grid_stride(len(keys)):
        place = claim(slots, keys[i])
        if place == ABSENT:
            gpu.atomic_add(refused, 0, 1)
        else:
            gpu.atomic_add(counts, place, 1)


@gpu.kernel
def look_up(keys: Slice[u32], slots: Slice[u32], counts: Slice[i32], found: DisjointSlice[i32]) -> None:
    """found[i] = how often keys[i] was counted; ABSENT if never."""
    gpu.require(len(slots) >= 1 and len(slots) == len(counts) and len(keys) == len(found))
    for i in gpu.grid_stride(len(found)):
        place = search(slots, keys[i])
        found[i] = counts[place] if place != ABSENT else ABSENT
