"""Launches with attributes on a GPU: priorities, and what stays as CUDA C++ has it with them and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oxide_build.errors import LaunchError
from oxide_build.runtime import device
from tests.frontend.conftest import built_kernel, full_source

pytestmark = pytest.mark.gpu

ATTRIBUTES: tuple[dict[str, Any], ...] = ({}, {"programmatic": True}, {"priority": 0})


@pytest.fixture
def torch() -> Any:
    """PyTorch, with a GPU."""
    return pytest.importorskip("torch")


def test_a_priority_goes_with_the_launch(torch: Any, tmp_path: Path) -> None:
    kernel = built_kernel(
        full_source("""
@gpu.kernel
def next_number(x: Slice[i32], out: DisjointSlice[i32]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(x):
        out[i] = x[i] + 1
"""),
        tmp_path,
    )
    x = torch.arange(10_000, dtype=torch.int32, device="cuda")
    _, last, first = device.driver().cuCtxGetStreamPriorityRange()
    for priority in range(first, last + 1):
        out = torch.zeros_like(x)
        kernel.launch(x, out, grid=40, block=256, priority=priority)
        assert torch.equal(out, x + 1)
    with pytest.raises(LaunchError, match=rf"priority is {first - 1}, and GPU 0 has {first} to {last}"):
        kernel.launch(x, out, grid=40, block=256, priority=first - 1)


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_a_grid_of_clusters_counts_blocks(attributes: Any, torch: Any, tmp_path: Path) -> None:
    """As in CUDA C++: the grid is what the kernel sees as its grid, a multiple of the cluster."""
    kernel = built_kernel(
        full_source("""
@gpu.kernel(cluster=(2, 2))
def places(out: MutSlice[i32]) -> None:
    gpu.wait_for_previous_kernel()
    block = gpu.block_idx.y * gpu.grid_dim.x + gpu.block_idx.x
    out[4 * block] = gpu.grid_dim.x
    out[4 * block + 1] = gpu.grid_dim.y
    out[4 * block + 2] = block
    out[4 * block + 3] = gpu.cluster_rank()
"""),
        tmp_path,
    )
    ranks = [x % 2 + 2 * (y % 2) for y in range(4) for x in range(6)]
    out = torch.zeros(6 * 4 * 4, dtype=torch.int32, device="cuda")
    kernel.launch(out, grid=(6, 4), block=1, **attributes)
    assert out.view(-1, 4).tolist() == [[6, 4, block, rank] for block, rank in enumerate(ranks)]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_much_dynamic_shared_memory(attributes: Any, torch: Any, tmp_path: Path) -> None:
    """Beyond 48 KiB, all of it written and read."""
    kernel = built_kernel(
        full_source("""
@gpu.kernel
def backwards(out: MutSlice[i32], n: i32) -> None:
    tile = gpu.dynamic_shared_array(i32)
    for i in range(gpu.thread_idx.x, n, gpu.block_dim.x):
        tile[i] = i
    gpu.wait_for_previous_kernel()
    gpu.sync_threads()
    for i in range(gpu.thread_idx.x, n, gpu.block_dim.x):
        out[i] = tile[n - 1 - i]
"""),
        tmp_path,
    )
    for size in (60_000, 90_000):
        out = torch.zeros(size // 4, dtype=torch.int32, device="cuda")
        kernel.launch(out, size // 4, grid=1, block=256, shared_memory=size, **attributes)
        assert out.tolist() == list(range(size // 4))[::-1]
