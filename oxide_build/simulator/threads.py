"""Which threads run: the launch's threads in chunks of whole blocks, and groups of them that run together.

In: the grid and block of a launch. Out: chunks (simulated one after the other, so memory
stays bounded) and groups (the threads that execute one segment at one time). Its own room
because everything else only sees arrays over threads and asks here whose they are.

Threads of a chunk are numbered from 0, block by block, x fastest, as CUDA numbers them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""One value a thread; a NumPy scalar (no dimension) is one value for all of them."""

Dim3: TypeAlias = tuple[int, int, int]

Nearness: TypeAlias = Literal["warp", "block", "grid"]

EVERY = slice(None)
LANES = 32
"""Threads a warp."""
_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Chunk:
    """Blocks `first` to `first + blocks` of a launch; `cluster` is how many of them make a cluster."""

    grid: Dim3
    block: Dim3
    first: int
    blocks: int
    cluster: Dim3 = (1, 1, 1)

    @property
    def block_size(self) -> int:
        """Threads a block."""
        return prod(self.block)

    @property
    def size(self) -> int:
        """Threads in the chunk."""
        return self.blocks * self.block_size

    @property
    def first_thread(self) -> int:
        """The launch's threads before the chunk's."""
        return self.first * self.block_size

    @cached_property
    def block_numbers(self) -> Array:
        """For each thread its block's number within the chunk (int64)."""
        return np.repeat(np.arange(self.blocks), self.block_size)

    @cached_property
    def cluster_numbers(self) -> Array:
        """For each thread its cluster's number within the launch (int64)."""
        inside = self._block_coordinates()
        across = [size // blocks for size, blocks in zip(self.grid, self.cluster, strict=True)]
        x, y, z = (place // blocks for place, blocks in zip(inside, self.cluster, strict=True))
        return np.repeat(x + across[0] * (y + across[1] * z), self.block_size)

    @cached_property
    def cluster_ranks(self) -> Array:
        """For each thread its block's place in its cluster (i32)."""
        inside = self._block_coordinates()
        x, y, z = (place % blocks for place, blocks in zip(inside, self.cluster, strict=True))
        ranks = x + self.cluster[0] * (y + self.cluster[1] * z)
        return np.repeat(ranks, self.block_size).astype(np.int32)

    def _block_coordinates(self) -> list[Array]:
        numbers = np.arange(self.first, self.first + self.blocks)
        return [_along(numbers, self.grid, axis) for axis in range(3)]

    @cached_property
    def lane_numbers(self) -> Array:
        """For each thread its place in its warp (int64)."""
        return np.tile(np.arange(self.block_size) % LANES, self.blocks)

    @cached_property
    def warp_numbers(self) -> Array:
        """For each thread its warp's number within the chunk (int64); a block's last warp may be short."""
        inside = np.tile(np.arange(self.block_size) // LANES, self.blocks)
        return self.block_numbers * self._warps_a_block + inside

    @property
    def warps(self) -> int:
        """Warps in the chunk."""
        return self.blocks * self._warps_a_block

    @property
    def _warps_a_block(self) -> int:
        return -(-self.block_size // LANES)

    @cached_property
    def thread_numbers(self) -> Array:
        """For each thread its own number within the chunk (int64)."""
        return np.arange(self.size)

    @cached_property
    def _coordinates(self) -> dict[tuple[str, str], Array]:
        return {}

    def coordinate(self, register: str, axis: str) -> Array:
        """One of the hardware's coordinates, as i32: an array over threads, or a scalar where all share it."""
        key = register, axis
        if key not in self._coordinates:
            self._coordinates[key] = self._coordinate(register, _AXES[axis])
        return self._coordinates[key]

    def _coordinate(self, register: str, axis: int) -> Array:
        dims = self.block if register in ("thread_idx", "block_dim") else self.grid
        if register in ("block_dim", "grid_dim"):
            return _i32(dims[axis])
        if dims[axis] == 1:
            return _i32(0)
        if register == "thread_idx":
            return np.tile(_along(np.arange(self.block_size), dims, axis), self.blocks)
        return np.repeat(_along(np.arange(self.first, self.first + self.blocks), dims, axis), self.block_size)

    def everyone(self) -> Group:
        """All threads of the chunk."""
        return Group(self, EVERY, self.size)

    def warp_at(self, number: int) -> str:
        """Block and warp of the chunk's warp `number`, for a report."""
        block, warp = divmod(number, self._warps_a_block)
        return f"block {self.block_at(block)}, warp {warp}"

    def thread_at(self, number: int) -> str:
        """Block and thread of the thread `number` of the chunk (or of another, counted from there), for a report."""
        block, thread = divmod(number, self.block_size)
        return f"block {self.block_at(block)}, thread {_coordinates(thread, self.block)}"

    def nearness(self, one: int, other: int) -> Nearness:
        """What two threads, counted as by `thread_at`, are both of."""
        (block, place), (other_block, other_place) = (divmod(number, self.block_size) for number in (one, other))
        if block != other_block:
            return "grid"
        return "warp" if place // LANES == other_place // LANES else "block"

    def block_at(self, number: int) -> Dim3:
        """The coordinates of the chunk's block `number`."""
        return _coordinates(self.first + number, self.grid)


@dataclass(frozen=True)
class Group:
    """`count` threads of a chunk that run together; `index` selects them, ascending, in an array over all threads."""

    chunk: Chunk
    index: slice | Array
    count: int

    def of(self, values: Array) -> Array:
        """This group's part of an array over all threads; a scalar stays one."""
        return values if values.ndim == 0 else values[self.index]

    def where(self, condition: Array) -> Group:
        """The threads of this group for which `condition`, an array over the group, holds."""
        chosen = np.flatnonzero(condition)
        index = chosen if isinstance(self.index, slice) else self.index[chosen]
        return Group(self.chunk, index, len(chosen))

    def place(self, position: int) -> str:
        """Block and thread of the group's thread at `position`, for a report."""
        number = position if isinstance(self.index, slice) else int(self.index[position])
        return self.chunk.thread_at(number)

    def per_block(self) -> Array:
        """How many of the group's threads each block of the chunk has."""
        return np.bincount(self.chunk.block_numbers[self.index], minlength=self.chunk.blocks)


def merged(groups: Sequence[Group]) -> Group:
    """The threads of several disjoint groups of one chunk as one."""
    first, *others = groups
    if not others:
        return first
    count = sum(group.count for group in groups)
    if count == first.chunk.size:
        return first.chunk.everyone()
    # Timsort merges the ascending runs in linear time.
    return Group(first.chunk, np.sort(np.concatenate([group.index for group in groups]), kind="stable"), count)


def chunks(grid: Dim3, block: Dim3, blocks_at_once: int, cluster: Dim3 = (1, 1, 1)) -> Iterator[Chunk]:
    """The launch in pieces of about `blocks_at_once` blocks, in the order of their numbers; no cluster is parted."""
    total, whole = prod(grid), _blocks_with_whole_clusters(grid, cluster)
    step = max(1, blocks_at_once // whole) * whole
    for first in range(0, total, step):
        yield Chunk(grid, block, first, min(step, total - first), cluster)


def _blocks_with_whole_clusters(grid: Dim3, cluster: Dim3) -> int:
    """The fewest blocks, in the order of their numbers, after which no cluster is begun: one, rows, or planes."""
    x, y, z = cluster
    if z > 1:
        return grid[0] * grid[1] * z
    return grid[0] * y if y > 1 else x


def _i32(value: int) -> Array:
    scalar: Array = np.asarray(value, np.int32)[()]
    return scalar


def _along(numbers: Array, dims: Dim3, axis: int) -> Array:
    return (numbers // prod(dims[:axis]) % dims[axis]).astype(np.int32)


def _coordinates(number: int, dims: Dim3) -> Dim3:
    x, y, _ = dims
    return number % x, number // x % y, number // (x * y)
