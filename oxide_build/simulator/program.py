"""A kernel made ready to run: straight segments of instructions.

In: a kernel without calls. Out: its segments (blocks, split where threads meet, in block order),
each operation with its NumPy function, and what is the same for all threads set apart, to
be computed once. Its own room because it is done once a launch, the running once a chunk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import lcm, prod
from typing import TypeAlias

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import InternalError
from oxide_build.ir.types import Pointer
from oxide_build.simulator import atomics, barriers, faults, memory, printing, warps
from oxide_build.simulator.memory import Memory
from oxide_build.simulator.operations import PURE, compute_of
from oxide_build.simulator.threads import Array, Group

Run: TypeAlias = "Callable[..., Array | tuple[Array, ...] | None]"
"""Called with memory, the group of threads, and the operands' arrays over that group."""

Over: TypeAlias = Callable[[ir.Op, Run], Run]
"""From what runs an operation to what does so under watch."""


def _coordinate(op: ir.Op, memory: Memory, group: Group) -> Array:
    return group.of(group.chunk.coordinate(op.attributes["register"], op.attributes["axis"]))


def _nothing(op: ir.Op, memory: Memory, group: Group, *operands: Array) -> None:
    """What shows nowhere here: fences, and waiting for others once they are there."""


def _clock(op: ir.Op, memory: Memory, group: Group) -> Array:
    """This machine's clock, for cycles too."""
    now: Array = np.asarray(time.time_ns(), np.int64)[()]
    return now


def _without_memory(check: Callable[..., Array | None]) -> Run:
    return lambda op, memory, group, *operands: check(op, group, *operands)


_PLACED: Mapping[ir.OpDefinition, Run] = {
    mir.coordinate: _coordinate,
    mir.shared_array: memory.shared_array,
    mir.local_array: memory.local_array,
    mir.dynamic_shared_array: memory.dynamic_shared_array,
    mir.table: memory.table,
    mir.extent: memory.extent,
    mir.subview: memory.subview,
    mir.element: memory.element,
    mir.field_address: memory.field_address,
    mir.load: memory.load,
    mir.store: memory.store,
    mir.vector_load: memory.vector_load,
    mir.vector_store: memory.vector_store,
    mir.atomic: atomics.fetch,
    mir.atomic_cas: atomics.fetch,
    mir.atomic_load: memory.load,
    mir.atomic_store: memory.store,
    mir.thread_fence: _nothing,
    mir.sync_threads: _nothing,
    mir.sync_threads_reduce: barriers.reduce,
    mir.sync_grid: _nothing,
    mir.sync_cluster: _nothing,
    mir.wait_for_previous_kernel: _nothing,
    mir.let_next_kernel_start: _nothing,
    mir.named_barrier: _nothing,
    mir.cluster_rank: barriers.cluster_rank,
    mir.lane_id: warps.lane_id,
    mir.active_mask: warps.active_mask,
    mir.sync_warp: warps.sync_warp,
    mir.shuffle: warps.shuffle,
    mir.vote: warps.vote,
    mir.match_any: warps.match_any,
    mir.warp_reduce: warps.reduce,
    mir.clock: _clock,
    mir.nanosleep: _nothing,
    mir.print_: printing.print_values,
    mir.ptx: printing.refuse_ptx,
    mir.bounds_check: _without_memory(faults.bounds_check),
    mir.assume_inside: _without_memory(faults.bounds_check),
    mir.check: _without_memory(faults.check),
    mir.assume: _without_memory(faults.assume),
    mir.assume_uniform: _without_memory(faults.assume_uniform),
}
"""Operations that ask for more than their operands: memory, or which threads they are."""

_UNREAD: Mapping[ir.OpDefinition, Run] = {mir.atomic: atomics.change}
"""Cheaper forms of operations whose result nobody reads."""

_ALIGNMENT = 16
"""What the address of dynamic shared memory is a multiple of."""

_ARRAYS = frozenset({mir.shared_array, mir.dynamic_shared_array, mir.local_array, mir.table})
_UNIFORM = frozenset(PURE) | _ARRAYS | {mir.extent}


@dataclass(frozen=True)
class Instruction:
    """One operation: `run` computes `results` from `reads`; `kept` are those that another segment reads.

    Where nobody reads any result, there are none.
    """

    run: Run
    reads: tuple[ir.Value, ...]
    results: tuple[ir.Value, ...]
    kept: frozenset[ir.Value]


@dataclass(frozen=True)
class Segment:
    """Instructions that a group of threads runs through, and the meeting or terminator at their end.

    Threads that have met run `meeting`.
    """

    instructions: tuple[Instruction, ...]
    end: ir.Op
    meeting: Instruction | None


@dataclass(frozen=True)
class Program:
    """A kernel ready to run: `uniform` once for all threads, then `segments`; `entries` are the blocks' first ones.

    The rest is bytes: of a block's shared arrays, of a thread's own, and `dynamic_unit` as in `Memory`.
    """

    parameters: tuple[ir.Value, ...]
    uniform: tuple[Instruction, ...]
    segments: tuple[Segment, ...]
    entries: Mapping[ir.Block, int]
    shared_memory: int
    local_memory: int
    dynamic_unit: int


def prepare(kernel: ir.Function, over: Over = lambda op, run: run) -> Program:
    """Make a kernel without calls ready to run; `over` may put something before what runs each operation."""
    uniform = _uniform_values(kernel)
    pieces: list[list[ir.Op]] = []
    entries: dict[ir.Block, int] = {}
    for block in kernel.blocks:
        entries[block] = len(pieces)
        pieces.extend(_split_at_meetings(block))
    readers = _readers(pieces)
    first = tuple(_instruction(op, 0, readers, over) for op in kernel.ops() if _is_among(op, uniform))
    segments = tuple(
        Segment(
            tuple(_instruction(op, n, readers, over) for op in ops if not _is_among(op, uniform)),
            end,
            _instruction(end, n, readers, over) if end.definition in barriers.MEETINGS else None,
        )
        for n, (*ops, end) in enumerate(pieces)
    )
    return Program(
        tuple(kernel.parameters),
        first,
        segments,
        entries,
        _shared_memory(kernel),
        _local_memory(kernel),
        _dynamic_unit(kernel),
    )


def _split_at_meetings(block: ir.Block) -> Iterator[list[ir.Op]]:
    piece: list[ir.Op] = []
    for op in block.ops:
        piece.append(op)
        if op.definition in barriers.MEETINGS or op.definition.terminator:
            yield piece
            piece = []


def _uniform_values(kernel: ir.Function) -> set[ir.Value]:
    """Values that every thread computes alike, whenever it does."""
    known = set(kernel.parameters)
    for op in kernel.ops():
        if _is_dimension(op) or (op.definition in _UNIFORM and known.issuperset(op.operands)):
            known.update(op.results)
    return known


def _is_dimension(op: ir.Op) -> bool:
    return op.definition is mir.coordinate and op.attributes["register"] in ("block_dim", "grid_dim")


def _is_among(op: ir.Op, values: set[ir.Value]) -> bool:
    return any(result in values for result in op.results)


def _readers(pieces: list[list[ir.Op]]) -> dict[ir.Value, set[int]]:
    """The segments, by number, in which each value is read."""
    readers: dict[ir.Value, set[int]] = {}
    for number, ops in enumerate(pieces):
        for op in ops:
            for value in (*_reads(op), *(value for s in op.successors for value in s.arguments)):
                # A meeting runs after the segment it ends.
                readers.setdefault(value, set()).add(number + (op.definition in barriers.MEETINGS))
    return readers


def _instruction(op: ir.Op, segment: int, readers: Mapping[ir.Value, set[int]], over: Over) -> Instruction:
    read = any(result in readers for result in op.results)
    kept = frozenset(result for result in op.results if readers.get(result, set()) - {segment})
    return Instruction(over(op, _run(op, read)), _reads(op), tuple(op.results) if read else (), kept)


def _run(op: ir.Op, read: bool) -> Run:
    if op.definition in PURE:
        compute = compute_of(op)
        return lambda memory, group, *operands: compute(*operands)
    if not read and op.definition in _UNREAD:
        return partial(_UNREAD[op.definition], op)
    if op.definition not in _PLACED:
        raise InternalError(f"the simulator does not know {op.name}")
    return partial(_PLACED[op.definition], op)


def _reads(op: ir.Op) -> tuple[ir.Value, ...]:
    """What `op` reads: a pointer is only an offset, so the view it was made from is read before it."""
    return (*(view_of(value) for value in op.operands if isinstance(value.type, Pointer)), *op.operands)


def view_of(pointer: ir.Value) -> ir.Value:
    """The view of the array that a pointer leads into."""
    owner = pointer.owner
    if isinstance(owner, ir.Op) and owner.definition is mir.field_address:
        return view_of(owner.operands[0])
    if not isinstance(owner, ir.Op) or owner.definition is not mir.element:
        raise InternalError(f"a {pointer.type} that no mir.element made")
    return owner.operands[0]


def _shared_memory(kernel: ir.Function) -> int:
    found = (op.attributes for op in kernel.ops() if op.definition is mir.shared_array)
    views = {attributes["symbol"]: attributes["type"] for attributes in found}
    return sum(prod(view.shape) * view.element.size for view in views.values())


def _dynamic_unit(kernel: ir.Function) -> int:
    """A number of bytes that holds a whole number of elements of every dynamic shared array."""
    views = [op.attributes["type"] for op in kernel.ops() if op.definition is mir.dynamic_shared_array]
    return lcm(_ALIGNMENT, *(view.element.size for view in views))


def _local_memory(kernel: ir.Function) -> int:
    views = [op.attributes["type"] for op in kernel.ops() if op.definition is mir.local_array]
    return sum(prod(view.shape) * view.element.size for view in views)
