"""`gpu.assume_uniform`: the value itself on a GPU, checked in the simulator; and barriers it makes legal."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.errors import KernelFault
from tests.frontend.conftest import Run

EDGES = {
    "i32": [0, -1, 2**31 - 1, -(2**31)],
    "i64": [0, -1, 2**63 - 1, -(2**63)],
    "u32": [0, 1, 2**32 - 1],
    "u64": [0, 1, 2**64 - 1],
    "f32": [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45],
    "f64": [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324],
}
DTYPES = {"i32": "i4", "i64": "i8", "u32": "u4", "u64": "u8", "f32": "f4", "f64": "f8"}


@pytest.mark.parametrize("type", EDGES)
def test_it_is_its_operand(run: Run, type: str) -> None:
    values = np.array(EDGES[type], DTYPES[type])
    out = np.zeros((len(values), 64), values.dtype)
    run(
        f"""
        @gpu.kernel
        def k(values: Slice[{type}], out: MutSlice2D[{type}]) -> None:
            for i in range(len(values)):
                out[i, gpu.thread_idx.x] = gpu.assume_uniform(values[i])
        """,
        *(values, out),
        block=64,
    )
    assert out.tobytes() == np.repeat(values[:, None], 64, axis=1).tobytes()


def test_bools_literals_and_expressions(run: Run) -> None:
    out = np.zeros(32, np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            if gpu.assume_uniform(t < n) and gpu.assume_uniform(True):
                out[t] = gpu.assume_uniform(3) + gpu.assume_uniform(n + 1) + t
        """,
        *(32, out),
        block=32,
    )
    assert out.tolist() == [3 + 33 + t for t in range(32)]


def test_a_barrier_under_what_is_in_fact_uniform(run: Run) -> None:
    """Each block's threads read flags of their own, which all say the same."""
    flags = np.repeat([1, 0, 2, 0], 64).astype(np.int32)
    out = np.zeros(4 * 64, np.int32)
    run(
        """
        @gpu.kernel
        def k(flags: Slice[i32], out: MutSlice[i32]) -> None:
            tile = gpu.shared_array(64, i32)
            i, t = gpu.index_1d(), gpu.thread_idx.x
            if gpu.assume_uniform(flags[i] > 0):
                tile[t] = i
                gpu.sync_threads()
                out[i] = tile[63 - t]
        """,
        *(flags, out),
        grid=4,
        block=64,
    )
    expected = [block * 64 + 63 - t if block in (0, 2) else 0 for block in range(4) for t in range(64)]
    assert out.tolist() == expected


def test_a_loop_of_rounds_known_to_agree(run: Run) -> None:
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            i = t
            while gpu.assume_uniform(i < n):
                out[t] += gpu.sync_threads_count(i % 2 == 0)
                i += 64
        """,
        *(256, out),
        block=64,
    )
    assert out.tolist() == [4 * 32] * 64


def test_the_simulator_finds_where_threads_differ(simulated: Run) -> None:
    with pytest.raises(KernelFault) as raised:
        simulated(
            """
            @gpu.kernel
            def k(flags: Slice[i32]) -> None:
                if gpu.assume_uniform(flags[gpu.index_1d()] > 0):
                    gpu.sync_threads()
            """,
            np.array([1] * 64 + [0] * 60 + [1] * 4, np.int32),
            grid=2,
            block=64,
        )
    report = str(raised.value)
    assert "if gpu.assume_uniform(flags[gpu.index_1d()] > 0):" in report
    assert "True here, False in block (1, 0, 0), thread (0, 0, 0), in block (1, 0, 0), thread (60, 0, 0)" in report
    assert "4 of the 128 threads" in report


def test_blocks_may_differ_and_so_may_threads_elsewhere(simulated: Run) -> None:
    """Only the threads of one block that run it together are asked."""
    out = np.zeros(128, np.float32)
    simulated(
        """
        @gpu.kernel
        def k(out: MutSlice[f32]) -> None:
            i = gpu.index_1d()
            if i % 2 == 0:
                out[i] = gpu.assume_uniform(f32(gpu.block_idx.x + i % 2))
            else:
                out[i] = gpu.assume_uniform(f32(gpu.block_idx.x + i % 2))
        """,
        out,
        grid=2,
        block=64,
    )
    assert out.tolist() == [i // 64 + i % 2 for i in range(128)]


def test_barriers_of_warps_and_blocks_where_they_agree(run: Run) -> None:
    """What the analysis must see through: warps apart by whole warps, rounds by the block, votes."""
    x = np.arange(256, dtype=np.int32)
    out = np.zeros(4, np.int32)
    run(
        """
        @gpu.device
        def sum_of_warp(value: i32) -> i32:
            for step in (16, 8, 4, 2, 1):
                value += gpu.shuffle_down(value, step)
            return value

        @gpu.kernel(block=128)
        def k(x: Slice[i32], out: MutSlice[i32]) -> None:
            partial = gpu.shared_array(4, i32)
            t = gpu.thread_idx.x
            warp = t // 32
            total = 0
            for start in range(0, len(x), 128):
                i = start + t
                total += x[i] if i < len(x) else 0
                gpu.sync_threads()
            if warp % 2 == 0 or warp > 2:
                total = sum_of_warp(total)
                if gpu.lane_id() == 0:
                    partial[warp] = total
            else:
                total = gpu.reduce_add(total)
                if gpu.any(total > 0) and gpu.lane_id() == 0:
                    partial[warp] = total
            gpu.sync_threads()
            if t < 32 and t < 4:
                out[t] = partial[t]
        """,
        *(x, out),
        block=128,
    )
    assert out.tolist() == x.reshape(2, 4, 32).sum(axis=(0, 2)).tolist()
