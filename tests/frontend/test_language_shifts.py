"""Shift amounts whose signedness is not the number's: in the simulator, and on a GPU where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.frontend.conftest import Run

PAIRS = [(n, a) for n in ("i8", "i32", "i64", "u16", "u32", "u64") for a in ("i8", "i32", "i64", "u8", "u32", "u64")]
MIXED = [(number, amount) for number, amount in PAIRS if number[0] != amount[0]]
AMOUNTS = [0, 1, 7, 15, 31, 32, 33, 63, 64, 100, 2**31, 2**32 + 1, 2**63, -1, -33]


def dtype_of(name: str) -> np.dtype:
    """NumPy's type of one of ours, which counts bits."""
    return np.dtype(f"{name[0]}{int(name[1:]) // 8}")


@pytest.mark.parametrize(("number", "amount"), MIXED)
def test_amounts_of_the_other_signedness(run: Run, number: str, amount: str) -> None:
    """The result is of the wider type, as of two numbers; a negative amount is beyond the width."""
    wide, info = number[0] + max(number[1:], amount[1:], key=int), np.iinfo(dtype_of(amount))
    amounts = [a for a in AMOUNTS if info.min <= a <= info.max]
    values = [v for v in (1, 5, 100, -3, -128) if v >= np.iinfo(dtype_of(number)).min]
    x = np.array([v for v in values for _ in amounts], dtype_of(number))
    by = np.array(amounts * len(values), dtype_of(amount))
    left, right = np.zeros(len(x), dtype_of(wide)), np.zeros(len(x), dtype_of(wide))
    run(
        f"""
        from oxide_build.gpu import i8, u8, u16
        @gpu.kernel
        def k(
            x: Slice[{number}], by: Slice[{amount}], left: MutSlice[{wide}], right: MutSlice[{wide}]
        ) -> None:
            for i in range(len(x)):
                left[i] = x[i] << by[i]
                right[i] = x[i] >> by[i]
        """,
        x,
        by,
        left,
        right,
    )
    width = int(wide[1:])
    beyond = [a if a >= 0 else width for a in by.tolist()]
    exact = [(v << min(a, width)) % 2**width for v, a in zip(x.tolist(), beyond, strict=True)]
    assert [v % 2**width for v in left.tolist()] == exact
    assert right.tolist() == [v >> a for v, a in zip(x.tolist(), beyond, strict=True)]


def test_mask_of_the_lanes_below(run: Run) -> None:
    out = np.zeros(32, np.uint32)
    run(
        """
        @gpu.kernel
        def k(out: DisjointSlice[u32]) -> None:
            below = u32(1)
            below <<= gpu.lane_id()
            i = gpu.index_1d()
            out[i] = (below - 1) | (u32(1) << gpu.lane_id())
        """,
        out,
        block=32,
    )
    assert out.tolist() == [2 ** (lane + 1) - 1 for lane in range(32)]
