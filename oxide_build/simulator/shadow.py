"""What is remembered of each place in memory: who wrote it last, and who read it or changed it atomically.

In: stamped accesses (see `ordering`). Out: stamps of the earlier accesses to the same places.
Its own room because it is bookkeeping, on arrays as long as memory, and knows no rule.

Memory is counted in cells, as large as its smallest accesses: an element, or a part of a
struct or of untyped bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from math import gcd
from typing import Any

import numpy as np

from oxide_build.simulator.threads import Array

UNWRITTEN = np.iinfo(np.int64).max
"""The stamp of a cell that nobody has written: later than any."""

_LOGGED_AT_MOST = 1 << 22


@dataclass
class Trace:
    """One kind of access that many may have made: for each cell the last one, that of another thread, one from afar.

    Afar is another warp, or block: whoever shares `near` threads with the last one is not. Accesses are logged, and
    looked at only if somebody asks: most are in order, with a barrier behind them, before anybody does.
    """

    size: int
    threads: int
    near: int
    log: list[tuple[Array, int, Array]] = field(default_factory=list)
    logged: int = 0
    rows: list[Array] = field(default_factory=list)

    def add(self, cells: Array, stamp: int, threads: Array) -> None:
        """Remember accesses of these threads."""
        self.log.append((cells, stamp, threads))
        self.logged += len(cells)
        if self.logged > _LOGGED_AT_MOST:
            self._settle()

    def forget(self) -> None:
        """All accesses so far come before all that follow."""
        self.log.clear()
        self.logged = 0

    def found(self, cells: Array) -> Iterator[Array]:
        """Stamps of earlier accesses to the cells, several arrays of them."""
        self._settle()
        for row in self.rows:
            yield row[cells]

    def _settle(self) -> None:
        if self.log and not self.rows:
            self.rows.append(np.zeros(self.size, np.int64))
        for cells, stamp, threads in self.log:
            self._enter(cells, stamp + threads)
        self.forget()

    def _enter(self, cells: Array, stamps: Array) -> None:
        last = self.rows[0]
        self._step_back(cells, last[cells], stamps)
        last[cells] = stamps
        kept = last[cells]
        lost = kept != stamps
        if lost.any():
            self._step_back(cells[lost], stamps[lost], kept[lost])

    def _step_back(self, cells: Array, before: Array, after: Array) -> None:
        """Accesses, if any, after which another one became the last."""
        if not before.any():
            return
        if len(self.rows) == 1:
            self.rows += [np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)]
        _, other, far = self.rows
        threads = before & self.threads, after & self.threads
        apart = threads[0] != threads[1]
        other[cells[apart]] = before[apart]
        apart = threads[0] // self.near != threads[1] // self.near
        far[cells[apart]] = before[apart]


class Shadow:
    """Memory under watch: the stamp of each cell's last write, and traces of the other accesses.

    `parted` is memory that each block, or thread, has a part of, which starts unwritten; a cell is `grain` bytes.
    """

    def __init__(self, cells: int, grain: int, threads: int, near: int, parted: bool) -> None:
        self.grain = grain
        self.parted = parted
        self.writes = np.full(cells, UNWRITTEN) if parted else np.zeros(cells, np.int64)
        self.reads, self.atomics = Trace(cells, threads, near), Trace(cells, threads, near)

    def begin(self, cells: Array) -> None:
        """These cells are written now, if they were not."""
        written = self.writes[cells]
        self.writes[cells] = np.where(written == UNWRITTEN, 0, written)

    def forget_block(self) -> None:
        """All threads have met with their blocks: what they did to memory of their blocks is in order."""
        if self.parted:
            self.reads.forget()
            self.atomics.forget()


def grain_of(*dtypes: np.dtype[Any]) -> int:
    """The bytes of a cell of memory that holds elements of these types."""
    return reduce(gcd, (number for dtype in dtypes for place, size in _parts(dtype) for number in (place, size)))


def footprint(dtype: np.dtype[Any], fields: tuple[str, ...], grain: int) -> Array:
    """The cells of one element, or of a field of it, counted from the element's start; padding has none."""
    start = 0
    for name in fields:
        assert dtype.fields is not None
        dtype, offset = dtype.fields[name][:2]
        start += offset
    cells = [np.arange((start + place) // grain, (start + place + size) // grain) for place, size in _parts(dtype)]
    return np.concatenate(cells)


def _parts(dtype: np.dtype[Any]) -> Iterator[tuple[int, int]]:
    """Start and size of each number in an element."""
    if dtype.fields is None:
        yield 0, dtype.itemsize
        return
    for part, offset in (described[:2] for described in dtype.fields.values()):
        yield from ((offset + place, size) for place, size in _parts(part))
