"""Memory: the arguments' arrays and the blocks' shared arrays; loads and stores on them.

In: arrays, views and offsets. Out: what threads read; arrays changed in place. Its own
room because whoever wants to watch accesses (for races, say) looks only here.

A view is a number, the place of its array in `Memory`; a pointer is an offset in elements
into the flat array of the view it was made from, so an access is given both. A shared
array holds one part a block, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from types import EllipsisType
from typing import Any

import numpy as np

from oxide_build import ir
from oxide_build.ir.types import View, bf16
from oxide_build.simulator import bfloat
from oxide_build.simulator.operations import stored_dtype
from oxide_build.simulator.threads import Array, Group

_MAXIMUM_RANK = 4
_GARBAGE = 0xCB


@dataclass
class Memory:
    """Flat arrays by view number, and each view's extents (i32, one column a dimension)."""

    arrays: list[Array] = field(default_factory=list)
    extents: Array = field(default_factory=lambda: np.empty((0, _MAXIMUM_RANK), np.int32))
    shared: dict[str, Array] = field(default_factory=dict)

    def add(self, array: Array, shape: Sequence[int] | None = None) -> Array:
        """Take in a contiguous array (not copied) under its own or a given shape; returns the view's number."""
        shape = array.shape if shape is None else shape
        row = np.asarray([*shape, *[0] * (_MAXIMUM_RANK - len(shape))], np.int32)
        self.arrays.append(array.reshape(-1))
        self.extents = np.vstack([self.extents, row])
        number: Array = np.asarray(len(self.arrays) - 1)[()]
        return number

    def chosen(self, view: Array) -> Iterator[tuple[Array, EllipsisType | Array]]:
        """The arrays that threads' views name, each with the threads that name it."""
        if view.ndim == 0:
            yield self.arrays[int(view)], ...
            return
        for number in np.unique(view):
            yield self.arrays[number], view == number


def shared_array(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The view of a shared array, made when first met: garbage, one part for each block of the chunk."""
    symbol = op.attributes["symbol"]
    if symbol not in memory.shared:
        view = op.attributes["type"]
        count = group.chunk.blocks * prod(view.shape)
        memory.shared[symbol] = memory.add(_garbage(count, stored_dtype(view.element)), view.shape)
    return memory.shared[symbol]


def _garbage(count: int, dtype: np.dtype[Any]) -> Array:
    """Contents that show where they are used: NaN, or a number no kernel means."""
    if dtype.kind == "f":
        return np.full(count, np.nan, dtype)
    if dtype.kind == "b":
        return np.ones(count, dtype)
    return np.full(count * dtype.itemsize, _GARBAGE, np.uint8).view(dtype)


def extent(op: ir.Op, memory: Memory, group: Group, view: Array) -> Array:
    """How long the view is along the operation's dimension (i32)."""
    lengths: Array = memory.extents[view, op.attributes["dimension"]]
    return lengths


def element(op: ir.Op, memory: Memory, group: Group, view: Array, *indices: Array) -> Array:
    """The offset of an element, row-major; in a shared array, from the start of the first block's part."""
    type = op.operands[0].type
    shared = isinstance(type, View) and type.space == "shared"
    offset = group.of(group.chunk.block_numbers) if shared else np.zeros(view.shape, np.int64)[()]
    for dimension, index in enumerate(indices):
        offset = offset * memory.extents[view, dimension].astype(np.int64) + index.astype(np.int64)
    return offset


def load(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array) -> Array:
    """The elements at the offsets."""
    found = _found(op, memory, group, view, offset)
    return bfloat.decode(found) if op.result.type == bf16 else found


def _found(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array) -> Array:
    if view.ndim == 0:
        found: Array = memory.arrays[int(view)][offset]
        return found
    loaded = np.empty(group.count, stored_dtype(op.result.type))
    for array, threads in memory.chosen(view):
        loaded[threads] = array[offset[threads]]
    return loaded


def store(op: ir.Op, memory: Memory, group: Group, view: Array, value: Array, offset: Array) -> None:
    """Write the elements at the offsets; where threads meet, the last one's stays."""
    stored = bfloat.encode(value) if op.operands[0].type == bf16 else value
    value, offset = spread(group, stored, offset)
    for array, threads in memory.chosen(view):
        array[offset[threads]] = value[threads]


def spread(group: Group, *values: Array) -> list[Array]:
    """Scalars as arrays over the group."""
    return [np.broadcast_to(value, group.count) for value in values]
