"""Meetings: the operations at which threads wait, for their block or for lanes of their warp.

In: who waits where, once no thread can run. Out: who may go on together. Its own room
because the machine only runs and queues groups. A thread that waits nowhere has returned.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.simulator import faults, warps
from oxide_build.simulator.memory import Memory, spread
from oxide_build.simulator.threads import Array, Chunk, Group

MEETINGS = frozenset({mir.sync_threads, mir.sync_threads_reduce}) | warps.MEETINGS


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
