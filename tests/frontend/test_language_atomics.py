"""Atomics: every operation on every type against Python, alone, in crowds, in global and in shared memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from oxide_build.dialects import vocabulary
from oxide_build.errors import CompileError, SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS
from tests.frontend.conftest import Run, full_source

DTYPES = {"i32": np.int32, "u32": np.uint32, "i64": np.int64, "u64": np.uint64, "f32": np.float32, "f64": np.float64}
NAMES = {"and": "and_", "or": "or_"}


def wrapped(number: int, dtype: Any) -> int:
    """An integer as the type holds it."""
    bits = np.dtype(dtype).itemsize * 8
    number &= (1 << bits) - 1
    return number - (1 << bits) if np.dtype(dtype).kind == "i" and number >> (bits - 1) else number


STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, value: old + value,
    "sub": lambda old, value: old - value,
    "min": min,
    "max": max,
    "and": lambda old, value: old & value,
    "or": lambda old, value: old | value,
    "xor": lambda old, value: old ^ value,
    "exch": lambda old, value: value,
    "inc": lambda old, value: 0 if old >= value else old + 1,
    "dec": lambda old, value: value if old == 0 or old > value else old - 1,
}


def step(operation: str, old: Any, value: Any, dtype: Any) -> Any:
    """One atomic step in plain Python."""
    if np.dtype(dtype).kind == "f":
        return dtype(STEPS[operation](old, value))
    return wrapped(STEPS[operation](int(old), int(value)), dtype)


def edges(dtype: Any) -> list[Any]:
    """Values at the ends of a type, and between."""
    if np.dtype(dtype).kind == "f":
        return [0.0, -0.0, 1.5, -2.25, np.finfo(dtype).max, -np.finfo(dtype).max, np.inf, -np.inf, np.finfo(dtype).tiny]
    info = np.iinfo(dtype)
    return [0, 1, 2, 77, info.max, info.max - 1, info.min, info.min + 1, info.max // 3]


def combining() -> Iterator[Any]:
    """Each operation that combines, with each of its types."""
    for operation, types in vocabulary.ATOMICS.items():
        if operation in STEPS:
            known = (type for type in types if type.name in DTYPES)
            yield from (pytest.param(operation, type.name, id=f"{operation}-{type}") for type in known)


@pytest.mark.parametrize(("operation", "type"), list(combining()))
def test_one_step_on_every_pair_of_edge_values(run: Run, operation: str, type: str) -> None:
    dtype = DTYPES[type]
    pairs = [(a, b) for a in edges(dtype) for b in edges(dtype)]
    cells, values = (np.array(column, dtype) for column in zip(*pairs, strict=True))
    old = np.zeros_like(cells)
    with np.errstate(all="ignore"):
        expected = np.array([step(operation, a, b, dtype) for a, b in zip(cells, values, strict=True)], dtype)
    start = cells.copy()
    run(
        f"""
        @gpu.kernel
        def k(cells: MutSlice[{type}], values: Slice[{type}], old: MutSlice[{type}]) -> None:
            i = gpu.thread_idx.x
            old[i] = gpu.atomic_{NAMES.get(operation, operation)}(cells, i, values[i])
        """,
        *(cells, values, old),
        block=len(cells),
    )
    np.testing.assert_array_equal(old, start)
    np.testing.assert_array_equal(cells, expected)


@pytest.mark.parametrize(("operation", "type"), list(combining()))
@pytest.mark.parametrize("space", ["global", "shared"])
def test_a_crowd_leaves_what_some_order_of_its_steps_leaves(run: Run, space: str, operation: str, type: str) -> None:
    """Few and many threads at an address; the values found, in their order, must explain the final one."""
    dtype = DTYPES[type]
    keys = np.where(np.arange(256) % 3 == 0, 0, np.arange(256) % 7).astype(np.int32)
    # Small whole numbers: sums of floats are then exact in every order.
    values = np.full(256, 5, dtype) if operation in ("inc", "dec") else ((np.arange(256) * 37) % 101).astype(dtype)
    cells, old = np.full(8, 64, dtype), np.zeros(256, dtype)
    name = f"gpu.atomic_{NAMES.get(operation, operation)}"
    if space == "global":
        source = f"""
        @gpu.kernel
        def k(keys: Slice[i32], values: Slice[{type}], cells: MutSlice[{type}], old: MutSlice[{type}]) -> None:
            i = gpu.block_idx.x * gpu.block_dim.x + gpu.thread_idx.x
            old[i] = {name}(cells, keys[i], values[i])
        """
    else:
        source = f"""
        @gpu.kernel
        def k(keys: Slice[i32], values: Slice[{type}], cells: MutSlice[{type}], old: MutSlice[{type}]) -> None:
            t = gpu.thread_idx.x
            s = gpu.shared_array(8, {type})
            if t < 8:
                s[t] = cells[t]
            gpu.sync_threads()
            old[t] = {name}(s, keys[t], values[t])
            gpu.sync_threads()
            if t < 8:
                cells[t] = s[t]
        """
    grid, block = (4, 64) if space == "global" else (1, 256)
    run(source, keys, values, cells, old, grid=grid, block=block)
    for key in range(8):
        threads = np.flatnonzero(keys == key)
        check_some_order(operation, dtype, values[threads], old[threads], cells[key])


def check_some_order(operation: str, dtype: Any, values: Any, old: Any, final: Any) -> None:
    """Whether the steps, in whatever order, give these old values and this end."""
    if operation in ("inc", "dec"):
        found, state = [], 64
        for _ in values:
            found.append(state)
            state = step(operation, state, 5, dtype)
        assert sorted(old.tolist()) == sorted(found)
        assert final == state
    elif operation == "exch":
        # Every value put in was found by someone or is the last.
        assert sorted([*old.tolist(), final]) == sorted([*values.tolist(), 64])
    else:
        expected = dtype(64)
        for value in values:
            expected = dtype(step(operation, expected, value, dtype))
        assert final == expected
        ends = sorted([*(step(operation, a, b, dtype) for a, b in zip(old, values, strict=True)), 64])
        assert ends == sorted([*old.tolist(), final])


@pytest.mark.parametrize("type", ["i32", "u32", "i64", "u64"])
def test_compare_and_swap_on_every_pair_of_edge_values(run: Run, type: str) -> None:
    dtype = DTYPES[type]
    pairs = [(a, b) for a in edges(dtype) for b in edges(dtype)]
    cells, wanted = (np.array(column, dtype) for column in zip(*pairs, strict=True))
    old, start = np.zeros_like(cells), cells.copy()
    run(
        f"""
        @gpu.kernel
        def k(cells: MutSlice[{type}], wanted: Slice[{type}], old: MutSlice[{type}]) -> None:
            i = gpu.thread_idx.x
            old[i] = gpu.atomic_cas(cells, i, wanted[i], 42)
        """,
        *(cells, wanted, old),
        block=len(cells),
    )
    np.testing.assert_array_equal(old, start)
    np.testing.assert_array_equal(cells, np.where(start == wanted, 42, start).astype(dtype))


@pytest.mark.parametrize("type", ["i32", "u32", "i64", "u64"])
def test_compare_and_swap_has_one_winner(run: Run, type: str) -> None:
    dtype = DTYPES[type]
    winner, won = np.full(5, 0, dtype), np.zeros(5, np.int32)
    run(
        f"""
        @gpu.kernel
        def k(winner: MutSlice[{type}], won: MutSlice[i32]) -> None:
            i = gpu.block_idx.x * gpu.block_dim.x + gpu.thread_idx.x
            if gpu.atomic_cas(winner, i % 5, 0, {type}(i + 1), order="acq_rel") == 0:
                gpu.atomic_add(won, i % 5, 1)
        """,
        *(winner, won),
        grid=5,
        block=64,
    )
    assert won.tolist() == [1] * 5
    assert all(1 <= number <= 320 and (number - 1) % 5 == cell for cell, number in enumerate(winner.tolist()))


@pytest.mark.parametrize("type", DTYPES)
@pytest.mark.parametrize(("load", "store"), [("relaxed", "relaxed"), ("acquire", "release"), ("seq_cst", "seq_cst")])
def test_atomic_load_and_store(run: Run, load: str, store: str, type: str) -> None:
    given = np.array(edges(DTYPES[type]), DTYPES[type])
    out = np.zeros_like(given)
    run(
        f"""
        @gpu.kernel
        def k(given: MutSlice[{type}], out: MutSlice[{type}]) -> None:
            i = gpu.thread_idx.x
            value = gpu.atomic_load(given, i, order="{load}", scope="system")
            gpu.atomic_store(out, i, value, order="{store}", scope="block")
        """,
        *(given, out),
        block=len(given),
    )
    assert given.tobytes() == out.tobytes()


@pytest.mark.parametrize("scope", ["block", "cluster", "device", "system"])
@pytest.mark.parametrize("order", vocabulary.ORDERS)
def test_every_order_and_scope_counts(run: Run, order: str, scope: str) -> None:
    total, partial = np.zeros(1, np.uint32), np.zeros(1, np.float64)
    run(
        f"""
        @gpu.kernel
        def k(total: MutSlice[u32], partial: MutSlice[f64]) -> None:
            s = gpu.shared_array(1, u32)
            if gpu.thread_idx.x == 0:
                s[0] = 0
            gpu.sync_threads()
            gpu.atomic_add(s, 0, 1, order="{order}", scope="{scope}")
            gpu.atomic_add(partial, 0, 0.5, order="{order}", scope="{scope}")
            gpu.sync_threads()
            if gpu.thread_idx.x == 0:
                gpu.atomic_add(total, 0, s[0], order="{order}", scope="{scope}")
        """,
        *(total, partial),
        grid=1,
        block=200,
    )
    assert total[0] == 200
    assert partial[0] == 100.0


def test_elements_of_two_dimensions(run: Run) -> None:
    counts = np.zeros((3, 4), np.int32)
    run(
        """
        @gpu.kernel
        def k(counts: MutSlice2D[i32]) -> None:
            gpu.atomic_max(counts, (gpu.thread_idx.x % 3, gpu.thread_idx.x % 4), gpu.thread_idx.x)
        """,
        counts,
        block=64,
    )
    expected = np.zeros((3, 4), np.int32)
    for thread in range(64):
        expected[thread % 3, thread % 4] = thread
    np.testing.assert_array_equal(counts, expected)


def test_a_fence_at_every_scope_changes_nothing_alone(run: Run) -> None:
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            i = gpu.thread_idx.x
            out[i] = i
            gpu.thread_fence()
            gpu.thread_fence("block")
            gpu.thread_fence(scope="system")
            out[i] = out[i] + 1
        """,
        out,
        block=64,
    )
    assert out.tolist() == list(range(1, 65))


def test_a_hash_table_takes_every_key_once(run: Run) -> None:
    random = np.random.default_rng(5)
    keys = random.integers(1, 200, 500).astype(np.uint32)
    table, counts = np.zeros(512, np.uint32), np.zeros(512, np.int32)
    run(
        """
        @gpu.kernel
        def k(keys: Slice[u32], table: MutSlice[u32], counts: MutSlice[i32]) -> None:
            i = gpu.index_1d()
            if i < len(keys):
                key = keys[i]
                place = i32(key * 2654435761 % 512)
                found = gpu.atomic_cas(table, place, 0, key)
                while found != 0 and found != key:
                    place = (place + 1) % 512
                    found = gpu.atomic_cas(table, place, 0, key)
                gpu.atomic_add(counts, place, 1)
        """,
        *(keys, table, counts),
        grid=4,
        block=128,
    )
    found = {int(key): int(count) for key, count in zip(table, counts, strict=True) if key}
    unique, times = np.unique(keys, return_counts=True)
    assert found == dict(zip(unique.tolist(), times.tolist(), strict=True))


def test_a_scope_older_gpus_do_not_have() -> None:
    source = """
    @gpu.kernel
    def k(out: MutSlice[u32]) -> None:
        gpu.atomic_add(out, 0, 1, scope="cluster")
    """
    module = to_ssa(SourceFile("kernel.py", full_source(source), "test.kernel"))
    to_llvm_ir(module, TARGETS["sm_90"], Options())
    with pytest.raises(CompileError) as raised:
        to_llvm_ir(module, TARGETS["sm_80"], Options())
    report = str(raised.value)
    assert "scope 'cluster' exists from sm_90 on; this is compiled for sm_80" in report
    assert 'gpu.atomic_add(out, 0, 1, scope="cluster")' in report
    assert "kernel.py:11:5" in report
    assert "scope='device'" in report
