"""The rows of what threads do together: warps, barriers, atomics.

In: nothing. Out: `PROGRAMS`, as in `constructs`. Its own room because here one source serves a family of operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tests.conformance.constructs import Case, Program, nothing, some
from tests.conformance.values import HALVES, WORDS, dtype, edges, numbers, stored, wrap

_INTEGERS = ("i32", "u32", "i64", "u64")

SHUFFLE = """
def k(x: Slice[{T}], by: i32, out: MutSlice[{T}]) -> None:
    t = gpu.thread_idx.x
    out[t] = gpu.KIND(x[t], by)
"""
REDUCE = """
def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
    t = gpu.thread_idx.x
    out[t] = gpu.reduce_KIND(x[t])
"""
ATOMIC = """
def k(cells: MutSlice[{T}], values: Slice[{T}], old: MutSlice[{T}]) -> None:
    t = gpu.thread_idx.x
    old[t] = gpu.atomic_KIND(cells, t, values[t])
"""
SHARED_ATOMIC = """
def k(cells: MutSlice[{T}], values: Slice[{T}], old: MutSlice[{T}]) -> None:
    t = gpu.thread_idx.x
    own = gpu.shared_array(64, {T})
    own[t] = cells[t]
    old[t] = gpu.atomic_KIND(own, t, values[t])
    cells[t] = own[t]
"""

_SHUFFLES: dict[str, Callable[[int, int], int]] = {
    "shuffle": lambda lane, by: by % 32,
    "shuffle_up": lambda lane, by: lane - by if lane >= by else lane,
    "shuffle_down": lambda lane, by: lane + by if lane + by < 32 else lane,
    "shuffle_xor": lambda lane, by: lane ^ by,
}
_REDUCTIONS: dict[str, Callable[[list[int]], int]] = {
    "add": sum,
    "min": min,
    "max": max,
    "and_": lambda values: int(np.bitwise_and.reduce(np.array(values, object))),
    "or_": lambda values: int(np.bitwise_or.reduce(np.array(values, object))),
    "xor": lambda values: int(np.bitwise_xor.reduce(np.array(values, object))),
}
_ATOMICS: dict[str, Callable[[int, int], int]] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "min": min,
    "max": max,
    "and_": lambda old, value: old & value,
    "or_": lambda old, value: old | value,
    "xor": lambda old, value: old ^ value,
    "exch": lambda old, value: value,
}


def _shuffled(kind: str) -> Callable[[str], Iterator[Case]]:
    def cases(name: str) -> Iterator[Case]:
        x = some(name, 64)
        for by in (0, 1, 7, 16, 31):
            expected = np.array([x[i // 32 * 32 + _SHUFFLES[kind](i % 32, by)] for i in range(64)], dtype(name))
            yield Case(by, [x, by, nothing(name, 64)], [None, None, expected], block=64)

    return cases


def _reduced(kind: str) -> Callable[[str], Iterator[Case]]:
    def cases(name: str) -> Iterator[Case]:
        for n in (1, 31, 32, 64):
            x = some(name, n)
            warps = [[int(v) for v in x[w : w + 32]] for w in range(0, n, 32)]
            expected = [wrap(_REDUCTIONS[kind](warps[i // 32]), name) for i in range(n)]
            yield Case(n, [x, nothing(name, n)], [None, stored(expected, name)], block=n)

    return cases


def _atomically(kind: str) -> Callable[[str], Iterator[Case]]:
    def cases(name: str) -> Iterator[Case]:
        values = edges(name)
        for a in values:
            old = stored([a] * len(values), name)
            new = [wrap(_ATOMICS[kind](a, b), name) for b in values]
            arguments = [old.copy(), stored(values, name), nothing(name, len(values))]
            yield Case(a, arguments, [stored(new, name), None, old], block=len(values))

    return cases


def _added(name: str) -> Iterator[Case]:
    values = numbers(stored(edges(name), name), name)
    for a in values:
        old = stored([a] * len(values), name)
        with np.errstate(all="ignore"):
            new = stored([a + b for b in values], name)
        yield Case(
            float(a), [old.copy(), stored(values, name), nothing(name, len(values))], [new, None, old], 1, len(old)
        )


def _passed_on(name: str) -> Iterator[Case]:
    for blocks in (1, 2, 7):
        x = some(name, 32 * blocks)
        around = np.roll(x.reshape(blocks, 32), 1, axis=0).reshape(-1)
        yield Case(blocks, [x, nothing(name, 32 * blocks)], [around, x], grid=blocks, block=32)


def _handed_over(name: str) -> Iterator[Case]:
    x = some(name, 64)
    yield Case("half a block", [x, nothing(name, 64)], [None, np.concatenate([x[:32], x[:32][::-1]])], block=64)


def _summed(name: str) -> Iterator[Case]:
    for n in (1, 32, 100, 256):
        x = stored([i % 7 for i in range(n)], name)
        yield Case(n, [x, nothing(name, 1)], [None, stored([sum(i % 7 for i in range(n))], name)], 2, 64)


def _voted(name: str) -> Iterator[Case]:
    for limit in (0, 1, 17, 32):
        mask = (1 << limit) - 1
        expected = stored([mask, limit > 0, limit == 32], "u32")
        yield Case(limit, [limit, nothing("u32", 3)], [None, expected], block=32)


def _counted(name: str) -> Iterator[Case]:
    for limit in (0, 1, 40, 64):
        yield Case(limit, [limit, nothing("i32", 3)], [None, stored([limit, limit == 64, limit > 0], "i32")], block=64)


def _matched_lanes(name: str) -> Iterator[Case]:
    for distinct in (1, 2, 5, 32):
        x = stored([i % distinct for i in range(32)], name)
        expected = [sum(1 << j for j in range(32) if j % distinct == i % distinct) for i in range(32)]
        yield Case(distinct, [x, nothing("u32", 32)], [None, stored(expected, "u32")], block=32)


PROGRAMS: Sequence[Program] = (
    *(Program(kind, WORDS, SHUFFLE.replace("KIND", kind), _shuffled(kind)) for kind in _SHUFFLES),
    *(Program(f"reduce_{kind}", ("i32", "u32"), REDUCE.replace("KIND", kind), _reduced(kind)) for kind in _REDUCTIONS),
    *(
        Program(f"atomic_{kind} in {space} memory", _INTEGERS, source.replace("KIND", kind), _atomically(kind))
        for kind in _ATOMICS
        for space, source in (("global", ATOMIC), ("shared", SHARED_ATOMIC))
    ),
    *(
        Program(f"atomic_add of halves in {space} memory", HALVES, source.replace("KIND", "add"), _added)
        for space, source in (("global", ATOMIC), ("shared", SHARED_ATOMIC))
    ),
    Program(
        "sync_grid",
        WORDS,
        """
        def k(x: MutSlice[{T}], out: MutSlice[{T}]) -> None:
            t = gpu.block_idx.x * 32 + gpu.thread_idx.x
            out[t] = x[t]
            gpu.sync_grid()
            x[t] = out[(t + len(x) - 32) % len(x)]
        """,
        _passed_on,
    ),
    Program(
        "wait_for_previous_kernel and let_next_kernel_start",
        WORDS,
        """
        def k(x: MutSlice[{T}], out: MutSlice[{T}]) -> None:
            gpu.wait_for_previous_kernel()
            t = gpu.block_idx.x * 32 + gpu.thread_idx.x
            out[t] = x[t]
            gpu.let_next_kernel_start()
            gpu.sync_grid()
            x[t] = out[(t + len(x) - 32) % len(x)]
        """,
        _passed_on,
    ),
    Program(
        "named barriers",
        WORDS,
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            tile = gpu.shared_array(32, {T})
            t = gpu.thread_idx.x
            if t < 32:
                tile[t] = x[t]
                gpu.barrier_arrive(1, 64)
                out[t] = x[t]
            else:
                gpu.barrier_sync(1, 64)
                out[t] = tile[63 - t]
        """,
        _handed_over,
    ),
    Program(
        "atomic_add of every thread",
        WORDS,
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            for i in gpu.grid_stride(len(x)):
                gpu.atomic_add(out, 0, x[i])
        """,
        _summed,
    ),
    Program(
        "ballot, any, all",
        ("i32",),
        """
        def k(limit: {T}, out: MutSlice[u32]) -> None:
            t = gpu.thread_idx.x
            mask = gpu.ballot(t < limit)
            some = gpu.any(t < limit)
            every = gpu.all(t < limit)
            if t == 0:
                out[0] = mask
                out[1] = u32(some)
                out[2] = u32(every)
        """,
        _voted,
    ),
    Program(
        "sync_threads_count, and, or",
        ("i32",),
        """
        def k(limit: {T}, out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            count = gpu.sync_threads_count(t < limit)
            every = gpu.sync_threads_and(t < limit)
            some = gpu.sync_threads_or(t < limit)
            if t == 0:
                out[0] = count
                out[1] = 1 if every else 0
                out[2] = 1 if some else 0
        """,
        _counted,
    ),
    Program(
        "match_any",
        WORDS,
        """
        def k(x: Slice[{T}], out: MutSlice[u32]) -> None:
            t = gpu.thread_idx.x
            out[t] = gpu.match_any(x[t])
        """,
        _matched_lanes,
    ),
)
