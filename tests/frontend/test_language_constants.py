"""What the compiler works out itself is what a GPU would have computed: constants, compared and converted."""

from __future__ import annotations

import numpy as np

from tests.frontend.conftest import Run


def test_typed_constants_compare_as_their_types_hold_them(run: Run) -> None:
    """A literal keeps its digits until it meets a type; then it has those of the type."""
    flags = np.zeros(8, np.int32)
    run(
        """
        from oxide_build.gpu import f16
        TENTH = f32(0.1)

        @gpu.kernel
        def compare(flags: MutSlice[i32]) -> None:
            if f32(0.1) == f64(0.1):
                flags[0] = 1
            if f32(16777217.0) == f32(16777216.0):
                flags[1] = 1
            if TENTH == 0.1:
                flags[2] = 1
            while f16(0.1) != f64(0.1):
                flags[3] = 1
                break
            if i32(16777217) == f32(16777216.0):
                flags[4] = 1
            if 16777217 == f32(16777216.0):
                flags[5] = 1
            if TENTH > f64(0.1):
                flags[6] = 1
            if f32(1e-50) == 0.0:
                flags[7] = 1
        """,
        flags,
    )
    assert flags.tolist() == [0, 1, 1, 1, 1, 1, 1, 1]


def test_typed_constants_convert_as_their_types_hold_them(run: Run) -> None:
    """A constant of a narrow float type has lost its digits for good."""
    found = np.zeros(4, np.float64)
    run(
        """
        from oxide_build.gpu import bf16, f16
        TENTH = f32(0.1)
        TABLE = gpu.table((TENTH,), f64)

        @gpu.kernel
        def convert(out: MutSlice[f64]) -> None:
            out[0] = f64(TENTH)
            out[1] = f64(f16(0.1))
            out[2] = f64(bf16(0.1))
            out[3] = TABLE[0]
        """,
        found,
    )
    assert found.tolist() == [float(np.float32(0.1)), float(np.float16(0.1)), 0.10009765625, float(np.float32(0.1))]


def test_a_literal_beside_a_typed_constant_takes_its_type(run: Run) -> None:
    """Both sides of a conditional expression agree, whichever of them the compiler knows."""
    found = np.zeros(3, np.uint16)
    run(
        """
        from oxide_build.gpu import u16
        SEVEN = u16(7)

        @gpu.kernel
        def choose(n: i32, out: MutSlice[u16]) -> None:
            out[0] = u16(7) if n > 0 else 5
            out[1] = 5 if n > 0 else SEVEN
            out[2] = u16(gpu.index_1d() if n < 0 else 9)
        """,
        3,
        found,
    )
    assert found.tolist() == [7, 5, 9]
