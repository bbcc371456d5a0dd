"""Barriers of the grid, of clusters, and numbered ones within a block, against what must then be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelFault, LaunchError, SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate
from tests.frontend.conftest import Run, built_kernel, full_source

ROTATE = """
@gpu.device
def meet() -> None:
    gpu.sync_grid()

@gpu.kernel
def k(a: MutSlice[i32], b: MutSlice[i32], rounds: i32) -> None:
    i = gpu.index_1d()
    for r in range(rounds):
        if i < len(a):
            b[i] = a[(i + 1) % len(a)] + 1
        gpu.sync_grid()
        if i < len(a):
            a[i] = b[i]
        meet()
"""
"""Each round moves all numbers by one place, across all blocks."""


@pytest.mark.parametrize(("grid", "block"), [(1, 32), (3, 64), (5, 33), (64, 256)])
@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_grid_barrier(run: Run, grid: int, block: int, rounds: int) -> None:
    start = np.arange(grid * block - 3, dtype=np.int32) * 10
    a, b = start.copy(), np.zeros_like(start)
    run(ROTATE, a, b, rounds, grid=grid, block=block)
    np.testing.assert_array_equal(a, np.roll(start, -rounds) + rounds)


@pytest.mark.parametrize("grid", [(2, 3, 1), (2, 2, 2)])
def test_grid_barrier_in_every_dimension(run: Run, grid: tuple[int, int, int]) -> None:
    out = np.zeros(8, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            gpu.atomic_add(out, 0, 1)
            gpu.sync_grid()
            if gpu.thread_idx.x + gpu.thread_idx.y + gpu.thread_idx.z == 0:
                gpu.atomic_max(out, 1, out[0])
                gpu.atomic_add(out, 2, out[0])
        """,
        out,
        grid=grid,
        block=(4, 3, 2),
    )
    blocks = int(np.prod(grid))
    assert out[:3].tolist() == [blocks * 24, blocks * 24, blocks * blocks * 24]


def test_a_kernel_with_a_grid_barrier_is_launched_cooperatively() -> None:
    module = to_ssa(SourceFile("kernel.py", full_source(ROTATE), "test.kernel"))
    (kernel,) = describe(module)
    assert kernel.cooperative
    assert kernel.cluster is None


def test_grid_barrier_not_reached_by_all(simulated: Run) -> None:
    source = """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            if gpu.block_idx.x > 0:
                gpu.sync_grid()
            out[0] = 1
        """
    with pytest.raises(KernelFault, match=r"not reached by all threads of the grid: 64 of 96 .* 32 have returned"):
        simulated(source, np.zeros(1, np.int32), grid=3, block=32)


@pytest.mark.gpu
def test_grid_barrier_launched_again_and_again_on_two_streams(tmp_path: Path) -> None:
    """Several blocks a multiprocessor, launches that follow each other and that run side by side."""
    torch = pytest.importorskip("torch")
    kernel = built_kernel(full_source(ROTATE), tmp_path / "gpu_kernels")
    most = torch.cuda.get_device_properties(0).multi_processor_count
    n, rounds, launches = most * 128, 5, 20
    streams = [torch.cuda.Stream() for _ in range(2)]
    start = torch.arange(n, dtype=torch.int32, device="cuda")
    pairs = [(start.clone(), torch.zeros_like(start)) for _ in streams]
    torch.cuda.synchronize()
    for _ in range(launches):
        for stream, (a, b) in zip(streams, pairs, strict=True):
            kernel[most, 128, stream](a, b, rounds)
    whole = start.clone(), torch.zeros_like(start)
    kernel[2 * most, 64](*whole, 3)
    torch.cuda.synchronize()
    for a, _ in pairs:
        assert torch.equal(a, torch.roll(start, -rounds * launches) + rounds * launches)
    assert torch.equal(whole[0], torch.roll(start, -3) + 3)


@pytest.mark.gpu
def test_a_grid_that_does_not_fit_at_once_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    kernel = built_kernel(full_source(ROTATE), tmp_path / "gpu_kernels")
    a = torch.zeros(8, dtype=torch.int32, device="cuda")
    with pytest.raises(LaunchError, match=r"all 100000 must run at once, and GPU 0 runs at most \d+ of these"):
        kernel[100_000, 128](a, a.clone(), 1)
    kernel[4, 128](a, a.clone(), 1)
    assert a.cpu().tolist() == [1] * 8


PIPELINE = """
FULL, EMPTY = 1, 2

@gpu.kernel(block=128)
def k(x: Slice[i32], out: MutSlice[i32], {parameters}) -> None:
    tile = gpu.shared_array(64, i32)
    t = gpu.thread_idx.x
    rounds = len(x) // 64
    if t < 64:
        for r in range(rounds):
            if r > 0:
                gpu.barrier_sync({empty}, {count})
            tile[t] = x[64 * r + t] * 3
            gpu.barrier_arrive({full}, {count})
    else:
        for r in range(rounds):
            gpu.barrier_sync({full}, {count})
            out[64 * r + t - 64] = tile[127 - t]
            if r + 1 < rounds:
                gpu.barrier_arrive({empty}, {count})
"""
"""Two warps fill a tile that two others empty, over and over."""


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("rounds", [1, 2, 9])
def test_named_barriers(run: Run, rounds: int, constant: bool) -> None:
    x, out = np.arange(64 * rounds, dtype=np.int32), np.zeros(64 * rounds, np.int32)
    words = {"empty": "2", "full": "1", "count": "128"} if constant else {w: w for w in ("empty", "full", "count")}
    given: tuple[Any, ...] = () if constant else (15, 7, 128)
    parameters = "" if constant else "empty: i32, full: u32, count: i32"
    run(PIPELINE.format(**words, parameters=parameters), x, out, *given, block=128)
    np.testing.assert_array_equal(out.reshape(-1, 64), x.reshape(-1, 64)[:, ::-1] * 3)


def test_pairs_of_warps_at_barriers_of_their_own(run: Run) -> None:
    out = np.zeros(192, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            values = gpu.shared_array(96, i32)
            t = gpu.thread_idx.x
            pair = gpu.warp_id() // 2
            values[t] = 1000 * gpu.block_idx.x + t
            gpu.barrier_sync(1 + pair, 64 if pair == 0 else 32)
            first = 64 * pair
            size = 64 if pair == 0 else 32
            out[96 * gpu.block_idx.x + t] = values[first + (t - first + 33) % size]
            gpu.sync_threads()
        """,
        out,
        grid=2,
        block=96,
    )
    threads = np.arange(96)
    size, first = np.where(threads < 64, 64, 32), np.where(threads < 64, 0, 64)
    source = first + (threads - first + 33) % size
    np.testing.assert_array_equal(out, np.concatenate([source, 1000 + source]))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("gpu.barrier_sync(n, 64)", "a named barrier's number is 1 to 15"),
        ("gpu.barrier_sync(1, n)", "a named barrier waits for 32 to 1024 threads"),
        ("gpu.barrier_sync(1, n + 33)", "a named barrier waits for 32 to 1024 threads"),
        ("gpu.barrier_sync(1, 128)", "named barrier waits in vain: 64 threads are at it"),
        ("gpu.barrier_sync(1, 32)", "more threads come to a barrier than its count"),
        ("gpu.barrier_sync(1 + gpu.thread_idx.x % 2, 64)", "threads of one warp name different barriers"),
        ("gpu.barrier_sync(1, 64 + 32 * (gpu.thread_idx.x // 32))", "warps name different counts"),
        ("if gpu.thread_idx.x == 0:\n                gpu.barrier_sync(1, 64)", "named barrier waits in vain"),
    ],
)
def test_named_barriers_used_wrongly(simulated: Run, body: str, message: str) -> None:
    source = f"""
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            {body}
            out[0] = 1
        """
    with pytest.raises(KernelFault, match=message):
        simulated(source, 0, np.zeros(1, np.int32), block=64)


CLUSTER = """
@gpu.kernel(cluster={cluster})
def k(values: MutSlice[i32], ranks: MutSlice[i32], sums: MutSlice[i32], size: i32) -> None:
    number = (gpu.block_idx.z * gpu.grid_dim.y + gpu.block_idx.y) * gpu.grid_dim.x + gpu.block_idx.x
    rank = gpu.cluster_rank()
    base = number * gpu.block_dim.x
    values[base + gpu.thread_idx.x] = gpu.thread_idx.x * (rank + 1)
    gpu.sync_cluster()
    total = 0
    for t in range(gpu.block_dim.x):
        for z in range({z}):
            for y in range({y}):
                for x in range({x}):
                    bz = gpu.block_idx.z // {z} * {z} + z
                    by = gpu.block_idx.y // {y} * {y} + y
                    bx = gpu.block_idx.x // {x} * {x} + x
                    total += values[((bz * gpu.grid_dim.y + by) * gpu.grid_dim.x + bx) * gpu.block_dim.x + t]
    if gpu.thread_idx.x == 0:
        ranks[number] = rank
        sums[number] = total
"""


@pytest.mark.parametrize(
    ("cluster", "grid"),
    [((1, 1, 1), (3, 1, 1)), ((2, 1, 1), (6, 1, 1)), ((2, 2, 1), (4, 2, 1)), ((1, 2, 2), (3, 2, 4))],
)
def test_clusters(run: Run, cluster: tuple[int, int, int], grid: tuple[int, int, int]) -> None:
    blocks, size = int(np.prod(grid)), int(np.prod(cluster))
    values = np.zeros(blocks * 33, np.int32)
    ranks, sums = np.full(blocks, -1, np.int32), np.zeros(blocks, np.int32)
    x, y, z = cluster
    source = CLUSTER.format(cluster=cluster, x=x, y=y, z=z)
    run(source, values, ranks, sums, size, grid=grid, block=33)
    places = [(bx % x) + x * ((by % y) + y * (bz % z)) for bz, by, bx in np.ndindex(grid[::-1])]
    np.testing.assert_array_equal(ranks, places)
    np.testing.assert_array_equal(sums, [sum(range(33)) * sum(range(1, size + 1))] * blocks)


def test_many_clusters_in_several_chunks(simulated: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oxide_build.simulator.THREADS_AT_ONCE", 100)
    values, ranks, sums = np.zeros(12 * 32, np.int32), np.zeros(12, np.int32), np.zeros(12, np.int32)
    simulated(CLUSTER.format(cluster=4, x=4, y=1, z=1), values, ranks, sums, 4, grid=12, block=32)
    assert ranks.tolist() == [0, 1, 2, 3] * 3
    assert set(sums) == {sum(range(32)) * 10}


def test_a_grid_of_broken_clusters_is_refused() -> None:
    module = to_ssa(SourceFile("kernel.py", full_source(CLUSTER.format(cluster=4, x=4, y=1, z=1)), "test.kernel"))
    (kernel,) = describe(module)
    assert kernel.cluster == (4, 1, 1)
    with pytest.raises(LaunchError, match=r"not made of whole clusters of \(4, 1, 1\) blocks"):
        simulate(module, kernel, 6, 32, [np.zeros(1, np.int32)] * 3 + [4])
