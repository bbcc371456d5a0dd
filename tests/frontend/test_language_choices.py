"""Arrays chosen by a condition, access without checks, tables at constant places."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.errors import KernelFault
from tests.frontend.conftest import Run


@pytest.mark.parametrize("flag", [False, True])
def test_a_condition_chooses_an_array_for_all_threads(run: Run, flag: bool) -> None:
    a, b, out = np.arange(8, dtype=np.int32), np.arange(100, 105, dtype=np.int32), np.zeros(5, np.int32)
    run(
        """
        @gpu.kernel
        def k(flag: bool, a: Slice[i32], b: Slice[i32], out: DisjointSlice[i32]) -> None:
            x = a if flag else b
            i = gpu.index_1d()
            if i < len(out):
                out[i] = x[len(x) - 1 - i] + len(a if not flag else b)
        """,
        *(flag, a, b, out),
        block=32,
    )
    chosen, other = (a, b) if flag else (b, a)
    assert out.tolist() == (chosen[::-1][:5] + len(other)).tolist()


def test_a_condition_chooses_an_array_for_each_thread(run: Run) -> None:
    a, b = np.arange(64, dtype=np.int32), np.zeros(64, np.int32)
    run(
        """
        @gpu.kernel
        def k(a: MutSlice[i32], b: MutSlice[i32]) -> None:
            odd = gpu.shared_array(64, i32)
            even = gpu.shared_array(64, i32)
            t = gpu.thread_idx.x
            mine = odd if t % 2 == 1 else even
            mine[t] = a[t] * 10
            gpu.sync_threads()
            (b if t < 32 else a)[t] = (even if t % 2 == 0 else odd)[t]
        """,
        *(a, b),
        block=64,
    )
    threads = np.arange(64)
    assert b.tolist() == np.where(threads < 32, threads * 10, 0).tolist()
    assert a.tolist() == np.where(threads < 32, threads, threads * 10).tolist()


UNCHECKED = """
    @gpu.kernel
    def k(x: MutSlice[i32], i: i32) -> None:
        gpu.atomic_add(x.unchecked, i, 5)
        a, b = gpu.load_vector(x.unchecked, i + 2, 2)
        gpu.store_vector(x.unchecked, i, (a + b, gpu.atomic_load(x.unchecked, i)))
"""


def test_atomics_and_vectors_without_checks(run: Run) -> None:
    x = np.arange(8, dtype=np.int32)
    run(UNCHECKED, x, 4)
    assert x.tolist() == [0, 1, 2, 3, 13, 9, 6, 7]


def test_the_simulator_still_looks(simulated: Run) -> None:
    with pytest.raises(KernelFault, match="index 8 is out of bounds"):
        simulated(UNCHECKED, np.zeros(8, np.int32), 8)


def test_a_table_has_one_type_wherever_it_is_indexed(run: Run) -> None:
    out, counts = np.zeros(6, np.float32), np.zeros(2, np.int64)
    run(
        """
        WEIGHTS = (1, 2.5, 4)
        ROWS = ((1, 2), (0.5, 8))
        BIG = gpu.table((3, 5), i64)

        @gpu.kernel
        def k(i: i32, out: MutSlice[f32], counts: MutSlice[i64]) -> None:
            out[0] = WEIGHTS[0] / WEIGHTS[2]
            out[1] = WEIGHTS[i] / WEIGHTS[i + 2]
            out[2] = ROWS[0][1] / ROWS[1][1]
            out[3] = ROWS[i][1] / ROWS[1][i + 1]
            row = ROWS[i]
            out[4] = row[1] / 4
            for j in gpu.static_range(3):
                out[5] += WEIGHTS[j]
            counts[0] = BIG[1] << 40
            counts[1] = BIG[i + 1] << 40
        """,
        *(0, out, counts),
    )
    assert out.tolist() == [0.25, 0.25, 0.25, 0.25, 0.5, 7.5]
    assert counts.tolist() == [5 << 40, 5 << 40]
