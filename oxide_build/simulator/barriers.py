"""Meetings: the operations at which threads wait, for block, cluster or grid, or for lanes of their warp.

In: who waits where, once no thread can run. Out: who may go on together. Its own room
because the machine only runs and queues groups. A thread that waits nowhere has returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.simulator import faults, named_barriers, warps
from oxide_build.simulator.memory import Memory, spread
from oxide_build.simulator.threads import Array, Chunk, Group

BARRIERS: Mapping[ir.OpDefinition, str] = {
    mir.sync_threads: "block",
    mir.sync_threads_reduce: "block",
    mir.sync_cluster: "cluster",
    mir.sync_grid: "grid",
}
"""Operations that wait for all threads, and of what."""

MEETINGS = frozenset({*BARRIERS, mir.named_barrier}) | warps.MEETINGS


def gathered(chunk: Chunk, op: ir.Op, group: Group) -> Array:
    """Which of the threads that wait at a barrier may go on: all that it waits for are there."""
    numbers, size = _parties(chunk, BARRIERS[op.definition])
    mine = group.of(numbers)
    complete: Array = (np.bincount(mine) == size)[mine]
    return complete


def waits_in_vain(chunk: Chunk, waiting: Sequence[tuple[ir.Op, Group]]) -> Exception:
    """The report of the first barrier that not all threads reach, when none can go on."""
    for op, group in waiting:
        if op.definition in BARRIERS:
            what = BARRIERS[op.definition]
            numbers, size = _parties(chunk, what)
            party = int(group.of(numbers)[0])
            return faults.barrier_fault(chunk, waiting, what, numbers == party, size)
    return named_barriers.waits_in_vain(chunk, *waiting[0])


def _parties(chunk: Chunk, what: str) -> tuple[Array, int]:
    """For each thread the number of its block, cluster or grid, and how many threads one has."""
    if what == "block":
        return chunk.block_numbers, chunk.block_size
    if what == "cluster":
        return chunk.cluster_numbers, chunk.block_size * prod(chunk.cluster)
    return np.zeros(chunk.size, np.int64), chunk.size


def cluster_rank(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The place of the thread's block in its cluster."""
    return group.of(group.chunk.cluster_ranks)


def reduce(op: ir.Op, memory: Memory, group: Group, condition: Array) -> Array:
    """In how many of its block's threads, in any, or in all of them the condition holds; the group has whole blocks."""
    (holds,) = spread(group, condition)
    block = group.of(group.chunk.block_numbers)
    count = np.bincount(block, holds, minlength=group.chunk.blocks)[block].astype(np.int32)
    if op.attributes["operation"] == "count":
        return count
    outcome: Array = count == group.chunk.block_size if op.attributes["operation"] == "and" else count > 0
    return outcome


def complete_parties(
    chunk: Chunk, waiting: Mapping[int, tuple[ir.Op, Group]], masks: Mapping[int, Array]
) -> dict[int, Array]:
    """For each warp operation, which of its threads may go on.

    `waiting` are all that wait, by segment; `masks` the lanes that the threads at warp operations name. KernelFault
    when a thread does not name itself, or none may go on.
    """
    present = np.zeros(chunk.size, bool)
    for _, group in waiting.values():
        present[group.index] = True
    alive = warps.alive(chunk, present)
    complete = {number: _complete(*waiting[number], mask, alive) for number, mask in masks.items()}
    if not any(threads.any() for threads in complete.values()):
        number = next(iter(masks))
        raise _missing_lanes(chunk, waiting, number, masks[number], alive)
    return complete


def _complete(op: ir.Op, group: Group, mask: Array, alive: Array) -> Array:
    party = warps.parties(group, mask)
    faults.check_own_lane(op, group, (party.mask[party.number] >> party.lane & 1).astype(bool))
    here = party.bits(np.ones(group.count, bool))
    complete: Array = (here == party.mask & alive[party.warp])[party.number]
    return complete


def _missing_lanes(
    chunk: Chunk, waiting: Mapping[int, tuple[ir.Op, Group]], number: int, mask: Array, alive: Array
) -> Exception:
    """The report of the first party that waits in vain."""
    op, group = waiting[number]
    party = warps.parties(group, mask)
    warp, here = int(party.warp[0]), int(party.bits(np.ones(group.count, bool))[0])
    missing = int(party.mask[0] & alive[warp]) & ~here
    elsewhere = []
    for other, at in waiting.values():
        threads = at.of(chunk.warp_numbers) == warp
        lanes = int(warps.lanes_set(at.of(chunk.warp_numbers), at.of(chunk.lane_numbers), threads, chunk.warps)[warp])
        if lanes & missing:
            elsewhere.append((other, lanes & missing))
    return faults.missing_lanes(op, chunk.warp_at(warp), here, elsewhere)
