"""Kernels that overlap with the one before them on their stream: who may, and that nothing is missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import LaunchError, SourceFile
from oxide_build.gpu import Kernel
from oxide_build.pipeline import describe, to_ssa
from tests.frontend.conftest import Run, built_kernel, full_source

CHAIN = """
@gpu.kernel
def step(source: Slice[i32], out: MutSlice[i32], spins: i32) -> None:
    i = gpu.block_idx.x * gpu.block_dim.x + gpu.thread_idx.x
    gpu.let_next_kernel_start()
    gpu.wait_for_previous_kernel()
    for _ in range(spins):
        gpu.nanosleep(100)
    if i < len(out):
        out[i] = source[(i + 1) % len(source)] + 1
"""
"""Moves all numbers by one place and adds 1, late, when the next kernel has long been let start."""

TOGETHER = """
@gpu.kernel
def step(source: MutSlice[i32], out: MutSlice[i32], spins: i32) -> None:
    i = gpu.block_idx.x * gpu.block_dim.x + gpu.thread_idx.x
    gpu.let_next_kernel_start()
    gpu.wait_for_previous_kernel()
    for _ in range(spins):
        gpu.nanosleep(100)
    if i < len(out):
        out[i] = source[(i + 1) % len(source)]
    gpu.sync_grid()
    if i < len(out):
        source[i] = out[i]
    gpu.sync_grid()
    if i < len(out):
        out[i] = source[i] + 1
"""
"""The same with barriers of the grid within."""


def waits(source: str) -> bool:
    """What the manifest says of the last kernel of a text."""
    return describe(to_ssa(SourceFile("kernel.py", full_source(source), "test.kernel")))[-1].waits_for_previous


@pytest.mark.parametrize(
    ("body", "always"),
    [
        ("gpu.wait_for_previous_kernel()", True),
        ("out[0] = n; gpu.wait_for_previous_kernel()", True),
        ("out[0] = n", False),
        ("gpu.let_next_kernel_start()", False),
        ("meet()", True),
        ("perhaps(n)", False),
        ("perhaps(n); meet()", True),
        ("if n > 0: gpu.wait_for_previous_kernel()", False),
        ("if n > 0: gpu.wait_for_previous_kernel()\n    else: meet()", True),
        ("if n > 0: return\n    gpu.wait_for_previous_kernel()", False),
        ("gpu.wait_for_previous_kernel()\n    if n > 0: return\n    out[0] = n", True),
        ("for _ in range(n): gpu.wait_for_previous_kernel()", False),
        ("for i in range(n): out[i] = i\n    gpu.wait_for_previous_kernel()", True),
        ("assert n > 0\n    gpu.wait_for_previous_kernel()", True),
    ],
)
def test_the_manifest_says_whether_every_thread_waits(body: str, always: bool) -> None:
    source = f"""
@gpu.device
def meet() -> None:
    gpu.wait_for_previous_kernel()

@gpu.device
def perhaps(n: i32) -> None:
    if n > 0:
        gpu.wait_for_previous_kernel()

@gpu.kernel
def k(out: MutSlice[i32], n: i32) -> None:
    {body}
"""
    assert waits(source) is always


def test_launched_alone_the_wait_changes_nothing(run: Run) -> None:
    source, out = np.arange(500, dtype=np.int32), np.zeros(500, np.int32)
    run(CHAIN, source, out, 0, grid=4, block=128)
    np.testing.assert_array_equal(out, np.roll(source, -1) + 1)


def test_threads_may_wait_by_different_ways(run: Run) -> None:
    """The wait is each thread's own: it needs no others, as a barrier does."""
    out = np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            t = gpu.thread_idx.x
            if t % 2 == 0:
                gpu.wait_for_previous_kernel()
                out[t] = t
            else:
                gpu.let_next_kernel_start()
                gpu.wait_for_previous_kernel()
                out[t] = -t
        """,
        out,
        block=64,
    )
    assert out.tolist() == [t if t % 2 == 0 else -t for t in range(64)]


# on a GPU

N, BLOCK, STEPS = 1 << 16, 256, 50


@pytest.fixture
def torch() -> Any:
    """PyTorch, with a GPU."""
    return pytest.importorskip("torch")


@pytest.fixture(params=["plain", "old image"])
def step(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    """The step built for the GPU at hand, and for one whose kernels never overlap."""
    target = None if request.param == "plain" else "sm_80"
    return built_kernel(full_source(CHAIN), tmp_path_factory.getbasetemp() / "gpu_kernels", target)


def run_chain(step: Kernel, pair: tuple[Any, Any], n: int = N, spins: int = 20, **attributes: Any) -> None:
    """An even number of steps, to and fro; what began in the first array is in it again."""
    for number in range(STEPS):
        source, out = pair if number % 2 == 0 else pair[::-1]
        step.launch(source, out, spins, grid=n // BLOCK, block=BLOCK, programmatic=True, **attributes)


def expected(torch: Any, start: Any, steps: int) -> Any:
    return torch.roll(start, -steps) + steps


@pytest.mark.gpu
@pytest.mark.parametrize("attributes", [{}, {"priority": -1}])
@pytest.mark.parametrize("n", [BLOCK * 8, N])
def test_a_chain_on_one_stream(step: Kernel, torch: Any, n: int, attributes: Any) -> None:
    """Each step reads what all blocks of the one before wrote, and overwrites what that one read."""
    start = torch.arange(n, dtype=torch.int32, device="cuda")
    for repetition in range(20):
        pair = start.clone(), torch.zeros_like(start)
        run_chain(step, pair, n, spins=repetition, **attributes)
        assert torch.equal(pair[0], expected(torch, start, STEPS))


@pytest.mark.gpu
def test_a_chain_behind_others_kernels(step: Kernel, torch: Any) -> None:
    """The kernel before may be anybody's, and the one after launched as ever."""
    start = torch.arange(N, dtype=torch.int32, device="cuda")
    pair = start.clone(), torch.zeros_like(start)
    for _ in range(200):
        pair[0].add_(1)
        step.launch(*pair, 0, grid=N // BLOCK, block=BLOCK, programmatic=True)
        step[N // BLOCK, BLOCK](pair[1], pair[0], 0)
    assert torch.equal(pair[0], expected(torch, start, 400) + 200)


@pytest.mark.gpu
def test_a_kept_launch_in_a_graph_of_torch(step: Kernel, torch: Any) -> None:
    start = torch.arange(N, dtype=torch.int32, device="cuda")
    pair = start.clone(), torch.zeros_like(start)
    launch = step.configure(N // BLOCK, BLOCK, programmatic=True, priority=-1)
    graph = torch.cuda.CUDAGraph()
    step.preload()
    with torch.cuda.graph(graph):
        for number in range(STEPS):
            launch(*(pair if number % 2 == 0 else pair[::-1]), 10)
    assert torch.equal(pair[0], start)
    for _ in range(10):
        graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(pair[0], expected(torch, start, 10 * STEPS))


@pytest.mark.gpu
def test_a_chain_in_a_graph_of_cupy(step: Kernel) -> None:
    cupy = pytest.importorskip("cupy")
    start = cupy.arange(N, dtype=cupy.int32)
    pair = start.copy(), cupy.zeros_like(start)
    step.preload()
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        stream.begin_capture()
        run_chain(step, pair)
        graph = stream.end_capture()
        for _ in range(10):
            graph.launch(stream)
    stream.synchronize()
    assert bool((pair[0] == cupy.roll(start, -10 * STEPS) + 10 * STEPS).all())


@pytest.mark.gpu
def test_a_chain_of_kernels_with_a_grid_barrier(torch: Any, tmp_path: Path) -> None:
    """Whose blocks must all run at once, also while those of the kernel before still do."""
    kernel = built_kernel(full_source(TOGETHER), tmp_path / "gpu_kernels")
    n = torch.cuda.get_device_properties(0).multi_processor_count * BLOCK
    start = torch.arange(n, dtype=torch.int32, device="cuda")
    pair = start.clone(), torch.zeros_like(start)
    run_chain(kernel, pair, n)
    assert torch.equal(pair[0], expected(torch, start, STEPS))


@pytest.mark.gpu
def test_the_next_kernel_starts_before_the_previous_one_ends(torch: Any, tmp_path: Path) -> None:
    """The first waits for a flag that the second sets before its wait: without overlap it gives up."""
    directory = tmp_path / "gpu_kernels"
    first = built_kernel(
        full_source("""
@gpu.kernel
def first(flag: MutSlice[i32], seen: MutSlice[i32]) -> None:
    gpu.let_next_kernel_start()
    start = gpu.global_timer()
    while gpu.atomic_load(flag, 0, order="acquire") == 0 and gpu.global_timer() - start < 2_000_000_000:
        gpu.nanosleep(1000)
    seen[0] = gpu.atomic_load(flag, 0)
"""),
        directory,
    )
    second = built_kernel(
        full_source("""
@gpu.kernel
def second(flag: MutSlice[i32], seen: Slice[i32], out: MutSlice[i32]) -> None:
    gpu.atomic_store(flag, 0, 1, order="release")
    gpu.wait_for_previous_kernel()
    out[0] = seen[0] + 1
"""),
        directory,
    )
    if torch.cuda.get_device_capability() < (9, 0):
        pytest.skip("kernels overlap from sm_90 on")
    for kernel in (first, second):
        kernel.preload()
    flag, seen, out = (torch.zeros(1, dtype=torch.int32, device="cuda") for _ in range(3))
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()
    first[1, 1, stream](flag, seen)
    second.launch(flag, seen, out, grid=1, block=1, stream=stream, programmatic=True)
    torch.cuda.synchronize()
    assert (seen.item(), out.item()) == (1, 2)


@pytest.mark.gpu
def test_a_kernel_that_does_not_wait_is_not_launched_so(torch: Any, tmp_path: Path) -> None:
    kernel = built_kernel(full_source(CHAIN.replace("gpu.wait_for_previous_kernel()", "pass")), tmp_path)
    pair = tuple(torch.zeros(8, dtype=torch.int32, device="cuda") for _ in range(2))
    with pytest.raises(LaunchError, match="step cannot be launched with programmatic=True: not all of its threads"):
        kernel.launch(*pair, 0, grid=1, block=8, programmatic=True)
