"""Views of every rank, their rows, and the arrays a kernel makes: in the simulator, and on a GPU where there is one."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path

import numpy as np
import pytest

from oxide_build import gpu
from oxide_build.errors import CompileErrors, KernelArgumentError, KernelFault, LaunchError
from tests.frontend.conftest import Run, built_kernel, full_source

TYPES = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64")
VECTOR_TYPES = [(t, w) for t in ("f32", "i32", "u32", "f64", "i64", "u64") for w in (2, 4) if int(t[1:]) * w <= 128]
IMPORTS = """
from oxide_build.gpu import (
    DisjointSlice3D, IndexPlane, IndexRow3D, IndexCol3D, MutSlice3D, MutSlice4D, Slice3D, Slice4D, i8, i16, u8, u16,
)
"""


def kernel(text: str) -> str:
    """Imports of this file's own before a test's source, which may be indented."""
    return IMPORTS + textwrap.dedent(text)


def dtype_of(name: str) -> np.dtype:
    """NumPy's type of one of ours, which counts bits."""
    return np.dtype(f"{name[0]}{int(name[1:]) // 8}")


def numbers(shape: tuple[int, ...], name: str = "f32") -> np.ndarray:
    """Different numbers at every place, exact in every type."""
    return (np.arange(np.prod(shape)) % 101).reshape(shape).astype(dtype_of(name))


# ranks


@pytest.mark.parametrize("name", TYPES)
def test_ranks_three_and_four_of_every_type(run: Run, name: str) -> None:
    a, b = numbers((2, 3, 4), name), numbers((2, 3, 4, 5), name)
    out = np.zeros((5, 4, 3, 2), dtype_of(name))
    run(
        kernel(f"""
        @gpu.kernel
        def k(a: Slice3D[{name}], b: Slice4D[{name}], out: MutSlice4D[{name}]) -> None:
            planes, rows, cols = a.shape
            for i in range(planes):
                for j in range(rows):
                    for m in range(cols):
                        for n in range(b.shape[3]):
                            out[n, m, j, i] = a[i, j, m] + b[i, j, m, n]
        """),
        a,
        b,
        out,
    )
    assert (out == (a[..., None] + b).T).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (4, 2, 33), (0, 4, 4)])
def test_each_thread_its_own_element_of_three_dimensions(run: Run, shape: tuple[int, int, int]) -> None:
    x, y = numbers(shape), np.full(shape, 3, np.float32)
    run(
        kernel("""
        @gpu.device
        def put(y: DisjointSlice3D[f32], p: IndexPlane, r: IndexRow3D, c: IndexCol3D, value: f32) -> None:
            y[p, r, c] += value

        @gpu.kernel
        def k(x: Slice3D[f32], y: DisjointSlice3D[f32]) -> None:
            plane, row, col = gpu.index_3d()
            if plane < y.shape[0] and row < y.shape[1] and col < y.shape[2]:
                put(y, plane, row, col, 2 * x[plane, row, col])
        """),
        x,
        y,
        grid=(3, 2, 2),
        block=(16, 4, 2),
    )
    assert (y == 3 + 2 * x).all()


@pytest.mark.parametrize(("rank", "dimension"), [(rank, dimension) for rank in (3, 4) for dimension in range(rank)])
def test_every_dimension_is_checked(simulated: Run, rank: int, dimension: int) -> None:
    index = ", ".join("n" if d == dimension else "1" for d in range(rank))
    source = kernel(f"""
        @gpu.kernel
        def k(x: MutSlice{rank}D[f32], n: i32) -> None:
            x[{index}] = 5.0
        """)
    shape = (2, 3, 4, 5)[:rank]
    x = np.zeros(shape, np.float32)
    simulated(source, x, shape[dimension] - 1)
    assert x.sum() == 5
    for outside in (shape[dimension], -1):
        with pytest.raises(KernelFault, match=f"index {outside} is out of bounds for extent {shape[dimension]}"):
            simulated(source, x, outside)


def test_the_rank_of_an_argument_is_checked(simulated: Run) -> None:
    source = kernel("""
        @gpu.kernel
        def k(x: MutSlice3D[f32]) -> None:
            x[0, 0, 0] = 1.0
        """)
    with pytest.raises(KernelArgumentError, match=r"'x' is declared MutSlice3D\[f32\], got an array of rank 2"):
        simulated(source, np.zeros((2, 2), np.float32))


# rows


def test_rows_of_rows(run: Run) -> None:
    a, out = numbers((3, 4, 5)), np.zeros((3, 4), np.float32)
    run(
        kernel("""
        @gpu.device
        def total(row: Slice[f32]) -> f32:
            sum = f32(0)
            for k in range(len(row)):
                sum += row[k]
            return sum

        @gpu.kernel
        def k(a: Slice3D[f32], out: MutSlice2D[f32]) -> None:
            plane = a[gpu.block_idx.x]
            out[gpu.block_idx.x][gpu.thread_idx.x] = total(plane[gpu.thread_idx.x]) + a[0][1][2] + plane.shape[1]
        """),
        a,
        out,
        grid=3,
        block=4,
    )
    assert (out == a.sum(axis=2) + a[0, 1, 2] + 5).all()


def test_rows_are_written_through(run: Run) -> None:
    y = np.zeros((4, 3, 2), np.int32)
    run(
        kernel("""
        @gpu.device
        def fill(row: MutSlice[i32], value: i32) -> None:
            for k in range(len(row)):
                row[k] += value + k

        @gpu.kernel
        def k(y: MutSlice3D[i32]) -> None:
            for i in range(y.shape[0]):
                part = y[i]
                for j in range(len(part)):
                    fill(part[j], 10 * i + j)
                    gpu.atomic_add(part[j], 0, 100)
        """),
        y,
    )
    i, j, n = np.indices(y.shape)
    assert (y == 10 * i + j + n + 100 * (n == 0)).all()


def test_a_name_takes_another_row_in_branches_and_loops(run: Run) -> None:
    a, out = numbers((4, 8), "i32"), np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(a: Slice2D[i32], out: MutSlice[i32]) -> None:
            i = gpu.thread_idx.x
            if i % 2 == 0:
                row = a[0]
            else:
                row = a[3]
            if i % 3 == 0:
                row = a[i % 4]
            out[i] = row[i % 8] + len(row)
            while i > 60:
                row = a[1]
                i -= 1
            out[gpu.thread_idx.x] += row[0]
        """,
        a,
        out,
        block=64,
    )
    for i in range(64):
        first = i % 4 if i % 3 == 0 else (0 if i % 2 == 0 else 3)
        second = 1 if i > 60 else first
        assert out[i] == a[first, i % 8] + 8 + a[second, 0]


def test_rows_of_shared_memory(run: Run) -> None:
    out = np.zeros((3, 32), np.float32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice2D[f32]) -> None:
            tile = gpu.shared_array((2, 3, 32), f32)
            t = gpu.thread_idx.x
            for j in range(3):
                row = tile[1][j]
                row[t] = f32(gpu.block_idx.x * 1000 + j * 100 + t)
            gpu.sync_threads()
            out[gpu.block_idx.x, t] = tile[1, 2, 31 - t] + tile[1][0][t]
        """,
        out,
        grid=3,
        block=32,
    )
    block, t = np.indices(out.shape)
    assert (out == 2000 * block + 200 + (31 - t) + t).all()


def test_a_row_outside_is_found_where_it_is_taken(simulated: Run) -> None:
    source = """
        @gpu.kernel
        def k(a: Slice2D[f32], i: i32, y: MutSlice[f32]) -> None:
            row = a[i]
            y[0] = row[2]
        """
    y = np.zeros(1, np.float32)
    simulated(source, numbers((2, 3)), 1, y)
    assert y[0] == 5
    with pytest.raises(KernelFault, match="row = a\\[i\\]"):
        simulated(source, numbers((2, 3)), 2, y)
    with pytest.raises(KernelFault, match="index 2 is out of bounds for extent 2"):
        simulated(source, numbers((4, 2)), 1, y)


# local arrays


@pytest.mark.parametrize("name", TYPES)
def test_each_thread_has_its_local_array(run: Run, name: str) -> None:
    out = np.zeros((3 * 32, 4), dtype_of(name))
    run(
        kernel(f"""
        @gpu.device
        def fill(part: MutSlice[{name}], start: {name}) -> None:
            for k in range(len(part)):
                part[k] = start + {name}(k)

        @gpu.kernel
        def k(n: i32, out: MutSlice2D[{name}]) -> None:
            i = gpu.index_1d()
            mine = gpu.local_array((2, 4), {name})
            fill(mine[0], {name}(i % 100))
            fill(mine[1], {name}(50))
            for k in range(4):
                out[i, k] = mine[n][(k + i) % 4]
        """),
        0,
        out,
        grid=3,
        block=32,
    )
    i, n = np.indices(out.shape)
    assert (out == i % 100 + (n + i) % 4).all()


def test_a_local_array_sorts(run: Run) -> None:
    x = np.random.default_rng(0).integers(-100, 100, (64, 9)).astype(np.int32)
    y = np.zeros_like(x)
    run(
        """
        @gpu.kernel
        def k(x: Slice2D[i32], y: MutSlice2D[i32]) -> None:
            i = gpu.index_1d()
            a = gpu.local_array(9, i32)
            for j in range(9):
                a[j] = x[i, j]
                p = j
                while p > 0 and a[p - 1] > a[p]:
                    a[p - 1], a[p] = a[p], a[p - 1]
                    p -= 1
            for j in range(9):
                y[i, j] = a[j]
        """,
        x,
        y,
        grid=2,
        block=32,
    )
    assert (y == np.sort(x, axis=1)).all()


def test_local_memory_starts_as_garbage_and_is_checked(simulated: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OXIDE_SIM_CHECKS", "0")
    source = """
        @gpu.kernel
        def k(n: i32, y: MutSlice[f32]) -> None:
            a = gpu.local_array(4, f32)
            y[0] = a[n]
        """
    y = np.zeros(1, np.float32)
    simulated(source, 3, y)
    assert np.isnan(y[0])
    with pytest.raises(KernelFault, match="index 4 is out of bounds for extent 4"):
        simulated(source, 4, y)


# dynamic shared memory


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("size", [0, 7, 64, 1000])
def test_dynamic_shared_memory_is_as_long_as_the_launch_says(run: Run, name: str, size: int) -> None:
    out = np.zeros(2, np.int32)
    run(
        kernel(f"""
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            buffer = gpu.dynamic_shared_array({name})
            if gpu.thread_idx.x == 0:
                out[gpu.block_idx.x] = len(buffer)
        """),
        out,
        grid=2,
        block=32,
        shared_memory=size,
    )
    assert (out == size // dtype_of(name).itemsize).all()


def test_dynamic_shared_memory_is_shared_and_each_block_has_its_own(run: Run) -> None:
    out = np.zeros((3, 64), np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice2D[i32]) -> None:
            fixed = gpu.shared_array(8, i32)
            buffer = gpu.dynamic_shared_array(i32)
            t = gpu.thread_idx.x
            if t < 8:
                fixed[t] = -1
            buffer[t] = 1000 * gpu.block_idx.x + t
            gpu.sync_threads()
            out[gpu.block_idx.x, t] = buffer[len(buffer) - 1 - t] + fixed[t % 8]
        """,
        out,
        grid=3,
        block=64,
        shared_memory=256,
    )
    block, t = np.indices(out.shape)
    assert (out == 1000 * block + 63 - t - 1).all()


def test_dynamic_shared_arrays_are_the_same_bytes(run: Run) -> None:
    out = np.zeros(4, np.uint32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[u32]) -> None:
            floats = gpu.dynamic_shared_array(f32)
            bits = gpu.dynamic_shared_array(u32)
            floats[gpu.thread_idx.x] = f32(gpu.thread_idx.x)
            gpu.sync_threads()
            out[gpu.thread_idx.x] = bits[gpu.thread_idx.x]
        """,
        out,
        block=4,
        shared_memory=16,
    )
    assert (out == np.arange(4, dtype=np.float32).view(np.uint32)).all()


def test_dynamic_shared_memory_is_checked(simulated: Run) -> None:
    source = """
        @gpu.kernel
        def k(y: MutSlice[f32]) -> None:
            buffer = gpu.dynamic_shared_array(f32)
            buffer[gpu.thread_idx.x] = 1.0
        """
    with pytest.raises(KernelFault, match="index 5 is out of bounds for extent 5"):
        simulated(source, np.zeros(1, np.float32), block=8, shared_memory=23)
    with pytest.raises(LaunchError, match="shared_memory is -1"):
        simulated(source, np.zeros(1, np.float32), block=8, shared_memory=-1)


# tables


@pytest.mark.parametrize(
    ("values", "type", "expected"),
    [
        ("(3, -1, 2**31 - 1)", "i32", [3, -1, 2**31 - 1]),
        ("(3, -1, 2**31)", "i64", [3, -1, 2**31]),
        ("(3, 0.1, -math.inf)", "f32", [3, 0.1, -math.inf]),
        ("(True, False, True)", "bool", [True, False, True]),
        ("(u8(255), 0, 7)", "u8", [255, 0, 7]),
        ("(f64(0.1), 2, math.pi)", "f64", [0.1, 2, math.pi]),
        ("gpu.table((2**64 - 1, 0, 2**63), u64)", "u64", [2**64 - 1, 0, 2**63]),
        ("gpu.table((0.1, 1e300, -0.0), f64)", "f64", [0.1, 1e300, -0.0]),
        *((f"gpu.table((1, 0, 100), {name})", name, [1, 0, 100]) for name in TYPES),
    ],
)
def test_a_table_has_one_type(run: Run, values: str, type: str, expected: list[float]) -> None:
    dtype = np.dtype(bool) if type == "bool" else dtype_of(type)
    out = np.zeros(4, dtype)
    run(
        kernel(f"""
        TABLE = {values}

        @gpu.kernel
        def k(out: MutSlice[{type}]) -> None:
            i = gpu.thread_idx.x
            out[i] = TABLE[i]
            if i == 0:
                out[len(TABLE)] = TABLE[1]
        """),
        out,
        block=3,
    )
    assert out.tobytes() == np.array([*expected, expected[1]], dtype).tobytes()


def test_a_table_is_a_tuple_on_the_host() -> None:
    assert gpu.table((1, 2.5), gpu.f64) == (1.0, 2.5)
    assert gpu.table(((1, 2), (3, 4)), gpu.u8) == ((1, 2), (3, 4))
    with pytest.raises(OverflowError, match="u8 holds 0 to 255, got 256"):
        gpu.table((1, 256), gpu.u8)


def test_a_table_of_rows(run: Run) -> None:
    out = np.zeros((3, 2), np.float64)
    run(
        """
        T = gpu.table(((0.1, 0.2), (0.3, 0.4), (5, 6)), f64)
        PLAIN = ((1, 2), (3, 4), (5, 6))

        @gpu.device
        def first(row: Slice[f64]) -> f64:
            return row[0]

        @gpu.device
        def corner(t: Slice2D[f64]) -> f64:
            return t[2, 1]

        @gpu.kernel
        def k(out: MutSlice2D[f64]) -> None:
            i = gpu.thread_idx.x
            for j in range(2):
                out[i, j] = T[i][j] + PLAIN[i, j] + first(T[1]) + corner(T)
        """,
        out,
        block=3,
    )
    expected = np.array([[0.1, 0.2], [0.3, 0.4], [5, 6]]) + [[1, 2], [3, 4], [5, 6]] + 0.3 + 6.0
    assert np.allclose(out, expected, rtol=1e-15)


def test_a_table_is_checked(simulated: Run) -> None:
    source = """
        TABLE = (1, 2, 3)

        @gpu.kernel
        def k(i: i32, y: MutSlice[i32]) -> None:
            y[0] = TABLE[i]
        """
    for outside in (3, -1):
        with pytest.raises(KernelFault, match=f"index {outside} is out of bounds for extent 3"):
            simulated(source, outside, np.zeros(1, np.int32))


# unchecked access


def test_unchecked_access_reads_and_writes(run: Run) -> None:
    x, y = numbers((32,)), np.zeros((32, 2), np.float32)
    run(
        """
        @gpu.kernel
        def k(x: Slice[f32], y: MutSlice2D[f32]) -> None:
            i = gpu.thread_idx.x
            y.unchecked[i, 0] = x.unchecked[i]
            y.unchecked[i][1] += 2 * x.unchecked[31 - i]
        """,
        x,
        y,
        block=32,
    )
    assert (y == np.stack([x, 2 * x[::-1]], axis=1)).all()


def test_the_simulator_checks_unchecked_access(simulated: Run) -> None:
    source = """
        @gpu.kernel
        def k(x: MutSlice[f32]) -> None:
            x.unchecked[gpu.thread_idx.x] = 1.0
        """
    with pytest.raises(KernelFault, match="index 4 is out of bounds for extent 4"):
        simulated(source, np.zeros(4, np.float32), block=8)


# vectors


@pytest.mark.parametrize(("name", "width"), VECTOR_TYPES)
def test_vectors_of_every_type(run: Run, name: str, width: int) -> None:
    x, y = numbers((64 * width,), name), np.zeros(64 * width, dtype_of(name))
    parts = ["a", "b", "c", "d"][:width]
    run(
        f"""
        @gpu.kernel
        def k(x: Slice[{name}], y: MutSlice[{name}]) -> None:
            i = {width} * gpu.index_1d()
            {", ".join(parts)} = gpu.load_vector(x, i, {width})
            gpu.store_vector(y, i, ({", ".join(f"{part} + 1" for part in reversed(parts))}))
        """,
        x,
        y,
        grid=2,
        block=32,
    )
    assert (y.reshape(-1, width) == x.reshape(-1, width)[:, ::-1] + 1).all()


def test_vectors_of_rows_and_arrays_of_the_kernel(run: Run) -> None:
    x, y = numbers((32, 8)), np.zeros((32, 4), np.float32)
    run(
        """
        @gpu.device
        def copy(row: Slice[f32], to: MutSlice[f32]) -> None:
            gpu.store_vector(to, 0, gpu.load_vector(row, 4, 4))

        @gpu.kernel
        def k(x: Slice2D[f32], y: MutSlice2D[f32]) -> None:
            i = gpu.thread_idx.x
            tile = gpu.shared_array((32, 4), f32)
            mine = gpu.local_array(4, f32)
            copy(x[i], tile[i])
            gpu.sync_threads()
            copy_of = tile[31 - i]
            a, b, c, d = gpu.load_vector(copy_of, 0, 4)
            gpu.store_vector(mine, 0, (a, b, c, d))
            gpu.store_vector(y, (i, 0), gpu.load_vector(mine, 0, 4))
        """,
        x,
        y,
        block=32,
    )
    assert (y == x[::-1, 4:]).all()


VECTOR = """
@gpu.device
def two(x: Slice[f32], i: i32) -> f32:
    a, b = gpu.load_vector(x, i, 2)
    return a + b

@gpu.kernel
def k(x: Slice[f32], i: i32, y: MutSlice[f32]) -> None:
    y[0] = two(x, i)
"""


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (1, "vector access is not aligned"),
        (10, "index 10 is out of bounds for extent 10"),
        (9, "index 10 is out of bounds for extent 10"),
        (-2, "index -2 is out of bounds for extent 10"),
        (2**31 - 1, "is out of bounds for extent 10"),
    ],
)
def test_vectors_are_checked(simulated: Run, index: int, message: str) -> None:
    with pytest.raises(KernelFault, match=message):
        simulated(VECTOR, numbers((10,)), index, np.zeros(1, np.float32))


def test_a_vector_through_a_device_function(run: Run) -> None:
    y = np.zeros(1, np.float32)
    run(VECTOR, numbers((10,)), 8, y)
    assert y[0] == 17


def test_an_unaligned_base_is_refused(simulated: Run) -> None:
    whole = numbers((11,))
    with pytest.raises(KernelArgumentError, match="no multiple of 8, as vector accesses need it"):
        simulated(VECTOR, whole[1:], 8, np.zeros(1, np.float32))
    simulated(VECTOR, whole[2:], 6, np.zeros(1, np.float32))


@pytest.mark.gpu
def test_an_unaligned_base_is_refused_at_launch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    k = built_kernel(full_source(VECTOR), tmp_path)
    x, y = torch.arange(11, dtype=torch.float32, device="cuda"), torch.zeros(1, device="cuda")
    with pytest.raises(KernelArgumentError, match="a multiple of 8"):
        k[1, 1](x[1:], 8, y)
    k[1, 1](x[2:], 6, y)
    assert y.item() == 17


def test_an_odd_row_is_not_aligned(simulated: Run) -> None:
    source = """
        @gpu.kernel
        def k(x: Slice2D[f32], i: i32, y: MutSlice[f32]) -> None:
            row = x[i]
            a, b = gpu.load_vector(row, 0, 2)
            y[0] = a + b
        """
    y = np.zeros(1, np.float32)
    simulated(source, numbers((3, 5)), 2, y)
    assert y[0] == 21
    with pytest.raises(KernelFault, match="vector access is not aligned"):
        simulated(source, numbers((3, 5)), 1, y)


def test_a_row_may_have_no_value(simulated: Run) -> None:
    with pytest.raises(CompileErrors, match="`row` may have no value here"):
        simulated(
            """
            @gpu.kernel
            def k(a: Slice2D[f32], i: i32, y: MutSlice[f32]) -> None:
                if i > 0:
                    row = a[i]
                y[0] = row[0]
            """,
            numbers((2, 2)),
            1,
            np.zeros(1, np.float32),
        )
