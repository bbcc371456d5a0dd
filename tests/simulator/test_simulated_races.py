"""Races: each classic one is found, with both lines, and its correct counterpart passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from oxide_build.errors import KernelFault

Written: TypeAlias = Callable[..., None]

DOCS = Path(__file__).parents[2] / "docs"

MATMUL = """
@gpu.kernel(block=(8, 8))
def k(a: Slice2D[f32], b: Slice2D[f32], c: MutSlice2D[f32]) -> None:
    a_tile = gpu.shared_array((8, 8), f32)
    b_tile = gpu.shared_array((8, 8), f32)
    x, y = gpu.thread_idx.x, gpu.thread_idx.y
    row, col = gpu.block_idx.y * 8 + y, gpu.block_idx.x * 8 + x
    total = f32(0)
    for k in range(0, a.shape[1], 8):
        a_tile[y, x] = a[row, k + x]
        b_tile[y, x] = b[k + y, col]
        {filled}
        for j in range(8):
            total += a_tile[y, j] * b_tile[j, x]
        {used}
    c[row, col] = total
"""


def multiply(written: Written, filled: str, used: str) -> None:
    a, b = np.random.default_rng(1).random((2, 16, 16), np.float32)
    c = np.zeros((16, 16), np.float32)
    written(MATMUL.format(filled=filled, used=used), a, b, c, grid=(2, 2), block=(8, 8))
    np.testing.assert_allclose(c, a @ b, rtol=1e-5)


def test_tiled_matmul(written: Written) -> None:
    multiply(written, "gpu.sync_threads()", "gpu.sync_threads()")
    with pytest.raises(KernelFault, match=r"race on element \[0, 0\] of shared memory: .* reads .* writes .* line 17"):
        multiply(written, "pass", "gpu.sync_threads()")
    with pytest.raises(KernelFault, match=r"race on element .* of shared memory: .* writes it here, .* reads"):
        multiply(written, "gpu.sync_threads()", "pass")


REDUCTION = """
@gpu.kernel
def k(x: Slice[i32], out: MutSlice[i32]) -> None:
    part = gpu.shared_array(256, i32)
    t = gpu.thread_idx.x
    part[t] = x[gpu.block_idx.x * 256 + t]
    {before}
    half = 128
    while half > {last}:
        if t < half:
            part[t] += part[t + half]
        {between}
        half //= 2
    if t < {last}:
        warp_half = {last}
        while warp_half > 0:
            value = part[t + warp_half]
            {within}
            part[t] += value
            {within}
            warp_half //= 2
    if t == 0:
        out[gpu.block_idx.x] = part[0]
"""


def reduce(written: Written, last: int, before: str, between: str, within: str) -> None:
    x, out = np.random.default_rng(2).integers(0, 99, 512).astype(np.int32), np.zeros(2, np.int32)
    written(REDUCTION.format(last=last, before=before, between=between, within=within), x, out, grid=2, block=256)
    assert (out == x.reshape(2, 256).sum(axis=1)).all()


def test_reduction(written: Written) -> None:
    barrier, warp = "gpu.sync_threads()", "gpu.sync_warp()"
    reduce(written, 0, barrier, barrier, "pass")
    reduce(written, 32, barrier, barrier, warp)
    for before, between in (("pass", barrier), (barrier, "pass"), (barrier, warp)):
        with pytest.raises(KernelFault, match=r"race on element .* of shared memory"):
            reduce(written, 0, before, between, "pass")
    with pytest.raises(KernelFault, match=r"(?s)race on element .* of shared memory.*gpu\.sync_warp\(\)"):
        reduce(written, 32, barrier, barrier, "pass")


HISTOGRAM = """
@gpu.kernel
def k(x: Slice[i32], bins: MutSlice[i32]) -> None:
    counts = gpu.shared_array(16, i32)
    t = gpu.thread_idx.x
    if t < 16:
        counts[t] = 0
    {cleared}
    {count}
    gpu.sync_threads()
    if t < 16:
        {add}
"""
COUNT, ADD = "gpu.atomic_add(counts, x[gpu.block_idx.x * 64 + t], 1)", "gpu.atomic_add(bins, t, counts[t])"


@pytest.mark.parametrize(
    ("cleared", "count", "add", "report"),
    [
        ("gpu.sync_threads()", COUNT, ADD, None),
        ("pass", COUNT, ADD, "race on element .* of shared memory: .* atomically changes it here, .* writes"),
        (
            "gpu.sync_threads()",
            "counts[x[gpu.block_idx.x * 64 + t]] += 1",
            ADD,
            "race on element .* of shared memory: .* writes it here, .* reads it before, at line",
        ),
        (
            "gpu.sync_threads()",
            COUNT,
            "bins[t] += counts[t]",
            "(?s)race on element .* of global memory: .*gpu.atomic_add",
        ),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_histogram(written: Written, cleared: str, count: str, add: str, report: str | None) -> None:
    x, bins = np.random.default_rng(3).integers(0, 16, 256).astype(np.int32), np.zeros(16, np.int32)
    source = HISTOGRAM.format(cleared=cleared, count=count, add=add)
    if report is None:
        written(source, x, bins, grid=4, block=64)
        assert (bins == np.bincount(x, minlength=16)).all()
        return
    with pytest.raises(KernelFault, match=report):
        written(source, x, bins, grid=4, block=64)


NEIGHBOURS = """
@gpu.kernel
def k(x: Slice[f32], out: MutSlice[f32]) -> None:
    tile = gpu.shared_array({threads}, f32)
    t = gpu.thread_idx.x
    tile[t] = x[t]
    {between}
    out[t] = tile[(t + 1) % {threads}]
"""


@pytest.mark.parametrize(
    ("threads", "between", "races"),
    [
        (64, "gpu.sync_threads()", False),
        (64, "gpu.thread_fence()", True),
        (64, "pass", True),
        (64, "gpu.sync_warp()", True),
        (32, "gpu.sync_warp()", False),
        (16, "gpu.sync_warp(mask=0xFFFF)", False),
        (32, "gpu.any(t > 3)", False),
        (32, "if t < 16:\n        gpu.sync_warp(mask=0xFFFF)", True),
        (32, "if t < 31:\n        gpu.sync_warp(mask=0x7FFFFFFF)\n    gpu.sync_warp(mask=0xFFFFFFFF)", False),
    ],
)
def test_neighbours_exchange(written: Written, threads: int, between: str, races: bool) -> None:
    x, out = np.arange(threads, dtype=np.float32), np.zeros(threads, np.float32)
    source = NEIGHBOURS.format(threads=threads, between=between)
    if races:
        with pytest.raises(KernelFault, match=r"race on element .* of shared memory"):
            written(source, x, out, block=threads)
        return
    written(source, x, out, block=threads)
    assert (out == np.roll(x, -1)).all()


BLOCKS = """
@gpu.kernel
def k(data: MutSlice[i32], flag: MutSlice[i32], out: MutSlice[i32]) -> None:
    b = gpu.block_idx.x
    if b == 0 and gpu.thread_idx.x == 0:
        data[0] = 41
        {publish}
    if b == 1 and gpu.thread_idx.x == 0:
        {look}
        out[0] = data[0]
"""


@pytest.mark.parametrize(
    ("publish", "look", "races"),
    [
        ("pass", "pass", True),
        ("gpu.atomic_store(flag, 0, 1)", "gpu.atomic_load(flag, 0)", True),
        ('gpu.atomic_store(flag, 0, 1, order="release")', "gpu.atomic_load(flag, 0)", True),
        ('gpu.atomic_store(flag, 0, 1, order="release")', 'gpu.atomic_load(flag, 0, order="acquire")', False),
        ('gpu.atomic_add(flag, 0, 1, order="acq_rel")', 'gpu.atomic_cas(flag, 0, 1, 2, order="seq_cst")', False),
        (
            "gpu.thread_fence()\n        gpu.atomic_store(flag, 0, 1)",
            "gpu.atomic_load(flag, 0)\n        gpu.thread_fence()",
            False,
        ),
        ("gpu.thread_fence()", "pass", True),
    ],
)
@pytest.mark.usefixtures("chunks")
def test_messages_between_blocks(written: Written, publish: str, look: str, races: bool) -> None:
    data, flag, out = np.zeros((3, 1), np.int32)
    source = BLOCKS.format(publish=publish, look=look)
    if races:
        with pytest.raises(KernelFault, match=r"element 0 of global memory: block \(1, 0, 0\).* reads it here, block"):
            written(source, data, flag, out, grid=2, block=64)
        return
    written(source, data, flag, out, grid=2, block=64)
    assert out[0] == 41


LAST_BLOCK = """
@gpu.kernel
def k(x: Slice[i32], parts: MutSlice[i32], count: MutSlice[u32], out: MutSlice[i32]) -> None:
    last = gpu.shared_array(1, u32)
    total = gpu.reduce_add(x[gpu.block_idx.x * 32 + gpu.thread_idx.x])
    if gpu.thread_idx.x == 0:
        parts[gpu.block_idx.x] = total
        {fence}
        last[0] = gpu.atomic_add(count, 0, 1)
    gpu.sync_threads()
    if last[0] == u32(gpu.grid_dim.x - 1):
        {fence}
        if gpu.thread_idx.x == 0:
            total = 0
            for part in range(len(parts)):
                total += parts[part]
            out[0] = total
"""


@pytest.mark.usefixtures("chunks")
def test_the_last_block_adds_up(written: Written) -> None:
    x, parts, count, out = np.arange(256, dtype=np.int32), np.zeros(8, np.int32), np.zeros(1, np.uint32), np.zeros(1)
    out = out.astype(np.int32)
    written(LAST_BLOCK.format(fence="gpu.thread_fence()"), x, parts, count, out, grid=8, block=32)
    assert out[0] == x.sum()
    count[0] = 0
    with pytest.raises(KernelFault, match="race on element 0 of global memory"):
        written(LAST_BLOCK.format(fence="pass"), x, parts, count, out, grid=8, block=32)


def test_one_value_by_many_threads_passes(written: Written) -> None:
    source = """
    @gpu.kernel
    def k(x: Slice[i32], found: MutSlice[i32]) -> None:
        if x[gpu.thread_idx.x] > 3:
            found[0] = {value}
        if x[gpu.thread_idx.x] > 7:
            found[0] = 1
    """
    x, found = np.arange(64, dtype=np.int32), np.zeros(1, np.int32)
    written(source.format(value="1"), x, found, block=64)
    assert found[0] == 1
    with pytest.raises(KernelFault, match=r"too, at once, and nothing orders the two"):
        written(source.format(value="x[gpu.thread_idx.x]"), x, found, block=64)
    with pytest.raises(KernelFault, match=r"writes it here, .* writes it before, at line"):
        written(source.format(value="2"), x, found, block=64)


FIELDS = """
@gpu.struct
class Pair:
    left: i32
    right: f64

@gpu.kernel
def k(out: MutSlice[f64]) -> None:
    pairs = gpu.shared_array(32, Pair)
    t = gpu.thread_idx.x
    pairs[t].left = t
    pairs[(t + {away}) % 32].right = 0.5
    {first} = {second}
    {between}
    whole = pairs[(t + 2) % 32]
    out[t] = whole.right + f64(whole.left)
"""


@pytest.mark.parametrize(
    ("second", "between", "report"),
    [
        ("pairs[t].left", "gpu.sync_warp()", None),
        ("pairs[t].left", "pass", r"race on element 2 of shared memory"),
        ("i32(pairs[t].right)", "gpu.sync_warp()", r"race on element 0\.right of shared memory"),
    ],
)
def test_fields_are_places_of_their_own(written: Written, second: str, between: str, report: str | None) -> None:
    out = np.zeros(32)
    source = FIELDS.format(away=1, first="mine", second=second, between=between)
    if report is None:
        written(source, out, block=32)
        assert (out == (np.arange(32) + 2) % 32 + 0.5).all()
        return
    with pytest.raises(KernelFault, match=report):
        written(source, out, block=32)


def test_dynamic_shared_memory_of_two_types(written: Written) -> None:
    source = """
    @gpu.kernel
    def k(out: MutSlice[u32]) -> None:
        halves = gpu.dynamic_shared_array(u16)
        whole = gpu.dynamic_shared_array(u32)
        t = gpu.thread_idx.x
        halves[2 * t] = u16(t)
        halves[2 * t + 1] = u16(1)
        {between}
        out[t] = whole[31 - t]
    """
    source = source.replace("u16", "gpu.u16")
    out = np.zeros(32, np.uint32)
    written(source.format(between="gpu.sync_warp()"), out, block=32, shared_memory=128)
    assert (out == (np.arange(32)[::-1] | 1 << 16)).all()
    with pytest.raises(KernelFault, match="race on element 31 of shared memory"):
        written(source.format(between="pass"), out, block=32, shared_memory=128)


def test_vectors_are_watched_whole(written: Written) -> None:
    source = """
    @gpu.kernel
    def k(x: MutSlice[f32], out: MutSlice[f32]) -> None:
        t = gpu.thread_idx.x
        gpu.store_vector(x, 4 * t, (1.0, 2.0, 3.0, 4.0))
        out[t] = x[4 * t + {away}]
    """
    x, out = np.zeros(128, np.float32), np.zeros(31, np.float32)
    written(source.format(away=3), x, out, block=31)
    with pytest.raises(KernelFault, match=r"race on element 4 of global memory: .* thread \(0, 0, 0\) reads"):
        written(source.format(away=4), x, out, block=31)


def test_the_switch(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDE_SIM_CHECKS", "0")
    multiply(written, "pass", "pass")


def example(number: int) -> tuple[str, str]:
    """A kernel of the simulator's page and the report that it shows for it."""
    _, *pieces = (DOCS / "simulator.md").read_text(encoding="utf-8").split("```python\n")
    kernel, _, rest = pieces[number].partition("```\n")
    return kernel, rest.partition("```text\n")[2].partition("```\n")[0].rstrip("\n")


@pytest.mark.parametrize(("number", "grid", "block"), [(0, 1, 256), (1, 1, 64)])
def test_the_reports_in_the_documentation(simulate_file: Any, number: int, grid: int, block: int) -> None:
    kernel, report = example(number)
    x = np.arange(block, dtype=np.float32)
    with pytest.raises(KernelFault) as caught:
        simulate_file(report.partition(":")[0], kernel, grid, block, x, np.zeros_like(x))
    assert str(caught.value) == report
