"""Warps, counting barriers and clocks against plain Python, whole and partial warps, whole and partial masks."""

from __future__ import annotations

import math
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelFault
from tests.frontend.conftest import Run, built_kernel, full_source
from tests.frontend.test_language_atomics import DTYPES, edges, wrapped

FULL = 0xFFFFFFFF
SHUFFLES = {
    "shuffle": lambda lane, other: other % 32,
    "shuffle_up": lambda lane, other: lane - other % 32 if lane >= other % 32 else lane,
    "shuffle_down": lambda lane, other: lane + other % 32 if lane + other % 32 < 32 else lane,
    "shuffle_xor": lambda lane, other: lane ^ other % 32,
}
"""From which lane each shuffle reads."""
REDUCTIONS = {
    "add": lambda a, b: a + b,
    "min": min,
    "max": max,
    "and_": lambda a, b: a & b,
    "or_": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}


@pytest.mark.parametrize("block", [(64, 1, 1), (8, 4, 3), (3, 5, 7)])
def test_lanes_and_warps_are_consecutive_threads(run: Run, block: tuple[int, int, int]) -> None:
    count = math.prod(block)
    lanes, warps = np.full(2 * count, -1, np.int32), np.full(2 * count, -1, np.int32)
    run(
        """
        @gpu.kernel
        def k(lanes: MutSlice[i32], warps: MutSlice[i32]) -> None:
            row = gpu.thread_idx.z * gpu.block_dim.y + gpu.thread_idx.y
            t = row * gpu.block_dim.x + gpu.thread_idx.x
            t += gpu.block_idx.x * gpu.block_dim.x * gpu.block_dim.y * gpu.block_dim.z
            lanes[t] = gpu.lane_id()
            warps[t] = gpu.warp_id()
        """,
        *(lanes, warps),
        grid=2,
        block=block,
    )
    threads = np.arange(2 * count) % count
    np.testing.assert_array_equal(lanes, threads % 32)
    np.testing.assert_array_equal(warps, threads // 32)


@pytest.mark.parametrize("type", DTYPES)
@pytest.mark.parametrize("shuffle", SHUFFLES)
def test_shuffles(run: Run, shuffle: str, type: str) -> None:
    """By every distance, those beyond the warp too, of values at the type's edges."""
    dtype = DTYPES[type]
    values = np.resize(np.array(edges(dtype), dtype), 64)
    out = np.zeros((36, 64), dtype)
    run(
        f"""
        @gpu.kernel
        def k(values: Slice[{type}], out: MutSlice2D[{type}]) -> None:
            t = gpu.thread_idx.x
            for distance in range(36):
                out[distance, t] = gpu.{shuffle}(values[t], distance)
        """,
        *(values, out),
        block=64,
    )
    source = SHUFFLES[shuffle]
    expected = [[values[t // 32 * 32 + source(t % 32, d)] for t in range(64)] for d in range(36)]
    assert out.tobytes() == np.array(expected, dtype).tobytes()


def test_a_shuffle_may_read_another_lane_in_each_thread(run: Run) -> None:
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            out[t] = gpu.shuffle(t * 10, 31 - gpu.lane_id())
        """,
        out,
        block=64,
    )
    assert out.tolist() == [(t // 32 * 32 + 31 - t % 32) * 10 for t in range(64)]


def test_halves_of_a_warp_shuffle_apart(run: Run) -> None:
    """Two masks under a condition, and two masks at one place."""
    out = np.zeros((2, 32), np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice2D[i32]) -> None:
            t = gpu.thread_idx.x
            if t < 16:
                out[0, t] = gpu.shuffle_xor(t, 1, mask=0xFFFF)
            else:
                out[0, t] = gpu.shuffle_xor(t, 2, mask=0xFFFF0000)
            half = u32(0xFFFF) if t < 16 else u32(0xFFFF0000)
            out[1, t] = gpu.shuffle_xor(t, 3, mask=half)
        """,
        out,
        block=32,
    )
    assert out[0].tolist() == [t ^ 1 if t < 16 else t ^ 2 for t in range(32)]
    assert out[1].tolist() == [t ^ 3 for t in range(32)]


@pytest.mark.parametrize("block", [32, 96, 40])
@pytest.mark.parametrize("limit", [0, 1, 7, 33, 96])
def test_votes(run: Run, limit: int, block: int) -> None:
    """Lanes that do not exist vote for nothing and are not asked by `all`."""
    masks, answers = np.zeros(block, np.uint32), np.zeros((2, block), np.int32)
    run(
        """
        @gpu.kernel
        def k(limit: i32, masks: MutSlice[u32], answers: MutSlice2D[i32]) -> None:
            t = gpu.thread_idx.x
            masks[t] = gpu.ballot(t < limit)
            answers[0, t] = 1 if gpu.any(t < limit) else 0
            answers[1, t] = 1 if gpu.all(t < limit) else 0
        """,
        *(limit, masks, answers),
        block=block,
    )
    for start in range(0, block, 32):
        warp = range(start, min(start + 32, block))
        assert set(masks[warp].tolist()) == {sum(1 << t - start for t in warp if t < limit)}
        assert set(answers[0, warp].tolist()) == {int(any(t < limit for t in warp))}
        assert set(answers[1, warp].tolist()) == {int(all(t < limit for t in warp))}


@pytest.mark.parametrize("type", DTYPES)
def test_match_any_compares_bits(run: Run, type: str) -> None:
    dtype = DTYPES[type]
    values = np.resize(np.array(edges(dtype), dtype), 64)
    masks = np.zeros((2, 64), np.uint32)
    run(
        f"""
        @gpu.kernel
        def k(values: Slice[{type}], masks: MutSlice2D[u32]) -> None:
            t = gpu.thread_idx.x
            masks[0, t] = gpu.match_any(values[t])
            if gpu.lane_id() < 8:
                masks[1, t] = gpu.match_any(values[t], mask=0xFF)
        """,
        *(values, masks),
        block=64,
    )
    bits = values.view(f"u{values.itemsize}")
    for t in range(64):
        warp = range(t // 32 * 32, t // 32 * 32 + 32)
        same = sum(1 << other % 32 for other in warp if bits[other] == bits[t])
        assert masks[0, t] == same
        assert masks[1, t] == (same & 0xFF if t % 32 < 8 else 0)


@pytest.mark.parametrize("type", ["i32", "u32"])
@pytest.mark.parametrize("operation", REDUCTIONS)
@pytest.mark.parametrize("block", [64, 45])
def test_reductions(run: Run, block: int, operation: str, type: str) -> None:
    dtype: Any = DTYPES[type]
    random = np.random.default_rng(3)
    values = np.where(
        random.random(block) < 0.3,
        random.choice(np.array(edges(dtype), dtype), block),
        random.integers(0, 1000, block).astype(dtype),
    ).astype(dtype)
    out = np.zeros(block, dtype)
    run(
        f"""
        @gpu.kernel
        def k(values: Slice[{type}], out: MutSlice[{type}]) -> None:
            t = gpu.thread_idx.x
            out[t] = gpu.reduce_{operation}(values[t])
        """,
        *(values, out),
        block=block,
    )
    for start in range(0, block, 32):
        numbers = [int(value) for value in values[start : start + 32]]
        expected = wrapped(reduce(REDUCTIONS[operation], numbers), dtype)
        assert set(out[start : start + 32].tolist()) == {expected}


def test_lanes_that_have_returned_are_not_waited_for(run: Run) -> None:
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            if t % 3 == 1:
                return
            out[t] = gpu.reduce_add(t)
        """,
        *(64, out),
        block=64,
    )
    sums = [sum(t for t in range(start, start + 32) if t % 3 != 1) for start in (0, 32)]
    assert out.tolist() == [0 if t % 3 == 1 else sums[t // 32] for t in range(64)]


@pytest.mark.gpu
@pytest.mark.parametrize("operation", REDUCTIONS)
def test_reductions_as_older_gpus_compute_them(tmp_path: Path, operation: str) -> None:
    """PTX for sm_75 has no instruction for them; here with lanes that have returned, and a partial warp."""
    torch = pytest.importorskip("torch")
    source = f"""
@gpu.kernel
def k(values: Slice[i32], out: MutSlice[i32]) -> None:
    t = gpu.thread_idx.x
    if t % 3 == 1 or t % 32 == 0:
        return
    out[t] = gpu.reduce_{operation}(values[t])
"""
    values = np.random.default_rng(4).integers(-(2**31), 2**31, 75).astype(np.int32)
    out = torch.zeros(75, dtype=torch.int32, device="cuda")
    built_kernel(full_source(source), tmp_path, "sm_75")[1, 75](torch.from_numpy(values).cuda(), out)
    found = out.cpu().numpy()
    for start in (0, 32, 64):
        lanes = [t for t in range(start, min(start + 32, 75)) if t % 3 != 1 and t % 32]
        assert set(found[lanes].tolist()) == {wrapped(reduce(REDUCTIONS[operation], values[lanes].tolist()), np.int32)}


def test_a_warp_meets_again_in_a_loop_of_uneven_rounds(run: Run) -> None:
    """Lanes that are early wait for those whose detour is longer."""
    out = np.zeros(32, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            total = 0
            for step in range(5):
                total += gpu.shuffle_xor(t * step, 1)
                if (t + step) % 4 != 0:
                    total -= 1
                    continue
                extra = 0
                while extra < t:
                    extra += 1
                total += extra
            out[t] = total
        """,
        out,
        block=32,
    )
    expected = [sum((t ^ 1) * s + (t if (t + s) % 4 == 0 else -1) for s in range(5)) for t in range(32)]
    assert out.tolist() == expected


def test_sync_warp_orders_shared_memory(run: Run) -> None:
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            s = gpu.shared_array(64, i32)
            t = gpu.thread_idx.x
            s[t] = t * t
            gpu.sync_warp()
            value = s[t ^ 31]
            gpu.sync_warp(0xFFFFFFFF)
            s[t] = value
            gpu.sync_warp(mask=0xFFFFFFFF)
            out[t] = s[t ^ 1]
        """,
        out,
        block=64,
    )
    assert out.tolist() == [((t ^ 1) ^ 31) ** 2 for t in range(64)]


def test_active_mask_names_the_lane_itself(run: Run) -> None:
    """Which others run along is the hardware's choice."""
    out = np.zeros(64, np.uint32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[u32]) -> None:
            if gpu.thread_idx.x % 2 == 0:
                out[gpu.thread_idx.x] = gpu.active_mask()
        """,
        out,
        block=64,
    )
    for t in range(64):
        assert (int(out[t]) >> t % 32 & 1) == (t % 2 == 0)
        assert not int(out[t]) & 0xAAAAAAAA


@pytest.mark.parametrize("limit", [0, 1, 50, 100])
def test_counting_barriers(run: Run, limit: int) -> None:
    out = np.zeros((3, 200), np.int32)
    run(
        """
        @gpu.kernel
        def k(limit: i32, out: MutSlice2D[i32]) -> None:
            t = gpu.thread_idx.x
            i = gpu.block_idx.x * gpu.block_dim.x + t
            s = gpu.shared_array(100, i32)
            s[t] = t
            out[0, i] = gpu.sync_threads_count(s[t] < limit) + s[99 - t] - (99 - t)
            out[1, i] = 1 if gpu.sync_threads_and(t < limit) else 0
            out[2, i] = 1 if gpu.sync_threads_or(i < limit) else 0
        """,
        *(limit, out),
        grid=2,
        block=100,
    )
    assert out[0].tolist() == [limit] * 200
    assert out[1].tolist() == [int(limit == 100)] * 200
    assert out[2].tolist() == [int(limit > 0)] * 100 + [0] * 100


def test_clocks_run_forward(run: Run) -> None:
    out = np.zeros(4, np.int64)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i64]) -> None:
            cycles = gpu.clock64()
            time = gpu.global_timer()
            for pause in range(20):
                gpu.nanosleep(100_000)
            out[0] = gpu.clock64() - cycles
            out[1] = gpu.global_timer() - time
            out[2] = time
        """,
        out,
    )
    assert out[0] > 0
    assert out[1] >= 0
    assert out[2] > 0


def test_a_sum_by_shuffles_and_one_atomic_a_warp(run: Run) -> None:
    values = np.arange(1000, dtype=np.float32)
    total = np.zeros(1, np.float32)
    run(
        """
        @gpu.device
        def warp_sum(value: f32) -> f32:
            offset = 16
            while offset > 0:
                value += gpu.shuffle_down(value, offset)
                offset = offset // 2
            return value


        @gpu.kernel
        def k(values: Slice[f32], total: MutSlice[f32]) -> None:
            i = gpu.index_1d()
            mine = f32(0.0)
            if i < len(values):
                mine = values[i]
            summed = warp_sum(mine)
            if gpu.lane_id() == 0:
                gpu.atomic_add(total, 0, summed)
        """,
        *(values, total),
        grid=8,
        block=128,
    )
    assert total[0] == values.sum()


# what the simulator finds


def test_lanes_that_do_not_come(simulated: Run) -> None:
    with pytest.raises(KernelFault) as raised:
        simulated(
            """
            @gpu.kernel
            def k(everyone: u32, out: MutSlice[i32]) -> None:
                t = gpu.thread_idx.x
                if t >= 36 and t != 40:
                    out[t] = gpu.shuffle_xor(t, 1, mask=everyone)
                gpu.sync_threads()
            """,
            *(FULL, np.zeros(64, np.int32)),
            grid=2,
            block=64,
        )
    report = str(raised.value)
    assert "kernel.py:" in report
    assert "out[t] = gpu.shuffle_xor(t, 1, mask=everyone)" in report
    assert (
        "warp operation not reached by all lanes of its mask in block (0, 0, 0), warp 1: "
        "lanes 4-7, 9-31 wait here, lanes 0-3, 8 at line" in report
    )
    assert "mask=" in report


def test_a_lane_that_its_own_mask_leaves_out(simulated: Run) -> None:
    with pytest.raises(KernelFault, match=r"mask leaves it out, in block \(0, 0, 0\), thread \(8, 0, 0\)"):
        simulated(
            """
            @gpu.kernel
            def k(out: MutSlice[u32]) -> None:
                out[gpu.thread_idx.x] = gpu.ballot(True, mask=0xFF)
            """,
            np.zeros(32, np.uint32),
            block=32,
        )


def test_half_a_warp_at_the_barrier_of_the_block(simulated: Run) -> None:
    with pytest.raises(KernelFault, match="lanes 0-15 wait here, lanes 16-31 at line"):
        simulated(
            """
            @gpu.kernel
            def k(everyone: u32) -> None:
                for _ in range(1 if gpu.thread_idx.x < 16 else 0):
                    gpu.sync_warp(everyone)
                for _ in range(1 if gpu.thread_idx.x >= 16 else 0):
                    gpu.sync_threads()
            """,
            FULL,
            block=32,
        )


def test_a_counting_barrier_not_all_threads_reach(simulated: Run) -> None:
    with pytest.raises(KernelFault, match="barrier not reached by all threads of block"):
        simulated(
            """
            @gpu.kernel
            def k(out: MutSlice[i32]) -> None:
                for i in range(1 if gpu.thread_idx.x < 40 else 0):
                    out[i] = gpu.sync_threads_count(True)
            """,
            np.zeros(32, np.int32),
            block=64,
        )
