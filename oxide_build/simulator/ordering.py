"""Which accesses come one after the other for certain: what barriers, warps, fences and atomics order.

In: who met whom, released and acquired, as it happens. Out: for an earlier access and a
thread, whether something orders the two. Its own room because this, and nothing else, is
the simulator's reading of CUDA's memory model.

A clock ticks at each of these events. A stamp is one number that says when (upper bits) which
operation (middle) of which thread of the launch (lower) accessed memory. Each thread knows
since when: what its block, or its warp, did before then comes before what it does now.

Acquire and release are read generously, so that nothing is reported which may be in order: an
access in another block comes before if that block has released something since, and the own
one has acquired something since. Within a block the same holds of warps.
"""

from __future__ import annotations

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.simulator import warps
from oxide_build.simulator.threads import LANES, Array, Chunk, Group

_LAUNCH_WIDE = frozenset({"mir.sync_grid", "mir.sync_cluster"})
"""Meetings of threads of several blocks."""

_RELEASES = frozenset({"release", "acq_rel", "seq_cst"})
_ACQUIRES = frozenset({"acquire", "acq_rel", "seq_cst"})


class _Messages:
    """For each warp, or block, until when it released what it did, and until when it acquired what others did.

    A fence releases with the atomic after it, and acquires what the atomic before it has looked at.
    """

    def __init__(self, count: int) -> None:
        self.released, self.acquired, self.fenced, self.looked = np.zeros((4, count), np.int64)


class Order:
    """The order of a launch's accesses so far."""

    def __init__(self, blocks: int, block_size: int, operations: int) -> None:
        self.block_size = block_size
        self.thread_bits = (blocks * block_size).bit_length()
        self.threads = (1 << self.thread_bits) - 1
        self.tick = 1 << (self.thread_bits + operations.bit_length())
        self.clock = self.launch = self.tick
        self.blocks = _Messages(blocks)

    def enter(self, chunk: Chunk) -> None:
        """Go on with the next threads of the launch."""
        self.chunk = chunk
        self.first = chunk.first_thread
        self.block: Array = np.asarray(self.launch, np.int64)[()]
        self.warp = np.zeros(chunk.size, np.int64)
        self.lanes: Array | None = None
        self.warps = _Messages(chunk.warps)

    # what happens

    def stamp(self, operation: int) -> int:
        """What an access of thread 0 by an operation, by its number, is stamped with now; others add their number."""
        return self.clock + (operation << self.thread_bits)

    def threads_of(self, stamps: Array) -> Array:
        """The numbers, within the launch, of the threads that made accesses."""
        return stamps & self.threads

    def operation(self, stamp: int) -> int:
        """The number of the operation that made an access."""
        return (stamp & (self.tick - 1)) >> self.thread_bits

    def meet(self, op: ir.Op, group: Group, mask: Array) -> None:
        """Threads have waited for each other; `mask` is which lanes, where they did so in warps."""
        self.clock += self.tick
        if op.definition in warps.MEETINGS:
            self._meet_lanes(group, mask)
        elif op.name in _LAUNCH_WIDE:
            self.launch = self.clock
            self.block = np.asarray(self.clock, np.int64)[()]
        elif group.count == self.chunk.size:
            self.block = np.asarray(self.clock, np.int64)[()]
        else:
            self.block = np.broadcast_to(self.block, self.chunk.size).copy()
            self.block[np.isin(self.chunk.block_numbers, self.chunk.block_numbers[group.index])] = self.clock

    def _meet_lanes(self, group: Group, mask: Array) -> None:
        if mask.ndim == 0 and mask == warps.FULL_MASK:
            self.warp[group.index] = self.clock
            return
        if self.lanes is None:
            self.lanes = np.zeros((self.chunk.size, LANES), np.int64)
        party = warps.parties(group, mask)
        known = np.maximum(self.lanes[group.index], self.warp[group.index][:, None])
        order = np.argsort(party.number, kind="stable")
        starts = np.searchsorted(party.number[order], np.arange(len(party.warp)))
        together = np.maximum.reduceat(known[order], starts, axis=0)
        together[(party.mask[:, None] >> np.arange(LANES) & 1).astype(bool)] = self.clock
        self.lanes[group.index] = together[party.number]

    def synchronize(self, op: ir.Op, group: Group) -> None:
        """Threads have run a fence or an atomic: what that releases and acquires."""
        warp = group.of(self.chunk.warp_numbers)
        block = group.of(self.chunk.block_numbers) + self.chunk.first
        if op.definition is mir.thread_fence:
            self._fence(self.warps, warp)
            self._fence(self.blocks, block)
        else:
            self._meet_others(self.warps, warp, op.attributes["order"])
            self._meet_others(self.blocks, block, op.attributes["order"])
        self.clock += self.tick

    def _fence(self, known: _Messages, places: Array) -> None:
        known.fenced[places] = self.clock + self.tick - 1
        known.acquired[places] = known.looked[places]

    def _meet_others(self, known: _Messages, places: Array, order: str) -> None:
        now = self.clock + self.tick
        released = now - 1 if order in _RELEASES else known.fenced[places]
        known.released[places] = np.maximum(known.released[places], released)
        known.looked[places] = now
        if order in _ACQUIRES:
            known.acquired[places] = now

    # what follows from it

    def since(self, threads: Array) -> Array:
        """For each of these threads, since when what its block did needs a closer look: all before is in order."""
        block: Array = self.block if self.block.ndim == 0 else self.block[threads - self.first]
        return block

    def unordered(self, stamps: Array, threads: Array) -> Array:
        """Which of these accesses by others nothing orders before one that these threads, of this chunk, make now."""
        others = self.threads_of(stamps)
        found: Array = stamps >= self.launch
        block, other_block = threads // self.block_size, others // self.block_size
        inside = np.flatnonzero(found & (block == other_block))
        found[inside] = ~self._known(stamps[inside], threads[inside] - self.first, others[inside] - self.first)
        across = np.flatnonzero(found & (block != other_block))
        there, here = self.blocks.released[other_block[across]], self.blocks.acquired[block[across]]
        found[across] = (there < stamps[across]) | (here <= stamps[across])
        return found

    def _known(self, stamps: Array, threads: Array, others: Array) -> Array:
        """Which accesses of others of the same block come before; threads are counted within the chunk."""
        warp, other_warp = self.chunk.warp_numbers[threads], self.chunk.warp_numbers[others]
        alike = warp == other_warp
        block = np.broadcast_to(self.block, self.chunk.size)
        known: Array = (stamps < block[threads]) | (alike & (stamps < self.warp[threads]))
        if self.lanes is not None:
            known |= alike & (stamps < self.lanes[threads, self.chunk.lane_numbers[others]])
        released, acquired = self.warps.released[other_warp], self.warps.acquired[warp]
        return known | ((released >= stamps) & (acquired > stamps))


def synchronizing(kernel: ir.Function) -> set[ir.Op]:
    """Fences and atomics that release or acquire: a relaxed one does so together with a fence."""
    ops = [op for op in kernel.ops() if op.definition is mir.thread_fence or "order" in op.attributes]
    if any(op.definition is mir.thread_fence for op in ops):
        return set(ops)
    return {op for op in ops if op.attributes["order"] in _RELEASES | _ACQUIRES}
