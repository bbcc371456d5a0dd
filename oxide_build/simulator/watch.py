"""The watch: tells the race checker of each access to memory, before it happens.

In: a kernel's operations and what runs them. Out: what runs them under watch. Its own room
because the simulator computes the same without it, and the checker knows no operations.

Watched are shared arrays, and arrays that a kernel may write anywhere (`MutSlice`): the types
keep `Slice` and `DisjointSlice` free of races. Of local arrays it is watched what was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Pointer, View
from oxide_build.simulator.barriers import MEETINGS
from oxide_build.simulator.memory import Memory, fields_of, spread
from oxide_build.simulator.operations import encoded
from oxide_build.simulator.ordering import Order, synchronizing
from oxide_build.simulator.program import Run, view_of
from oxide_build.simulator.races import Access, Kind, Touch, check_touch, check_written
from oxide_build.simulator.shadow import Shadow, footprint, grain_of
from oxide_build.simulator.threads import LANES, Array, Chunk, Dim3, Group
from oxide_build.simulator.warps import FULL_MASK, mask_of
from oxide_build.simulator.warps import MEETINGS as WARP_MEETINGS

SWITCH = "OXIDE_SIM_CHECKS"
"""The environment variable that turns the watch off, where it is 0."""

_KINDS: Mapping[ir.OpDefinition, Kind] = {
    mir.load: Kind.READ,
    mir.vector_load: Kind.READ,
    mir.store: Kind.WRITE,
    mir.vector_store: Kind.WRITE,
    mir.atomic: Kind.ATOMIC,
    mir.atomic_cas: Kind.ATOMIC,
    mir.atomic_load: Kind.ATOMIC_READ,
    mir.atomic_store: Kind.ATOMIC_WRITE,
}

_WRITERS = frozenset({mir.store, mir.vector_store, mir.atomic_store})

Result: TypeAlias = "Array | tuple[Array, ...] | None"


def is_wanted() -> bool:
    """Whether the environment leaves the watch on."""
    return os.environ.get(SWITCH) != "0"


@dataclass(frozen=True, eq=False)
class _Place:
    """Where an access leads in an array: the array's shadow, its cells an element, and which of them are meant."""

    shadow: Shadow
    scale: int
    footprint: Array


class Watch:
    """One launch under watch."""

    def __init__(self, kernel: ir.Function, grid: Dim3, block: Dim3) -> None:
        ops = [op for op in kernel.ops() if op.definition in _KINDS]
        self.accesses = [Access(op, n, _KINDS[op.definition], _pointed(op).space) for n, op in enumerate(ops)]
        self.by_op = dict(zip(ops, self.accesses, strict=True))
        self.synchronizing = synchronizing(kernel)
        self.order = Order(int(np.prod(grid)), int(np.prod(block)), len(ops))
        self.chunk: Chunk | None = None
        self.group: Group | None = None
        self.numbers = self.threads = np.empty(0, np.int64)
        self.shadows: dict[object, Shadow] = {}
        self.places: dict[tuple[int, int], _Place] = {}

    def over(self, op: ir.Op, run: Run) -> Run:
        """What runs an operation under watch."""
        if op.definition in _KINDS and _is_watched(_pointed(op)):
            run = partial(self._access, self.by_op[op], run)
        elif op.definition in MEETINGS:
            run = partial(self._meet, op, run)
        return partial(self._synchronize, op, run) if op in self.synchronizing else run

    # what runs

    def _access(self, access: Access, run: Run, memory: Memory, group: Group, *operands: Array) -> Result:
        self._enter(group)
        for touch, place in self._touches(access, memory, group, operands):
            if access.space == "local":
                check_written(touch, place.shadow, memory, self.order)
            else:
                check_touch(touch, place.shadow, memory, self.order, self.accesses)
        return run(memory, group, *operands)

    def _meet(self, op: ir.Op, run: Run, memory: Memory, group: Group, *operands: Array) -> Result:
        self._enter(group)
        masked = op.definition in WARP_MEETINGS and mask_of(op) is not None
        self.order.meet(op, group, operands[-1] if masked else FULL_MASK)
        if op.definition not in WARP_MEETINGS and group.count == group.chunk.size:
            for shadow in self.shadows.values():
                shadow.forget_block()
        return run(memory, group, *operands)

    def _synchronize(self, op: ir.Op, run: Run, memory: Memory, group: Group, *operands: Array) -> Result:
        self._enter(group)
        self.order.synchronize(op, group)
        return run(memory, group, *operands)

    def _enter(self, group: Group) -> None:
        """Turn to a group, which may be the first of the next chunk."""
        if group.chunk is not self.chunk:
            self.chunk = group.chunk
            self.order.enter(group.chunk)
            self.numbers = group.chunk.thread_numbers + group.chunk.first_thread
            self.shadows = {key: shadow for key, shadow in self.shadows.items() if not shadow.parted}
            self.places.clear()
        if group is not self.group:
            self.group = group
            self.threads = group.of(self.numbers)

    # which memory

    def _touches(
        self, access: Access, memory: Memory, group: Group, operands: tuple[Array, ...]
    ) -> Iterator[tuple[Touch, _Place]]:
        view, *rest = operands
        at = [isinstance(value.type, Pointer) for value in access.op.operands].index(True)
        (offset,) = spread(group, rest.pop(at))
        values = self._values(access, group, rest)
        threads = self.threads
        if access.width > 1:
            offset = (offset[:, None] + np.arange(access.width)).reshape(-1)
            threads = np.repeat(threads, access.width)
        for number, chosen in memory.placed(view):
            if chosen is not ... and access.width > 1:
                chosen = np.repeat(chosen, access.width)
            place = self._place(access, number, memory)
            part = None if values is None else values[chosen]
            yield _touch(access, number, place, offset[chosen], threads[chosen], part), place

    def _values(self, access: Access, group: Group, values: list[Array]) -> Array | None:
        """What is written, as memory holds it: element by element."""
        if access.op.definition not in _WRITERS:
            return None
        stored = [encoded(access.op.operands[0].type, value) for value in spread(group, *values)]
        return stored[0] if len(stored) == 1 else np.stack(stored, axis=-1).reshape(-1)

    def _place(self, access: Access, number: int, memory: Memory) -> _Place:
        key = access.number, number
        if key not in self.places:
            self.places[key] = self._found_place(access, number, memory)
        return self.places[key]

    def _found_place(self, access: Access, number: int, memory: Memory) -> _Place:
        dtype = memory.arrays[number].dtype
        dynamic = memory.is_dynamic(number)
        shadow_key: object = "dynamic" if dynamic else number
        if shadow_key not in self.shadows:
            self.shadows[shadow_key] = self._shadow(number, memory, dynamic)
        shadow = self.shadows[shadow_key]
        return _Place(shadow, dtype.itemsize // shadow.grain, footprint(dtype, fields_of(access.pointer), shadow.grain))

    def _shadow(self, number: int, memory: Memory, dynamic: bool) -> Shadow:
        array, parted = memory.arrays[number], memory.part_lengths[number] > 0
        grain = grain_of(*(_dynamic_dtypes(memory) if dynamic else [array.dtype]))
        assert self.chunk is not None
        near = LANES if parted else self.chunk.block_size
        return Shadow(array.nbytes // grain, grain, self.order.threads, near, parted)


def _touch(access: Access, number: int, place: _Place, elements: Array, threads: Array, values: Array | None) -> Touch:
    many = len(place.footprint)
    cells = elements if place.scale == 1 else elements * place.scale + place.footprint[0]
    if many > 1:
        cells = (elements[:, None] * place.scale + place.footprint).reshape(-1)
        threads = np.repeat(threads, many)
    return Touch(access, number, elements, cells, threads, values, many)


def _pointed(op: ir.Op) -> View:
    """The type of the view that an access leads into."""
    type = view_of(next(value for value in op.operands if isinstance(value.type, Pointer))).type
    assert isinstance(type, View)
    return type


def _is_watched(view: View) -> bool:
    return view.space != "constant" and (view.space != "global" or view.access == "mut")


def _dynamic_dtypes(memory: Memory) -> list[np.dtype[Any]]:
    return [key for key in memory.made if isinstance(key, np.dtype)]
