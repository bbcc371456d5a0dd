"""Random kernels of accesses and barriers: the watch reports a race exactly where a checker by definition finds one.

The checker keeps for every access what its thread knew of all others then, and compares all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxide_build.errors import KernelFault

Written: TypeAlias = Callable[..., None]
Step: TypeAlias = tuple[str, int, int, int]
"""What every so manyth thread does: an access, the place it starts at, how far apart neighbours' places are."""

PLACES, BLOCKS, THREADS = 128, 2, 64
ACCESSES = ("read", "write", "atomic")
LINES = {
    "read": "total += {array}[{place}]",
    "write": "{array}[{place}] = g + {number}000",
    "atomic": "gpu.atomic_add({array}, {place}, 1)",
    "block": "gpu.sync_threads()",
    "warp": "gpu.sync_warp()",
    "half": "gpu.sync_warp(mask=u32(0xFFFF) << u32(t & 16))",
}
HEAD = """
@gpu.kernel
def k(x: MutSlice[i32], out: MutSlice[i32]) -> None:
    shared = gpu.shared_array({places}, i32)
    t = gpu.thread_idx.x
    g = gpu.block_idx.x * {threads} + t
    total = 0
    for j in range({places} // {threads}):
        shared[t + {threads} * j] = 0
    gpu.sync_threads()
"""


def source_of(array: str, steps: Sequence[Step]) -> str:
    text = HEAD.format(places=PLACES, threads=THREADS)
    for number, (what, start, distance, every) in enumerate(steps, 1):
        place = f"({start} + {'t' if array == 'shared' else 'g'} * {distance}) % {PLACES}"
        text += f"    if t % {every} == 0:\n    " if what in ACCESSES else ""
        text += f"    {LINES[what].format(array=array, place=place, number=number)}\n"
    return text + "    out[g] = total\n"


def races(array: str, steps: Sequence[Step]) -> bool:
    """Whether two accesses of a run race, by vector clocks over single threads."""
    threads = range(BLOCKS * THREADS)
    now = np.ones(len(threads), int)
    known = np.zeros((len(threads), len(threads)), int)
    made: list[tuple[int, int, int, str]] = []
    for what, start, distance, every in steps:
        if what not in ACCESSES:
            size = {"block": THREADS, "warp": 32, "half": 16}[what]
            for first in range(0, len(threads), size):
                together = slice(first, first + size)
                known[together] = known[together].max(axis=0)
                known[together, together] = now[together]
            now += 1
            continue
        for thread in threads[::every]:
            number = thread % THREADS if array == "shared" else thread
            place = (start + number * distance) % PLACES + (thread // THREADS * PLACES if array == "shared" else 0)
            for other, at, when, did in made:
                if other == thread or at != place or (what == did and did in ("read", "atomic")):
                    continue
                if known[thread, other] < when:
                    return True
            made.append((thread, place, int(now[thread]), what))
    return False


steps = st.lists(
    st.tuples(
        st.sampled_from([*ACCESSES, *ACCESSES, "block", "block", "warp", "half"]),
        st.integers(0, PLACES - 1),
        st.sampled_from([0, 1, 1, 1, 2, PLACES - 1]),
        st.sampled_from([1, 1, 2, 16, 32]),
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(array=st.sampled_from(["shared", "x"]), steps=steps)
def test_random_accesses(written: Written, array: str, steps: list[Step]) -> None:
    x, out = np.zeros(PLACES, np.int32), np.zeros(BLOCKS * THREADS, np.int32)
    report = ""
    try:
        written(source_of(array, steps), x, out, grid=BLOCKS, block=THREADS)
    except KernelFault as fault:
        report = str(fault)
    assert ("race on element" in report) == races(array, steps), report
