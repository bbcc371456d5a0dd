"""The rows that are more than an expression: memory, statements, functions.

In: nothing. Out: `PROGRAMS`, each a kernel for several types, the cases it is run on, and what plain Python makes of
them. Its own room because a new construct joins the suite by one entry here; what threads do together is in `parallel`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.conformance.values import INTEGERS, TYPES, dtype, edges, held, numbers, stored, wrap

Arrays = list[Any]
SIZES = (0, 1, 31, 32, 33, 64, 100)
"""Extents worth trying: none, one, and around a warp."""


@dataclass(frozen=True)
class Case:
    """One launch: its arguments, what the arrays among them hold afterwards (None: as before), grid and block."""

    edge: object
    arguments: Arrays
    expected: Arrays
    grid: Any = 1
    block: Any = 1
    shared_memory: int = 0


@dataclass(frozen=True)
class Program:
    """One construct; `{T}` in its source is the type, `cases(type)` the launches to try."""

    feature: str
    types: Sequence[str]
    source: str
    cases: Callable[[str], Iterator[Case]]


def some(name: str, count: int) -> Any:
    """An array of `count` edge values, over and over."""
    values = edges(name)
    return stored([values[i % len(values)] for i in range(count)], name)


def nothing(name: str, *shape: int) -> Any:
    """An array of zeros for results."""
    return np.zeros(shape, dtype(name))


# memory


def _copied(name: str) -> Iterator[Case]:
    for n in SIZES:
        x = some(name, n)
        yield Case(n, [x, nothing(name, n)], [None, x], grid=max(1, -(-n // 32)), block=32)


def _with_shape(rank: int) -> Callable[[str], Iterator[Case]]:
    def cases(name: str) -> Iterator[Case]:
        for shape in [(3,) * rank, (1,) * rank, tuple(range(2, 2 + rank)), (0, *(2,) * (rank - 1))]:
            x = some(name, math.prod(shape)).reshape(shape)
            yield Case(shape, [x, nothing(name, *shape)], [None, x])

    return cases


def _ranked(rank: int) -> Program:
    suffix = f"{rank}D" if rank > 1 else ""
    loops = "".join(f"{' ' * 4 * (d + 1)}for i{d} in range(x.shape[{d}]):\n" for d in range(rank))
    index = ", ".join(f"i{d}" for d in range(rank))
    head = f"def k(x: Slice{suffix}[{{T}}], out: MutSlice{suffix}[{{T}}]) -> None:\n"
    body = f"{' ' * 4 * (rank + 1)}out[{index}] = x[{index}]\n"
    return Program(f"views of rank {rank}", TYPES, head + loops + body, _with_shape(rank))


def _rows(name: str) -> Iterator[Case]:
    for shape in [(4, 8), (1, 1), (8, 1), (0, 3)]:
        x = some(name, math.prod(shape)).reshape(shape)
        yield Case(shape, [x, nothing(name, *shape)], [None, x[:, ::-1]], block=max(1, shape[0]))


def _reversed(name: str) -> Iterator[Case]:
    x = some(name, 64)
    yield Case("block", [x, nothing(name, 64)], [None, x[::-1]], block=64)
    yield Case("blocks", [some(name, 128), nothing(name, 128)], [None, _each_reversed(some(name, 128))], 2, 64)


def _each_reversed(x: Any) -> Any:
    return np.ascontiguousarray(x.reshape(-1, 64)[:, ::-1]).reshape(-1)


def _dynamic(name: str) -> Iterator[Case]:
    for n in (1, 32, 64):
        x = some(name, n)
        yield Case(n, [x, nothing(name, n)], [None, x[::-1]], block=n, shared_memory=n * dtype(name).itemsize)


def _vectors(name: str) -> Iterator[Case]:
    width = 16 // max(4, dtype(name).itemsize)
    for n in (0, 1, 5):
        x = some(name, n * width)
        yield Case(n, [x, nothing(name, n * width)], [None, x.reshape(n, width)[:, ::-1].reshape(-1)], block=max(1, n))


def _tables(name: str) -> Iterator[Case]:
    values = [1, 5, 0, 100, 7]
    for n in (1, 5, 9):
        expected = stored([values[(3 * i) % 5] for i in range(n)], name)
        yield Case(n, [nothing(name, n)], [expected], block=n)


_MEMORY = [
    Program(
        "Slice and DisjointSlice",
        TYPES,
        """
        def k(x: Slice[{T}], out: DisjointSlice[{T}]) -> None:
            i = gpu.index_1d()
            if i < len(out):
                out[i] = x[i]
        """,
        _copied,
    ),
    Program(
        "grid_stride",
        TYPES,
        """
        def k(x: Slice[{T}], out: DisjointSlice[{T}]) -> None:
            for i in gpu.grid_stride(len(x)):
                out[i] = x[i]
        """,
        _copied,
    ),
    Program(
        "unchecked",
        TYPES,
        """
        def k(x: Slice[{T}], out: DisjointSlice[{T}]) -> None:
            i = gpu.index_1d()
            if i < len(out):
                out.unchecked[i] = x.unchecked[i]
        """,
        _copied,
    ),
    *map(_ranked, (1, 2, 3, 4)),
    Program(
        "rows",
        TYPES,
        """
        def k(x: Slice2D[{T}], out: MutSlice2D[{T}]) -> None:
            t = gpu.thread_idx.x
            if t < len(x):
                row = x[t]
                target = out[t]
                for j in range(len(row)):
                    target[j] = row[len(row) - 1 - j]
        """,
        _rows,
    ),
    Program(
        "shared_array",
        TYPES,
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            tile = gpu.shared_array(64, {T})
            t = gpu.thread_idx.x
            start = gpu.block_idx.x * 64
            tile[t] = x[start + t]
            gpu.sync_threads()
            out[start + t] = tile[63 - t]
        """,
        _reversed,
    ),
    Program(
        "dynamic_shared_array",
        TYPES,
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            tile = gpu.dynamic_shared_array({T})
            t = gpu.thread_idx.x
            tile[t] = x[t]
            gpu.sync_threads()
            out[t] = tile[len(x) - 1 - t]
        """,
        _dynamic,
    ),
    Program(
        "local_array",
        TYPES,
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            own = gpu.local_array(64, {T})
            t = gpu.thread_idx.x
            start = gpu.block_idx.x * 64
            for j in range(64):
                own[j] = x[start + j]
            out[start + t] = own[63 - t]
        """,
        _reversed,
    ),
    Program(
        "tables",
        [name for name in TYPES if name != "bool"],
        """
        def k(out: MutSlice[{T}]) -> None:
            t = gpu.thread_idx.x
            out[t] = VALUES[3 * t % 5]
        """,
        _tables,
    ),
    Program(
        "load_vector and store_vector of 2",
        ("i64", "u64", "f64"),
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            t = gpu.thread_idx.x
            if 2 * t < len(x):
                a, b = gpu.load_vector(x, 2 * t, 2)
                gpu.store_vector(out, 2 * t, (b, a))
        """,
        _vectors,
    ),
    Program(
        "load_vector and store_vector of 4",
        ("i32", "u32", "f32"),
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            t = gpu.thread_idx.x
            if 4 * t < len(x):
                a, b, c, d = gpu.load_vector(x, 4 * t, 4)
                gpu.store_vector(out, 4 * t, (d, c, b, a))
        """,
        _vectors,
    ),
]

# statements and functions

_BOUNDS = ((0, 5, 1), (5, 0, 1), (5, -2, -1), (0, 10, 3), (100, 127, 9), (-7, 8, 5), (0, 0, 1))


def _ranges(name: str) -> Iterator[Case]:
    for start, stop, step in _BOUNDS:
        if name[0] == "i" or min(start, stop, step) >= 0:
            visited = list(range(start, stop, step))
            out = nothing(name, 16)
            expected = stored([*visited, *[0] * (16 - len(visited))], name)
            yield Case((start, stop, step), [start, stop, step, out], [None, None, None, expected])


def _collatz(name: str) -> Iterator[Case]:
    for n in (1, 2, 7, 27, 97):
        steps, value = 0, n
        while value != 1 and steps < 100:
            value = wrap(value // 2 if value % 2 == 0 else 3 * value + 1, name)
            steps += 1
        yield Case(n, [n, nothing("i32", 1)], [None, stored([steps], "i32")])


def _matched(name: str) -> Iterator[Case]:
    answers = {0: 10, 1: 20, 2: 20, 7: 30}
    values = [value for value in edges(name) if name in INTEGERS]
    expected = stored([answers.get(v, 50 if v > 10 else 40) for v in values], "i32")
    yield from (
        Case(value, [stored([value], name), nothing("i32", 1)], [None, expected[i : i + 1]])
        for i, value in enumerate(values)
    )


def _found(name: str) -> Iterator[Case]:
    values = edges(name)
    for place in {0, len(values) // 2, len(values) - 1}:
        wanted = stored(values[place : place + 1], name)
        first = next((i for i, v in enumerate(values) if v == values[place]), -1)
        yield Case(place, [some(name, len(values)), wanted, nothing("i32", 1)], [None, None, stored([first], "i32")])


def _pairs(name: str) -> Iterator[Case]:
    for a, b in zip(edges(name), reversed(edges(name)), strict=True):
        yield Case((a, b), [stored([a, b], name)], [stored([b, a], name)])


def _applied(name: str) -> Iterator[Case]:
    for a in edges(name):
        with np.errstate(all="ignore"):
            x = numbers(stored([a], name), name)[0]
            one, three = (type(x)(n) for n in (1, 3))
            answers = [held(held(x * three, name) + one, name), held(held(x + x, name) * three, name)]
        yield Case(a, [stored([a], name), nothing(name, 2)], [None, stored(answers, name)])


def _folded(name: str) -> Iterator[Case]:
    for n in (0, 1, 5):
        x = stored([(3 * i + 1) % 11 for i in range(n)], name)
        values = [int(v) for v in numbers(x, name)]
        yield Case(n, [x, nothing(name, 2)], [None, stored([sum(values), max([0, *values])], name)])


_STATEMENTS = [
    Program(
        "for over range",
        [name for name in INTEGERS if name not in ("i8", "u8", "i16", "u16")],
        """
        def k(start: {T}, stop: {T}, step: {T}, out: MutSlice[{T}]) -> None:
            count = 0
            for i in range(start, stop, step):
                out[count] = i
                count += 1
        """,
        _ranges,
    ),
    Program(
        "while, if, augmented assignment",
        ("i16", "i32", "i64", "u16", "u32", "u64"),
        """
        def k(n: {T}, out: MutSlice[i32]) -> None:
            steps = 0
            value = n
            while value != 1 and steps < 100:
                if value % 2 == 0:
                    value //= 2
                else:
                    value = 3 * value + 1
                steps += 1
            out[0] = steps
        """,
        _collatz,
    ),
    Program(
        "match",
        INTEGERS,
        """
        def k(x: Slice[{T}], out: MutSlice[i32]) -> None:
            match x[0]:
                case 0:
                    out[0] = 10
                case 1 | 2:
                    out[0] = 20
                case 7:
                    out[0] = 30
                case _ if x[0] > 10:
                    out[0] = 50
                case _:
                    out[0] = 40
        """,
        _matched,
    ),
    Program(
        "break, continue, early return",
        TYPES,
        """
        def k(x: Slice[{T}], wanted: Slice[{T}], out: MutSlice[i32]) -> None:
            out[0] = -1
            for i in range(len(x)):
                if x[i] != wanted[0]:
                    continue
                out[0] = i
                break
            if out[0] >= 0:
                return
            out[0] = -1
        """,
        _found,
    ),
    Program(
        "tuple swap",
        TYPES,
        """
        def k(x: MutSlice[{T}]) -> None:
            a, b = x[0], x[1]
            a, b = b, a
            x[0], x[1] = a, b
        """,
        _pairs,
    ),
    Program(
        "structs",
        [name for name in TYPES if name != "bool"],
        """
        def k(x: MutSlice[{T}]) -> None:
            pair = Pair(x[0], second=x[1])
            swapped = Pair(pair.second, pair.first)
            pair.first = swapped.first
            x[0], x[1] = pair.first, swapped.second
        """,
        _pairs,
    ),
    Program(
        "gpu.Wide",
        TYPES,
        """
        def k(x: gpu.Wide[Slice[{T}]], out: gpu.Wide[DisjointSlice[{T}]]) -> None:
            for i in gpu.grid_stride(len(x)):
                out[i] = x[i]
        """,
        _copied,
    ),
    Program(
        "device functions: tuples, defaults, keywords, functions as parameters",
        ("i8", "i32", "i64", "u8", "u32", "u64", "f32", "f64", "f16", "bf16"),
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            out[0], twice = both(x[0])
            out[1] = apply(x[0], op=doubled, times=3)
            if twice != twice and x[0] == x[0]:
                out[0] = twice
        """,
        _applied,
    ),
    Program(
        "unrolled and constant loops",
        ("i32", "u64", "f32"),
        """
        def k(x: Slice[{T}], out: MutSlice[{T}]) -> None:
            for step in gpu.static_range(5):
                if step < len(x):
                    out[0] += x[step]
            for i in gpu.unroll(range(len(x)), 4):
                out[1] = max(out[1], x[i])
        """,
        _folded,
    ),
]

PROGRAMS: Sequence[Program] = (*_MEMORY, *_STATEMENTS)
