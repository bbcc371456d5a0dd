"""Memory: the arguments' arrays and the blocks' shared arrays; loads and stores on them.

In: arrays, views and offsets. Out: what threads read; arrays changed in place. Its own
room because nothing else knows where an element lies; who watches accesses stands before it (`watch`).

A view is one number: the place of its array in `Memory` in the upper bits, where in the
array it starts in the lower ones. A pointer is an offset in elements into that flat array,
so an access is given both. A shared array holds one part a block, a local one a part a
thread, one after the other. Extents are counted from the last, which is what a view and
its rows have in common.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from types import EllipsisType
from typing import Any

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Type, View, bf16
from oxide_build.simulator import bfloat
from oxide_build.simulator.faults import check_aligned
from oxide_build.simulator.operations import dtype_of, stored_dtype
from oxide_build.simulator.threads import Array, Group

_MAXIMUM_RANK = 4
_GARBAGE = 0xCB
_START_BITS = 40
_START = (1 << _START_BITS) - 1


@dataclass
class Memory:
    """Flat arrays by number, with each one's extents (the last in the last column) and length of a part.

    `dynamic` is a block's dynamic shared memory in bytes, `dynamic_unit` what a block's part of it in `arrays` is a
    multiple of; `made` what arrays of their own operations have made.
    """

    dynamic: int = 0
    dynamic_unit: int = 16
    arrays: list[Array] = field(default_factory=list)
    extents: Array = field(default_factory=lambda: np.empty((0, _MAXIMUM_RANK), np.int64))
    part_lengths: list[int] = field(default_factory=list)
    made: dict[Hashable, Array] = field(default_factory=dict)

    def add(self, array: Array, shape: Sequence[int] | None = None, part_length: int = 0) -> Array:
        """Take in a contiguous array (not copied) under its own or a given shape; returns its view."""
        shape = array.shape if shape is None else shape
        row = np.asarray([*[0] * (_MAXIMUM_RANK - len(shape)), *shape], np.int64)
        self.arrays.append(array.reshape(-1))
        self.extents = np.vstack([self.extents, row])
        self.part_lengths.append(part_length)
        view: Array = np.asarray((len(self.arrays) - 1) << _START_BITS)[()]
        return view

    def chosen(self, view: Array) -> Iterator[tuple[Array, EllipsisType | Array]]:
        """The arrays that threads' views lie in, each with the threads whose view does."""
        for number, threads in self.placed(view):
            yield self.arrays[number], threads

    def placed(self, view: Array) -> Iterator[tuple[int, EllipsisType | Array]]:
        """The numbers of the arrays that threads' views lie in, each with the threads whose view does."""
        found = _number(view)
        if found.ndim == 0:
            yield int(found), ...
            return
        for number in np.unique(found):
            yield int(number), found == number

    def is_dynamic(self, number: int) -> bool:
        """Whether an array is the launch's dynamic shared memory, as others may be too."""
        return "dynamic" in self.made and self.arrays[number].base is self.made["dynamic"]

    def lengths(self, view: Array, type: Type, dimension: int) -> Array:
        """The extent of views of `type` along a dimension, of its index type."""
        assert isinstance(type, View)
        lengths: Array = self.extents[_number(view), _MAXIMUM_RANK - type.rank + dimension]
        return lengths.astype(dtype_of(type.index))


def _number(view: Array) -> Array:
    number: Array = view >> _START_BITS
    return number


def shared_array(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The view of a shared array, made when first met: garbage, one part for each block of the chunk."""
    return _parted(op, memory, op.attributes["symbol"], group.chunk.blocks)


def local_array(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The view of a thread's own array, made when first met: garbage, one part for each thread of the chunk."""
    return _parted(op, memory, op, group.chunk.size)


def _parted(op: ir.Op, memory: Memory, key: Hashable, parts: int) -> Array:
    if key not in memory.made:
        view = op.attributes["type"]
        length = prod(view.shape)
        memory.made[key] = memory.add(_garbage(parts * length, stored_dtype(view.element)), view.shape, length)
    return memory.made[key]


def dynamic_shared_array(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The launch's dynamic shared memory as elements of one type; all such arrays of a block share their bytes."""
    part = -(-memory.dynamic // memory.dynamic_unit) * memory.dynamic_unit
    if "dynamic" not in memory.made:
        memory.made["dynamic"] = np.full(group.chunk.blocks * part, _GARBAGE, np.uint8)
    dtype = stored_dtype(op.attributes["type"].element)
    if dtype not in memory.made:
        array, length = memory.made["dynamic"].view(dtype), memory.dynamic // dtype.itemsize
        memory.made[dtype] = memory.add(array, (length,), part // dtype.itemsize)
    return memory.made[dtype]


def table(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The view of a constant table."""
    view = op.attributes["type"]
    if op not in memory.made:
        values = np.asarray(op.attributes["values"], dtype_of(view.element))
        memory.made[op] = memory.add(
            bfloat.encode(bfloat.nearest(values)) if view.element == bf16 else values, view.shape
        )
    return memory.made[op]


def _garbage(count: int, dtype: np.dtype[Any]) -> Array:
    """Contents that show where they are used: NaN, or a number no kernel means."""
    if dtype.names is not None:
        struct = np.empty(count, dtype)
        for name in dtype.names:
            struct[name] = _garbage(count, dtype[name])
        return struct
    if dtype.kind == "f":
        return np.full(count, np.nan, dtype)
    if dtype.kind == "b":
        return np.ones(count, dtype)
    return np.full(count * dtype.itemsize, _GARBAGE, np.uint8).view(dtype)


def extent(op: ir.Op, memory: Memory, group: Group, view: Array) -> Array:
    """How long the view is along the operation's dimension."""
    return memory.lengths(view, op.operands[0].type, op.attributes["dimension"])


def subview(op: ir.Op, memory: Memory, group: Group, view: Array, index: Array) -> Array:
    """The view of what lies at an index of the first dimension: the same array from a later start."""
    type = op.operands[0].type
    assert isinstance(type, View)
    offset = index.astype(np.int64)
    for dimension in range(1, type.rank):
        offset = offset * memory.lengths(view, type, dimension).astype(np.int64)
    return view + offset


def element(op: ir.Op, memory: Memory, group: Group, view: Array, *indices: Array) -> Array:
    """The offset of an element, row-major, from the start of its array: of the first part in one that has parts."""
    type = op.operands[0].type
    offset = np.zeros(view.shape, np.int64)[()]
    for dimension, index in enumerate(indices):
        offset = offset * memory.lengths(view, type, dimension).astype(np.int64) + index.astype(np.int64)
    return offset + (view & _START) + _part_start(memory, group, view, type)


def _part_start(memory: Memory, group: Group, view: Array, type: Type) -> Array | int:
    assert isinstance(type, View)
    if type.space not in ("shared", "local"):
        return 0
    owners = group.chunk.block_numbers if type.space == "shared" else group.chunk.thread_numbers
    return group.of(owners) * np.asarray(memory.part_lengths, np.int64)[_number(view)]


def field_address(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array) -> Array:
    """A field lies where its element does: which one it is, the pointer's operations say (`fields_of`)."""
    return offset


def fields_of(pointer: ir.Value) -> tuple[str, ...]:
    """The fields, outermost first, that a pointer leads through from its element."""
    made = pointer.owner
    if not isinstance(made, ir.Op) or made.definition is not mir.field_address:
        return ()
    return (*fields_of(made.operands[0]), made.attributes["field"])


def part_of(array: Array, fields: Sequence[str]) -> Array:
    """The same memory, one field of each element."""
    for name in fields:
        array = array[name]
    return array


def load(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array) -> Array:
    """The elements at the offsets."""
    return _gathered(op.result.type, memory, group, view, offset, fields_of(op.operands[0]))


def vector_load(op: ir.Op, memory: Memory, group: Group, view: Array, offset: Array) -> tuple[Array, ...]:
    """Elements that lie side by side, the first at the offsets; a KernelFault where that is not aligned."""
    check_aligned(op, group, offset, len(op.results))
    return tuple(_gathered(r.type, memory, group, view, offset + n) for n, r in enumerate(op.results))


def _gathered(
    type: Type, memory: Memory, group: Group, view: Array, offset: Array, fields: Sequence[str] = ()
) -> Array:
    found = _found(type, memory, group, view, offset, fields)
    return bfloat.decode(found) if type == bf16 else found


def _found(type: Type, memory: Memory, group: Group, view: Array, offset: Array, fields: Sequence[str]) -> Array:
    if view.ndim == 0:
        found: Array = part_of(memory.arrays[int(_number(view))], fields)[offset]
        return found
    loaded = np.empty(group.count, stored_dtype(type))
    for array, threads in memory.chosen(view):
        loaded[threads] = part_of(array, fields)[offset[threads]]
    return loaded


def store(op: ir.Op, memory: Memory, group: Group, view: Array, value: Array, offset: Array) -> None:
    """Write the elements at the offsets; where threads meet, the last one's stays."""
    stored = bfloat.encode(value) if op.operands[0].type == bf16 else value
    fields = fields_of(op.operands[-1])
    value, offset = spread(group, stored, offset)
    for array, threads in memory.chosen(view):
        part_of(array, fields)[offset[threads]] = value[threads]


def vector_store(op: ir.Op, memory: Memory, group: Group, view: Array, *values: Array) -> None:
    """Write elements side by side, the first at the offsets; a KernelFault where that is not aligned."""
    *parts, offset = values
    check_aligned(op, group, offset, len(parts))
    for n, value in enumerate(parts):
        store(op, memory, group, view, value, offset + n)


def spread(group: Group, *values: Array) -> list[Array]:
    """Scalars as arrays over the group."""
    return [np.broadcast_to(value, group.count) for value in values]
