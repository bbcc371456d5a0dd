"""`gpu.Wide` views: i64 extents and indices, beyond 2**31 elements."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError, KernelFault, SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.runtime.arrays import View
from oxide_build.runtime.packing import plan
from oxide_build.signature import declared_type
from tests.frontend.conftest import Run, built_kernel, full_source

IMPORTS = "from oxide_build.gpu import MutSlice3D, Wide, i8\n"
BEYOND = 2**31 + 5


def test_own_index_length_and_shape(run: Run) -> None:
    x, y = np.arange(100, dtype=np.float32), np.zeros(90, np.float32)
    sizes = np.zeros(3, np.int64)
    run(
        IMPORTS
        + """
@gpu.kernel
def k(x: gpu.Wide[Slice[f32]], y: Wide[DisjointSlice[f32]], sizes: MutSlice[i64]) -> None:
    gpu.require(len(x) >= len(y))
    i = gpu.index_1d()
    if i < len(y):
        y[i] = x[i] + 1.0
    if i == 0:
        sizes[0] = len(x)
        sizes[1] = y.shape[0]
        sizes[2] = len(x) * len(x) * 1_000_000_000
""",
        *(x, y, sizes),
        grid=4,
        block=32,
    )
    np.testing.assert_array_equal(y, x[:90] + 1)
    assert sizes.tolist() == [100, 90, 10**13]


@pytest.mark.parametrize("unrolled", [False, True])
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
def test_grid_stride_over_a_wide_view(run: Run, n: int, unrolled: bool) -> None:
    x, y = np.arange(n, dtype=np.int32), np.zeros(n, np.int32)
    loop = "gpu.unroll(gpu.grid_stride(len(y)), 4)" if unrolled else "gpu.grid_stride(len(y))"
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(x: Wide[Slice[i32]], y: Wide[DisjointSlice[i32]]) -> None:
    for i in {loop}:
        y[i] = x[i] * 2
""",
        *(x, y),
        grid=2,
        block=32,
    )
    np.testing.assert_array_equal(y, x * 2)


@pytest.mark.parametrize("n", [1, 64, 1000])
def test_unrolled_grid_stride(run: Run, n: int) -> None:
    y = np.zeros(n, np.int32)
    run(
        """
        @gpu.kernel
        def k(y: DisjointSlice[i32]) -> None:
            for i in gpu.unroll(gpu.grid_stride(len(y)), 4):
                y[i] += i
        """,
        y,
        grid=2,
        block=32,
    )
    np.testing.assert_array_equal(y, np.arange(n))


def test_rows_functions_atomics_and_vectors(run: Run) -> None:
    a, sums = np.arange(2 * 3 * 4, dtype=np.int32).reshape(2, 3, 4), np.zeros(4, np.int32)
    run(
        IMPORTS
        + """
@gpu.device
def total(row: Wide[MutSlice[i32]]) -> i32:
    found = 0
    i = i64(0)
    while i < len(row):
        found += row[i]
        i += 1
    return found

@gpu.kernel
def k(a: Wide[MutSlice3D[i32]], sums: Wide[MutSlice[i32]]) -> None:
    plane = a[gpu.thread_idx.x]
    for r in range(3):
        gpu.atomic_add(sums, gpu.thread_idx.x, total(plane[r]))
    first, second = gpu.load_vector(a, (0, 0, 2), 2)
    gpu.atomic_add(sums, 0, first * second)
    sums.unchecked[2 + gpu.thread_idx.x] += 1
""",
        *(a, sums),
        block=2,
    )
    assert sums.tolist() == [a[0].sum() + 2 * 2 * 3, a[1].sum(), 1, 1]


LAST = (
    IMPORTS
    + """
@gpu.kernel
def k(x: Wide[MutSlice[i8]], y: MutSlice[i64]) -> None:
    last = len(x) - 1
    x[last] = x[last] + 7
    x[i64(2147483648)] = 3
    y[0] = last
"""
)


def test_beyond_two_to_the_31(simulated: Run) -> None:
    x, y = np.zeros(BEYOND, np.int8), np.zeros(1, np.int64)
    simulated(LAST, x, y)
    assert (x[-1], x[2**31], y[0]) == (7, 3, BEYOND - 1)
    with pytest.raises(KernelArgumentError, match=r"but of gpu\.Wide"):
        simulated(LAST.replace("Wide[MutSlice[i8]]", "MutSlice[i8]"), x, y)


@pytest.mark.gpu
def test_beyond_two_to_the_31_on_a_gpu(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    kernel = built_kernel(full_source(LAST), tmp_path / "gpu_kernels")
    x, y = torch.zeros(BEYOND, dtype=torch.int8, device="cuda"), torch.zeros(1, dtype=torch.int64, device="cuda")
    kernel[1, 1](x, y)
    assert (int(x[-1]), int(x[2**31]), int(y[0])) == (7, 3, BEYOND - 1)


@pytest.mark.parametrize("index", ["i64(4294967296)", "len(x)", "i64(gpu.thread_idx.x) - 1", "gpu.thread_idx.x - 1"])
def test_indices_are_checked_in_64_bits(simulated: Run, index: str) -> None:
    source = f"""
@gpu.kernel
def k(x: Wide[MutSlice[i8]]) -> None:
    x[{index}] = 1
"""
    with pytest.raises(KernelFault, match="is out of bounds for extent 8"):
        simulated(IMPORTS + source, np.zeros(8, np.int8))


def test_the_manifest_and_the_launch_know() -> None:
    module = to_ssa(SourceFile("kernel.py", full_source(LAST), "test.kernel"))
    (kernel,) = describe(module)
    wide, narrow = kernel.parameters
    assert (wide.wide, narrow.wide) == (True, False)
    assert declared_type(wide) == "Wide[MutSlice[i8]]"
    found: Any = plan(kernel)
    assert found.layout.format == "QqQi"
    views = {"x": View(1, (BEYOND,), "i8", None, False, 0, "torch"), "y": View(2, (3,), "i64", None, False, 0, "torch")}
    packed = found.pack(views, {})
    assert struct.unpack("QqQi", packed.memory.raw[:28]) == (1, BEYOND, 2, 3)
