"""Shared memory, barriers and atomics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelFault
from oxide_build.ir.types import SCALARS
from oxide_build.simulator.operations import dtype_of

# Blocks of 32 threads sum 32 numbers each: halving in a loop, with a barrier in the loop and in a device function.
REDUCTION = """kernel @k(%x: view<?xf32, read, global>, %out: view<?xf32, mut, global>) {
^bb0:
  %s = mir.shared_array {symbol = 'part', type = view<32xf32, mut, shared>} : view<32xf32, mut, shared>
  %bi = mir.coordinate {register = 'block_idx', axis = 'x'} : i32
  %bd = mir.coordinate {register = 'block_dim', axis = 'x'} : i32
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %base = mir.mul %bi, %bd : i32
  %i = mir.add %base, %t : i32
  %0 = mir.constant {value = 0, type = i32} : i32
  %2 = mir.constant {value = 2, type = i32} : i32
  %16 = mir.constant {value = 16, type = i32} : i32
  %p = mir.element %x, %i : ptr<f32, global>
  %e = mir.load %p : f32
  %q = mir.element %s, %t : ptr<f32, shared>
  mir.store %e, %q
  mir.call {callee = 'wait', results = ()}
  mir.br ^bb1(%16)
^bb1(%half: i32):
  %more = mir.cmp %half, %0 {predicate = 'gt'} : bool
  mir.cond_br %more, ^bb2, ^bb5
^bb2:
  %mine = mir.cmp %t, %half {predicate = 'lt'} : bool
  mir.cond_br %mine, ^bb3, ^bb4
^bb3:
  %j = mir.add %t, %half : i32
  %r = mir.element %s, %j : ptr<f32, shared>
  %f = mir.load %r : f32
  %g = mir.load %q : f32
  %h = mir.add %g, %f : f32
  mir.store %h, %q
  mir.br ^bb4
^bb4:
  mir.call {callee = 'wait', results = ()}
  %less = mir.floordiv %half, %2 : i32
  mir.br ^bb1(%less)
^bb5:
  %first = mir.cmp %t, %0 {predicate = 'eq'} : bool
  mir.cond_br %first, ^bb6, ^bb7
^bb6:
  %u = mir.element %s, %0 : ptr<f32, shared>
  %sum = mir.load %u : f32
  %v = mir.element %out, %bi : ptr<f32, global>
  mir.store %sum, %v
  mir.br ^bb7
^bb7:
  mir.return
}
device @wait() {
^bb0:
  mir.sync_threads
  mir.return
}"""


@pytest.mark.usefixtures("chunks")
def test_blocks_reduce_in_shared_memory(launch: Any) -> None:
    x = np.random.default_rng(1).integers(0, 1000, 320).astype(np.float32)
    out = np.zeros(10, np.float32)
    launch(REDUCTION, 10, 32, x, out)
    np.testing.assert_array_equal(out, x.reshape(10, 32).sum(axis=1))


SHARED_GARBAGE = """kernel @k(%out: view<?x{name}, mut, global>) {{
^bb0:
  %s = mir.shared_array {{symbol = 'part', type = view<4x8x{name}, mut, shared>}} : view<4x8x{name}, mut, shared>
  %t = mir.coordinate {{register = 'thread_idx', axis = 'x'}} : i32
  %p = mir.element %s, %t, %t : ptr<{name}, shared>
  %e = mir.load %p : {name}
  %q = mir.element %out, %t : ptr<{name}, global>
  mir.store %e, %q
  mir.return
}}"""


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("name", ["bool", "i32", "i64", "u32", "u64", "f32", "f64"])
def test_unwritten_shared_memory_shows(launch: Any, name: str) -> None:
    out = np.zeros(4, dtype_of(SCALARS[name]))
    launch(SHARED_GARBAGE.format(name=name), 1, 4, out)
    garbage: dict[str, Any] = {"f": np.nan, "b": True}
    wanted = garbage.get(out.dtype.kind, np.frombuffer(b"\xcb" * 8, out.dtype)[0] if out.dtype.kind in "iu" else None)
    np.testing.assert_array_equal(out, np.full(4, wanted))


TWO_BARRIERS = """kernel @k(%limit: i32) {
^bb0:
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %b = mir.coordinate {register = 'block_idx', axis = 'x'} : i32
  %sum = mir.add %t, %b : i32
  %few = mir.cmp %sum, %limit {predicate = 'lt'} : bool
  mir.cond_br %few, ^bb1, ^bb2
^bb1:
  mir.sync_threads
  mir.br ^bb3
^bb2:
  %ELSE%
  mir.br ^bb3
^bb3:
  mir.return
}"""


def test_barrier_that_some_threads_never_reach(launch: Any) -> None:
    one_side = TWO_BARRIERS.replace("%ELSE%\n", "\n")
    launch(one_side, 3, 32, 34, lines={"mir.sync_threads": "gpu.sync_threads()"})
    with pytest.raises(KernelFault) as fault:
        launch(one_side, 3, 32, 33, lines={"mir.sync_threads": "gpu.sync_threads()"})
    assert str(fault.value) == (
        "kernels/test.py:1:1: barrier not reached by all threads of block (2, 0, 0): "
        "31 of 32 threads wait at line 1, 1 have returned\n"
        "    gpu.sync_threads()\n"
        "    ^^^^^^^^^^^^^^^^^^\n"
        "  help: call gpu.sync_threads() where every thread of the block comes by, outside of conditions that differ "
        "between them"
    )


def test_threads_at_different_barriers(launch: Any) -> None:
    two_sides = TWO_BARRIERS.replace("%ELSE%", "mir.sync_threads")
    launch(two_sides, 1, 32, 32)
    launch(two_sides, 1, 32, 0)
    with pytest.raises(KernelFault, match="5 of 32 threads wait at a barrier, 27 of 32 threads wait at a barrier\\n"):
        launch(two_sides, 1, 32, 5)


# Thread i adds `values[i]` to `totals[keys[i]]` and keeps what it found.
FETCH_ADD = """kernel @k(%keys: view<?xi32, read, global>, %values: view<?x{name}, read, global>,
    %totals: view<?x{name}, mut, global>, %old: view<?x{name}, disjoint, global>) {{
^bb0:
  %bi = mir.coordinate {{register = 'block_idx', axis = 'x'}} : i32
  %bd = mir.coordinate {{register = 'block_dim', axis = 'x'}} : i32
  %t = mir.coordinate {{register = 'thread_idx', axis = 'x'}} : i32
  %base = mir.mul %bi, %bd : i32
  %i = mir.add %base, %t : i32
  %a = mir.element %keys, %i : ptr<i32, global>
  %key = mir.load %a : i32
  %b = mir.element %values, %i : ptr<{name}, global>
  %value = mir.load %b : {name}
  %c = mir.element %totals, %key : ptr<{name}, global>
  %found = mir.atomic %c, %value {{operation = 'add', order = 'relaxed', scope = 'device'}} : {name}
  %d = mir.element %old, %i : ptr<{name}, global>
  {keep}
  mir.return
}}"""


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("name", ["i32", "i64", "u32", "u64", "f32", "f64"])
@pytest.mark.parametrize("keep", ["mir.store %found, %d", ""], ids=["old values read", "unread"])
def test_atomics_add_up_in_thread_order(launch: Any, name: str, keep: str) -> None:
    random = np.random.default_rng(2)
    dtype = dtype_of(SCALARS[name])
    # Some keys come once, some a few times, one very often.
    keys = np.where(random.random(512) < 0.5, 7, random.integers(0, 100, 512)).astype(np.int32)
    values = random.random(512).astype(dtype) if dtype.kind == "f" else random.integers(0, 2**31, 512).astype(dtype)
    totals = np.full(100, 0.1 if dtype.kind == "f" else np.iinfo(dtype).max, dtype)
    old = np.zeros(512, dtype)
    wanted_totals, wanted_old = totals.copy(), np.zeros(512, dtype)
    with np.errstate(over="ignore"):
        for i, (key, value) in enumerate(zip(keys, values, strict=True)):
            wanted_old[i] = wanted_totals[key]
            wanted_totals[key] += value
    launch(FETCH_ADD.format(name=name, keep=keep), 8, 64, keys, values, totals, old)
    np.testing.assert_array_equal(totals, wanted_totals)
    np.testing.assert_array_equal(old, wanted_old if keep else np.zeros(512, dtype))


COUNTER = """kernel @k(%n: view<?xi32, mut, global>) {
^bb0:
  %0 = mir.constant {value = 0, type = i32} : i32
  %1 = mir.constant {value = 1, type = i32} : i32
  %p = mir.element %n, %0 : ptr<i32, global>
  %old = mir.atomic %p, %1 {operation = 'add', order = 'relaxed', scope = 'device'} : i32
  mir.return
}"""


def test_every_thread_counts_where_all_operands_are_the_same(launch: Any) -> None:
    n = np.zeros(1, np.int32)
    launch(COUNTER, (3, 2), (8, 8), n)
    assert n[0] == 384


LAST_WINS = """kernel @k(%out: view<?xi32, mut, global>) {
^bb0:
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %0 = mir.constant {value = 0, type = i32} : i32
  %p = mir.element %out, %0 : ptr<i32, global>
  mir.store %t, %p
  mir.return
}"""


@pytest.mark.usefixtures("unwatched")
def test_the_last_of_several_writes_stays(launch: Any) -> None:
    out = np.zeros(1, np.int32)
    launch(LAST_WINS, 1, 100, out)
    assert out[0] == 99
