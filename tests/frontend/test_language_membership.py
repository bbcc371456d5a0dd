"""`x in (a, b)`: in the simulator and on the GPU against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError
from tests.frontend.conftest import Run


@pytest.mark.parametrize("dtype", ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"])
def test_numbers_among_literals_constants_and_values(run: Run, dtype: str) -> None:
    x = np.array([0, 1, 2, 3, 5, 7, 100, 127]).astype(dtype.replace("i", "int").replace("u", "uint"))
    out = np.full((4, 8), -9, np.int32)
    run(
        f"""
        from oxide_build.gpu import i8, i16, u8, u16
        PRIMES = (2, 3, 5, 7)
        LARGEST = {dtype}(127)

        @gpu.kernel
        def k(x: Slice[{dtype}], y: {dtype}, out: MutSlice2D[i32]) -> None:
            i = gpu.thread_idx.x
            value = x[i]
            out[0, i] = i32(value in PRIMES)
            out[1, i] = i32(value not in (LARGEST, y, 0))
            out[2, i] = i32(value in () or value + 1 in (y,) and i in (1, 2))
            out[3, i] = 1 if not value in (1, 2) else 0
        """,
        x,
        3,
        out,
        block=8,
    )
    values = x.tolist()
    assert out[0].tolist() == [value in (2, 3, 5, 7) for value in values]
    assert out[1].tolist() == [value not in (127, 3, 0) for value in values]
    assert out[2].tolist() == [value + 1 == 3 and i in (1, 2) for i, value in enumerate(values)]
    assert out[3].tolist() == [value not in (1, 2) for value in values]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_floats_compare_as_with_equality(run: Run, dtype: str) -> None:
    x = np.array([0.0, -0.0, 0.1, np.nan, np.inf], dtype.replace("f", "float"))
    out = np.full(5, -9, np.int32)
    run(
        f"""
        @gpu.kernel
        def k(x: Slice[{dtype}], out: MutSlice[i32]) -> None:
            i = gpu.thread_idx.x
            out[i] = i32(x[i] in (0, 0.1, math.nan, math.inf))
        """,
        x,
        out,
        block=5,
    )
    assert out.tolist() == [1, 1, 1, 0, 1]


def test_constants_decide_at_compile_time(run: Run) -> None:
    out = np.zeros(4, np.int32)
    run(
        """
        ODD = (1, 3)

        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            for n in gpu.static_range(4):
                if n in ODD:
                    tile = gpu.shared_array(n, i32)
                    out[n] = len(tile)
                if n not in ODD:
                    out[n] = -n
        """,
        out,
    )
    assert out.tolist() == [0, 1, -2, 3]


def test_contracts_know_it(run: Run) -> None:
    source = """
        SIZES = (4, 8)

        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            gpu.require(len(out) in SIZES and n not in (0, len(out)))
            out[0] = n
        """
    for size, n in ((4, 1), (8, -1), (4, 8)):
        out = np.zeros(size, np.int32)
        run(source, n, out)
        assert out[0] == n
    for size, n in ((5, 1), (4, 0), (8, 8)):
        with pytest.raises(KernelArgumentError, match="len\\(out\\) in SIZES and n not in"):
            run(source, n, np.zeros(size, np.int32))
