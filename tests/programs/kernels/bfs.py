"""Breadth-first search, a level a launch: the vertices of the frontier find the next one.

The graph is in compressed rows: the neighbours of `v` are `targets[starts[v]:starts[v + 1]]`. Whoever first writes a
vertex's level appends it to the next frontier.
"""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i32, u32

UNSEEN = -1


@gpu.kernel
def expand(
    starts: Slice[i32],
    targets: Slice[i32],
    level: i32,
    frontier: Slice[i32],
    size: i32,
    levels: MutSlice[i32],
    found: MutSlice[i32],
    found_size: MutSlice[i32],
) -> None:
    """Give `level` to all neighbours of `frontier[:size]` that have none, and append them to `found`."""
    gpu.require(size <= len(frontier) and len(starts) == len(levels) + 1)
    i = gpu.index_1d()
    if i >= size:
        return
    vertex = frontier[i]
    for edge in range(starts[vertex], starts[vertex + 1]):
        target = targets[edge]
        if gpu.atomic_load(levels, target) == UNSEEN and gpu.atomic_cas(levels, target, UNSEEN, level) == UNSEEN:
            place = gpu.atomic_add(found_size, 0, 1)
            found[place] = target


@gpu.kernel
def expand_by_warps(
    starts: Slice[i32],
    targets: Slice[i32],
    level: i32,
    frontier: Slice[i32],
    size: i32,
    levels: MutSlice[i32],
    found: MutSlice[i32],
    found_size: MutSlice[i32],
) -> None:
    """The same, the edges of a vertex shared out to a warp, which appends what it finds in one step."""
    gpu.require(size <= len(frontier) and len(starts) == len(levels) + 1)
    i = gpu.index_1d() // 32
    if i >= size:
        return
    lane = gpu.lane_id()
    vertex = frontier[i]
    end = starts[vertex + 1]
    for first in range(starts[vertex], end, 32):
        edge = first + lane
        target = targets[edge] if edge < end else 0
        new = edge < end and gpu.atomic_cas(levels, target, UNSEEN, level) == UNSEEN
        news = gpu.ballot(new)
        place = 0
        if lane == 0:
            place = gpu.atomic_add(found_size, 0, gpu.popc(news))
        place = gpu.shuffle(place, 0) + gpu.popc(news & ((u32(1) << lane) - 1))
        if new:
            found[place] = target
