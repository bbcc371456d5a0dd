"""What a call must look like: geometry, binding, scalars, contracts."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxide_build import signature
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.manifest import Contract, Kernel, Parameter

SAXPY = Kernel(
    name="saxpy",
    symbol="saxpy",
    parameters=(
        Parameter("a", "scalar", "f32"),
        Parameter("x", "slice", "f32", 1),
        Parameter("y", "disjoint", "f32", 1),
    ),
    index_dims=1,
    contracts=(Contract("len(x) >= len(y)", 9, ("ge", ("extent", "x", 0), ("extent", "y", 0))),),
)
HEAT = Kernel("heat", "heat", (Parameter("u", "mut", "f64", 2),), index_dims=2, block=(16, 16, 1))
FREE = Kernel("free", "free", ())


def scalar(type_name: str) -> Parameter:
    return Parameter("n", "scalar", type_name)


def test_describe() -> None:
    assert signature.describe(SAXPY) == "saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])"
    assert signature.describe(HEAT) == "heat(u: MutSlice2D[f64])"


@pytest.mark.parametrize(
    ("dims", "expected"),
    [(7, (7, 1, 1)), ((7,), (7, 1, 1)), ((7, 8), (7, 8, 1)), ([7, 8, 9], (7, 8, 9)), (np.int64(3), (3, 1, 1))],
)
def test_normalize(dims: object, expected: tuple[int, int, int]) -> None:
    assert signature.normalize(dims, "grid") == expected


@pytest.mark.parametrize("dims", [(), (1, 2, 3, 4), 1.5, "8", None, (1, "2")])
def test_normalize_refuses_what_is_no_extent(dims: object) -> None:
    with pytest.raises(LaunchError, match="neither an integer nor a tuple of up to three"):
        signature.normalize(dims, "block")


@pytest.mark.parametrize("dims", [0, -1, (4, 0)])
def test_normalize_refuses_an_empty_grid(dims: object) -> None:
    with pytest.raises(LaunchError, match=r"at least 1\n  help: do not launch when there is no work"):
        signature.normalize(dims, "grid")


@pytest.mark.parametrize(
    ("kernel", "grid", "block", "message"),
    [
        (SAXPY, (4, 2, 1), (32, 1, 1), "uniqueness of the thread's own index"),
        (SAXPY, (4, 1, 1), (32, 2, 1), "uniqueness of the thread's own index"),
        (HEAT, (4, 4, 1), (8, 8, 1), "the kernel is written for \\(16, 16, 1\\)"),
        (HEAT, (4, 4, 2), (16, 16, 1), "more than 2 dimension"),
        (FREE, (1, 1, 1), (2048, 1, 1), "at most 1024 along x"),
        (FREE, (1, 1, 1), (1, 1, 65), "at most 64 along z"),
        (FREE, (1, 1, 1), (64, 32, 1), "2048 threads"),
        (FREE, (1, 65536, 1), (1, 1, 1), "at most 65535 along y"),
        (FREE, (2**31, 1, 1), (1, 1, 1), "at most 2147483647 along x"),
        (FREE, (2**24, 1, 1), (128, 1, 1), "2147483648 threads along x"),
    ],
)
def test_geometry_that_cannot_be(kernel: Kernel, grid: Any, block: Any, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        signature.check_geometry(kernel, grid, block)


@pytest.mark.parametrize(
    ("kernel", "grid", "block"),
    [
        (SAXPY, (2**24 - 1, 1, 1), (128, 1, 1)),
        (HEAT, (65535, 65535, 1), (16, 16, 1)),
        (FREE, (65535, 65535, 65535), (4, 4, 64)),
    ],
)
def test_geometry_at_its_limits(kernel: Kernel, grid: Any, block: Any) -> None:
    signature.check_geometry(kernel, grid, block)


@pytest.mark.parametrize(("args", "kwargs"), [((1, 2, 3), {}), ((1, 2), {"y": 3}), ((), {"y": 3, "x": 2, "a": 1})])
def test_bind_orders_arguments(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    assert signature.bind(SAXPY, args, kwargs) == (1, 2, 3)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1,), {}, "saxpy: missing 'x', 'y'"),
        ((1, 2, 3, 4), {}, "takes 3 arguments, got 4"),
        ((1, 2, 3), {"y": 4}, "'y' given twice"),
        ((1, 2), {"y": 3, "xx": 4}, "unknown 'xx' \\(did you mean 'x'\\?\\)"),
        ((1, 2), {"z9": 4}, "unknown 'z9'; missing 'y'"),
    ],
)
def test_bind_names_every_mistake(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(KernelArgumentError, match=message) as caught:
        signature.bind(SAXPY, args, kwargs)
    assert caught.value.help == "it is declared saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])"
    assert isinstance(caught.value, TypeError)


@given(st.sampled_from(sorted(signature.INTEGER_RANGES)), st.integers(-(2**65), 2**65))
def test_integers_pass_exactly_when_they_fit(type_name: str, value: int) -> None:
    lowest, highest = signature.INTEGER_RANGES[type_name]
    if lowest <= value <= highest:
        assert signature.convert_scalar(scalar(type_name), value) == value
    else:
        with pytest.raises(KernelArgumentError, match="which holds"):
            signature.convert_scalar(scalar(type_name), value)


@pytest.mark.parametrize("value", [1.5, 1.0, "1", None, True, np.bool_(True), np.float32(1), np.ones(1, int), 1j])
def test_what_is_no_integer(value: object) -> None:
    with pytest.raises(KernelArgumentError, match="argument 'n' is declared i32, got"):
        signature.convert_scalar(scalar("i32"), value)


@given(st.floats(width=64), st.sampled_from([("f16", np.float16), ("f32", np.float32), ("f64", np.float64)]))
def test_floats_are_rounded_as_numpy_rounds(value: float, type_pair: tuple[str, Any]) -> None:
    type_name, numpy_type = type_pair
    if math.isfinite(value) and abs(value) > float(np.finfo(numpy_type).max):
        with pytest.raises(KernelArgumentError, match="which holds at most"):
            signature.convert_scalar(scalar(type_name), value)
    else:
        result = signature.convert_scalar(scalar(type_name), value)
        np.testing.assert_equal(result, float(numpy_type(value)))


@given(st.floats(width=32, allow_nan=False, min_value=-(2.0**127), max_value=2.0**127))
def test_bf16_is_the_nearest_of_its_neighbours(value: float) -> None:
    result = float(signature.convert_scalar(scalar("bf16"), value))
    (bits,) = struct.unpack("<I", struct.pack("<f", result))
    assert bits & 0xFFFF == 0
    below = struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", value))[0] & 0xFFFF0000))[0]
    assert abs(result - value) <= abs(below - value)


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.float16(2), np.int8(2)])
def test_floats_take_every_real_number(value: object) -> None:
    assert signature.convert_scalar(scalar("f32"), value) == 2.0


@pytest.mark.parametrize("value", ["2", None, True, np.bool_(True), 2j, np.complex64(2), [2.0], np.ones(1), 10**400])
def test_what_is_no_float(value: object) -> None:
    with pytest.raises(KernelArgumentError, match="argument 'n' is declared f64, "):
        signature.convert_scalar(scalar("f64"), value)


def test_infinities_and_nans_pass() -> None:
    assert signature.convert_scalar(scalar("f32"), -math.inf) == -math.inf
    assert math.isnan(signature.convert_scalar(scalar("bf16"), math.nan))


def test_booleans() -> None:
    assert signature.convert_scalar(scalar("bool"), np.bool_(True)) is True
    with pytest.raises(KernelArgumentError, match="declared bool, got 1"):
        signature.convert_scalar(scalar("bool"), 1)


def test_contracts() -> None:
    signature.check_contracts(SAXPY, {"x": (4,), "y": (4,)}, {"a": 1.0})
    with pytest.raises(KernelArgumentError) as caught:
        signature.check_contracts(SAXPY, {"x": (3,), "y": (4,)}, {"a": 1.0})
    assert str(caught.value) == (
        "saxpy requires len(x) >= len(y), found len(x) = 3, len(y) = 4\n"
        "  help: this is the contract in line 9 of the kernel's source"
    )


def test_a_contract_that_divides_by_zero_does_not_hold() -> None:
    expression = ("eq", ("mod", ("extent", "u", 1), ("scalar", "n")), ("constant", 0))
    kernel = Kernel("k", "k", (), contracts=(Contract("u.shape[1] % n == 0", 3, expression),))
    signature.check_contracts(kernel, {"u": (1, 8)}, {"n": 4})
    with pytest.raises(KernelArgumentError, match=r"found u\.shape\[1\] = 8, n = 0"):
        signature.check_contracts(kernel, {"u": (1, 8)}, {"n": 0})
