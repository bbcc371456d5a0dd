"""Named barriers: warps of a block that meet at a numbered barrier, or only come by.

In: the threads that wait at operations on named barriers, once no thread can run. Out: who
goes on. Its own room because these barriers have a state: how many threads came by.

Warps arrive whole, as on a GPU: all threads of a warp that have not returned are there, and
count as 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from oxide_build import ir
from oxide_build.dialects import vocabulary
from oxide_build.simulator import faults
from oxide_build.simulator.memory import spread
from oxide_build.simulator.threads import LANES, Array, Chunk, Group

_NUMBERS = vocabulary.BARRIER_NUMBERS.stop


@dataclass(frozen=True)
class Arrivals:
    """Threads at one operation: for each its barrier's place in the chunk, its count, and whether its warp is whole.

    `leaders` are the first threads of the whole warps.
    """

    op: ir.Op
    group: Group
    barrier: Array
    count: Array
    whole: Array
    leaders: Array


def arrivals(op: ir.Op, group: Group, present: Array, number: Array, count: Array) -> Arrivals:
    """The threads at an operation; `present` are the chunk's threads that have not returned."""
    chunk = group.chunk
    number, count = spread(group, number, count)
    warp = group.of(chunk.warp_numbers)
    here, alive = (np.bincount(numbers, minlength=chunk.warps) for numbers in (warp, chunk.warp_numbers[present]))
    whole = (here == alive)[warp]
    barrier = group.of(chunk.block_numbers) * _NUMBERS + number
    _, first, place = np.unique(warp, return_index=True, return_inverse=True)
    faults.check_alike(op, group, (barrier == barrier[first][place]) & (count == count[first][place]))
    return Arrivals(op, group, barrier, count, whole, first[whole[first]])


class NamedBarriers:
    """How many threads have come to each named barrier of a chunk's blocks since it last let go."""

    def __init__(self, chunk: Chunk) -> None:
        self.arrived = np.zeros(chunk.blocks * _NUMBERS, np.int64)
        self.awaited = np.zeros(chunk.blocks * _NUMBERS, np.int64)

    def complete(self, waiting: Mapping[int, Arrivals]) -> dict[int, Array]:
        """For each operation, by segment, which of its threads go on. Raises KernelFault where too many have come."""
        total = self.arrived
        for party in waiting.values():
            if party.op.attributes["operation"] == "arrive":
                self._come(party, total)
        total = self.arrived.copy()
        for party in waiting.values():
            if party.op.attributes["operation"] == "sync":
                self._come(party, total)
        full = (total > 0) & (total == self.awaited)
        self.arrived[full] = 0
        return {
            number: party.whole if party.op.attributes["operation"] == "arrive" else party.whole & full[party.barrier]
            for number, party in waiting.items()
        }

    def _come(self, party: Arrivals, total: Array) -> None:
        """Add a party's whole warps to the threads that are there."""
        barrier, count = party.barrier[party.leaders], party.count[party.leaders]
        begun = total[barrier] > 0
        self.awaited[barrier] = np.where(begun, self.awaited[barrier], count)
        faults.check_same_count(party.op, party.group, party.leaders, self.awaited[barrier] == count)
        np.add.at(total, barrier, LANES)
        faults.check_not_crowded(party.op, party.group, party.leaders, total[barrier] <= count)


def waits_in_vain(chunk: Chunk, op: ir.Op, group: Group) -> Exception:
    """The report of a named barrier to which nobody else comes."""
    return faults.named_barrier_fault(op, group)
