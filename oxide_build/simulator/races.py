"""Races, and reads of memory that nobody has written: what is right and wrong about one access.

In: an access by a group of threads, and the shadow of the memory it touches. Out: the shadow
brought up to date, or a KernelFault that names both accesses. Its own room because threads
that run in step show no race in their results: it shows only here.

Two accesses to one place race if different threads make them, at least one writes, not both
are atomic, and nothing orders them (see `ordering`). Writes of one value by many threads
(`found[0] = 1`) pass: whichever comes last, the same is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Pointer, Space
from oxide_build.simulator import faults
from oxide_build.simulator.memory import Memory, fields_of, part_of
from oxide_build.simulator.ordering import Order
from oxide_build.simulator.shadow import UNWRITTEN, Shadow
from oxide_build.simulator.threads import Array, Chunk


class Kind(Enum):
    """What an access does, as a report says it; whether it reads, writes, and is atomic."""

    READ = "reads", True, False, False
    WRITE = "writes", False, True, False
    ATOMIC = "atomically changes", True, True, True
    ATOMIC_READ = "atomically reads", True, False, True
    ATOMIC_WRITE = "atomically writes", False, True, True

    def __init__(self, verb: str, reads: bool, writes: bool, atomic: bool) -> None:
        self.verb, self.reads, self.writes, self.atomic = verb, reads, writes, atomic


@dataclass(frozen=True, eq=False)
class Access:
    """An operation that accesses memory, its number among those, and the memory."""

    op: ir.Op
    number: int
    kind: Kind
    space: Space

    @cached_property
    def pointer(self) -> ir.Value:
        """Where to."""
        return next(value for value in self.op.operands if isinstance(value.type, Pointer))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Which field of an element is meant."""
        return fields_of(self.pointer)

    @cached_property
    def width(self) -> int:
        """How many elements side by side."""
        vectors = {mir.vector_load: len(self.op.results), mir.vector_store: len(self.op.operands) - 1}
        return vectors.get(self.op.definition, 1)


@dataclass(frozen=True, eq=False)
class Touch:
    """An access by some threads to one array, by its number: elements, `many` cells for each, and each cell's thread.

    Threads are numbered within the launch; `values` are what is written to the elements, if that is known.
    """

    access: Access
    array: int
    elements: Array
    cells: Array
    threads: Array
    values: Array | None
    many: int


def check_touch(touch: Touch, shadow: Shadow, memory: Memory, order: Order, accesses: Sequence[Access]) -> None:
    """Compare an access to memory that threads share with those before it, and remember it."""
    kind, check = touch.access.kind, _Check(touch, shadow, memory, order, accesses)
    check.against_writes()
    if kind.writes:
        check.against_reads()
    if not kind.atomic:
        check.against_atomics()
    stamp = order.stamp(touch.access.number)
    if kind is Kind.WRITE:
        shadow.writes[touch.cells] = stamps = stamp + touch.threads
        check.against_itself(stamps)
        return
    (shadow.atomics if kind.writes else shadow.reads).add(touch.cells, stamp, touch.threads)
    if kind is Kind.ATOMIC_WRITE:
        shadow.begin(touch.cells)


def check_written(touch: Touch, shadow: Shadow, memory: Memory, order: Order) -> None:
    """KernelFault where threads read what they have not written to memory of their own."""
    if touch.access.kind.writes:
        shadow.writes[touch.cells] = 0
    else:
        _check_begun(touch, shadow.writes[touch.cells] == UNWRITTEN, memory, order.chunk)


def _check_begun(touch: Touch, unwritten: Array, memory: Memory, chunk: Chunk) -> None:
    """KernelFault where no part of an element was ever written."""
    if not unwritten.any():
        return
    elements = unwritten.reshape(-1, touch.many).all(axis=1)
    if elements.any():
        position = int(np.argmax(elements)) * touch.many
        thread = chunk.thread_at(int(touch.threads[position]) - chunk.first_thread)
        raise faults.unwritten(touch.access.op, _element(touch, position, memory), touch.access.space, thread)


def _element(touch: Touch, position: int, memory: Memory) -> str:
    """Which element, or field of one, a cell of a touch belongs to."""
    element, part = int(touch.elements[position // touch.many]), memory.part_lengths[touch.array]
    shape = tuple(int(extent) for extent in memory.extents[touch.array] if extent)
    place = [int(n) for n in np.unravel_index(element % part if part else element, shape)]
    return ".".join([f"element {place[0] if len(place) == 1 else place}", *touch.access.fields])


class _Check:
    """One access, compared with the earlier ones."""

    def __init__(self, touch: Touch, shadow: Shadow, memory: Memory, order: Order, accesses: Sequence[Access]) -> None:
        self.touch, self.shadow, self.memory, self.order, self.accesses = touch, shadow, memory, order, accesses
        # In memory of a block, what came before its last barrier is in order.
        self.since = order.since(touch.threads) if shadow.parted else order.launch

    def against_writes(self) -> None:
        written = self.shadow.writes[self.touch.cells]
        late = written >= self.since
        if not late.any():
            return
        unwritten = written == UNWRITTEN
        if self.touch.access.kind.reads:
            _check_begun(self.touch, unwritten, self.memory, self.order.chunk)
        racing = self._racing(written, late & ~unwritten)
        if self.touch.access.kind is Kind.WRITE:
            racing = racing[~self._leave_as_is(racing)]
        self._report(racing, written)

    def against_reads(self) -> None:
        for read in self.shadow.reads.found(self.touch.cells):
            racing = self._racing(read, read >= self.since)
            if self.touch.access.kind.atomic:
                plain = [not self._earlier(int(stamp)).kind.atomic for stamp in read[racing]]
                racing = racing[np.asarray(plain, bool)]
            self._report(racing, read)

    def against_atomics(self) -> None:
        for changed in self.shadow.atomics.found(self.touch.cells):
            racing = self._racing(changed, changed >= self.since)
            self._report(racing, changed)

    def against_itself(self, stamps: Array) -> None:
        """Several threads write different values to one place at once."""
        cells = self.touch.cells
        if (self.shadow.writes[cells] == stamps).all():
            return
        order = np.argsort(cells, kind="stable")
        one, other = order[:-1], order[1:]
        meeting = cells[one] == cells[other]
        one, other = one[meeting], other[meeting]
        values = self._values()
        racing = ~_alike(values[one // self.touch.many], values[other // self.touch.many])
        if racing.any():
            earlier = stamps.copy()
            earlier[other] = stamps[one]
            self._report(other[racing], earlier)

    def _racing(self, stamps: Array, late: Array) -> Array:
        """The positions, among the late ones, of accesses that nothing orders before this one."""
        if not late.any():
            return np.empty(0, np.int64)
        positions = np.flatnonzero(late & (self.order.threads_of(stamps) != self.touch.threads))
        return positions[self.order.unordered(stamps[positions], self.touch.threads[positions])]

    def _leave_as_is(self, positions: Array) -> Array:
        """Whether a write changes nothing."""
        elements = positions // self.touch.many
        there = part_of(self.memory.arrays[self.touch.array], self.touch.access.fields)
        return _alike(there[self.touch.elements[elements]], self._values()[elements])

    def _values(self) -> Array:
        assert self.touch.values is not None
        return self.touch.values

    def _earlier(self, stamp: int) -> Access:
        return self.accesses[self.order.operation(stamp)]

    def _report(self, racing: Array, stamps: Array) -> None:
        """KernelFault if any accesses, by position, race with those stamped so."""
        if len(racing) == 0:
            return
        position = int(racing[0])
        chunk, stamp = self.order.chunk, int(stamps[position])
        mine, other = self.touch.access, self._earlier(stamp)
        other_thread = int(self.order.threads_of(stamps[position]))
        threads = [n - chunk.first_thread for n in (int(self.touch.threads[position]), other_thread)]
        ends = [
            faults.Racer(access.op, chunk.thread_at(thread), access.kind.verb, access.kind.atomic)
            for access, thread in zip((mine, other), threads, strict=True)
        ]
        where = f"{_element(self.touch, position, self.memory)} of {mine.space} memory"
        raise faults.race(where, ends[0], ends[1], chunk.nearness(*threads))


def _alike(a: Array, b: Array) -> Array:
    """Whether values are the same, bit by bit."""
    rows = [np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.itemsize) for values in (a, b)]
    alike: Array = (rows[0] == rows[1]).all(axis=1)
    return alike
