"""Memory order on the GPU: messages between blocks are never read stale, and seq_cst is one order for all.

The threads of these kernels wait for each other in loops, which the simulator, with some blocks at a time, cannot run.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.frontend.conftest import Run

ROUNDS = 4000

MESSAGES = """
@gpu.kernel
def k(rounds: u32, data: MutSlice[u32], flags: MutSlice[u32], stale: MutSlice[u32]) -> None:
    pair = gpu.block_idx.x // 2
    start = pair * 64
    ready = pair * 64
    seen = pair * 64 + 32
    for step in range(u32(1), rounds + 1):
        if gpu.block_idx.x % 2 == 0:
            for word in range(4):
                data[start + word * 16] = step + u32(word)
            {publish}
            while gpu.atomic_load(flags, seen, order="acquire") != step:
                gpu.nanosleep(20)
        else:
            while {look} != step:
                pass
            {after}
            for word in range(4):
                if data[start + word * 16] != step + u32(word):
                    gpu.atomic_add(stale, 0, 1)
            gpu.atomic_store(flags, seen, step, order="release")
"""

WAYS = {
    "store release, load acquire": (
        'gpu.atomic_store(flags, ready, step, order="release")',
        'gpu.atomic_load(flags, ready, order="acquire")',
        "pass",
    ),
    "system scope": (
        'gpu.atomic_store(flags, ready, step, order="release", scope="system")',
        'gpu.atomic_load(flags, ready, order="acquire", scope="system")',
        "pass",
    ),
    "seq_cst": (
        'gpu.atomic_store(flags, ready, step, order="seq_cst")',
        'gpu.atomic_load(flags, ready, order="seq_cst")',
        "pass",
    ),
    "exchange release, add acquire": (
        'gpu.atomic_exch(flags, ready, step, order="release")',
        'gpu.atomic_add(flags, ready, 0, order="acquire")',
        "pass",
    ),
    "increment acq_rel, compare-and-swap acq_rel": (
        'gpu.atomic_add(flags, ready, 1, order="acq_rel")',
        'gpu.atomic_cas(flags, ready, 0, 0, order="acq_rel")',
        "pass",
    ),
    "fences around relaxed": (
        "gpu.thread_fence()\n            gpu.atomic_store(flags, ready, step)",
        "gpu.atomic_load(flags, ready)",
        "gpu.thread_fence()",
    ),
}


@pytest.mark.gpu
@pytest.mark.parametrize("run", ["gpu"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
def test_messages_between_blocks_are_never_stale(run: Run, way: str) -> None:
    publish, look, after = WAYS[way]
    data, flags, stale = np.zeros(64 * 8, np.uint32), np.zeros(64 * 8, np.uint32), np.zeros(1, np.uint32)
    source = MESSAGES.format(publish=publish, look=look, after=after)
    run(source, ROUNDS, data, flags, stale, grid=16, block=1)
    assert stale[0] == 0
    assert (flags[::32] == ROUNDS).all()


STORE_BUFFERING = """
@gpu.kernel
def k(rounds: u32, places: MutSlice[u32], gate: MutSlice[u32], found: MutSlice[u32]) -> None:
    side = gpu.block_idx.x
    for step in range(u32(1), rounds + 1):
        gpu.atomic_add(gate, 0, 1)
        while gpu.atomic_load(gate, 0) < 2 * step:
            pass
        gpu.atomic_store(places, side * 64, step, order="seq_cst")
        found[side * i32(rounds) + i32(step) - 1] = gpu.atomic_load(places, (1 - side) * 64, order="seq_cst")
"""


@pytest.mark.gpu
@pytest.mark.parametrize("run", ["gpu"], indirect=True)
def test_of_two_seq_cst_stores_one_is_seen(run: Run) -> None:
    """Each of two blocks writes its place and reads the other's: at least one must see what the other wrote."""
    places, gate, found = np.zeros(128, np.uint32), np.zeros(1, np.uint32), np.zeros(2 * ROUNDS, np.uint32)
    run(STORE_BUFFERING, ROUNDS, places, gate, found, grid=2, block=1)
    steps = np.arange(1, ROUNDS + 1)
    assert ((found[:ROUNDS] >= steps) | (found[ROUNDS:] >= steps)).all()


def test_the_kernels_compile(compiled: object) -> None:
    """Without a GPU they are at least read, compiled, and assembled."""
    assert callable(compiled)
    for publish, look, after in WAYS.values():
        compiled(MESSAGES.format(publish=publish, look=look, after=after))
    compiled(STORE_BUFFERING)
