"""What a launch by plan is given: it takes the bytes, or refuses with the words, of the general way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxide_build import gpu
from oxide_build.manifest import Contract, Field, Kernel, Layout, Parameter
from oxide_build.runtime import native, packing, plan
from oxide_build.runtime.memory import described, view
from tests.runtime.lookalikes import BFLOAT16, BOOL, FLOAT32, FLOAT64, OTHER_GPU, UINT16, Mine, Tensor, ndarray
from tests.runtime.planned import SAXPY, VIEWS, Scene, X, Y


@pytest.mark.parametrize(
    "args",
    [
        (1.0, X, Y, 401),
        (1e39, X, Y, 1),
        (True, X, Y, 1),
        ("1", X, Y, 1),
        (1.0, X, Y, 1.0),
        (1.0, X, Y, True),
        (1.0, X, Y, 2**31),
        (10**400, X, Y, 1),
        (math.nan, X, Y, 1),
        (-math.inf, X, Y, 1),
        (np.float32(1.5), X, Y, np.int64(3)),
        (1.0, np.zeros(3, np.float32), Y, 1),
        (1.0, Tensor(0x1000, (4,), FLOAT64), Y, 1),
        (1.0, Tensor(0x1000, (4, 4)), Y, 1),
        (1.0, Tensor(0x1000, (4,), strides=(2,)), Y, 1),
        (1.0, Tensor(0x1002, (4,)), Y, 1),
        (1.0, Tensor(0, (4,)), Y, 1),
        (1.0, Tensor(0, (0,)), Y, 0),
        (1.0, Tensor(0x1000, (2**31,)), Y, 1),
        (1.0, Tensor(OTHER_GPU, (4,)), Y, 1),
        (1.0, Tensor(OTHER_GPU, (4,)), Tensor(OTHER_GPU, (4,)), 1),
        (1.0, Mine(0x1000, (4,)), Y, 1),
        (1.0, ndarray(0x1000, (4,)), Y, 1),
        (1.0, ndarray(0x1000, (4,)), ndarray(0x1000, (4,)), 1),
        (1.0, ndarray(0x1000, (4,), ">f4"), ndarray(0x1000, (4,)), 1),
        (1.0, None, Y, 1),
        (1.0, X, Y),
        (1.0, X, Y, 1, 2),
        (),
    ],
)
def test_unusual_calls_end_as_in_the_general_way(args: tuple[Any, ...], way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    scene.same(*args)
    assert scene.is_planned(1.0, X, Y, 1)


def test_numbers_of_numpy_go_by_plan(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    for a, n in (
        (np.float32(2.5), np.int64(3)),
        (np.float64(2.5), np.uint8(3)),
        (np.int16(2), 3),
        (np.float16(2.5), 3),
    ):
        assert scene.is_planned(a, X, Y, n)
        assert scene.same(a, X, Y, n)["values"][-1] == 3
    for a, n in (
        (np.bool_(True), 3),
        (1.0, np.float32(3)),
        (np.float32(np.nan), 3),
        (np.float64(1e39), 3),
        (1.0, np.bool_(1)),
    ):
        scene.same(a, X, Y, n)


class Name(str):
    """A string that is not one of Python's own."""


BY_NAME: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((2.5, X, Y), {"n": 2}),
    ((2.5,), {"n": 2, "y": Y, "x": X}),
    ((), {"a": 2.5, "x": X, "y": Y, "n": 2}),
    ((), {"n": 2, "y": Y, "x": X, "a": 2.5}),
]


@pytest.mark.parametrize(("args", "kwargs"), BY_NAME)
def test_arguments_by_name_go_by_plan(args: Any, kwargs: Any, way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    assert not scene.is_planned(*args, **kwargs)
    assert scene.is_planned(*args, **kwargs)
    assert scene.is_planned(2.5, X, Y, 2)
    assert scene.same(*args, **kwargs)["values"] == [0x40200000, 0x1000, 500, 0x2000, 400, 2]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1.0, X, Y), {"m": 2}, "unknown 'm'; missing 'n'"),
        ((1.0, X, Y), {"x": X}, "'x' given twice; missing 'n'"),
        ((1.0, X, Y, 1), {"n": 2}, "'n' given twice"),
        ((1.0, X, Y, 1), {"m": 2}, "unknown 'm'"),
        ((1.0, X), {"y": Y}, "missing 'n'"),
        ((1.0, X, Y, 1, 1), {"n": 1}, "takes 4 arguments, got 5; 'n' given twice"),
        ((1.0, X, Y), {"n": 1, "m": 1}, "unknown 'm'"),
        ((), {"a": 1.0}, "missing 'x', 'y', 'n'"),
        ((), {"a": 1.0, "x": X, "y": Y, "n": 401}, "requires n <= len(x)"),
        ((), {"a": 1.0, "x": Y, "y": Tensor(0x2002, (9,)), "n": 1}, "no multiple of 4"),
        ((X,), {"x": 1.0, "y": Y, "n": 1}, "argument 'x' is Slice[f32], got float"),
    ],
)
def test_wrong_arguments_by_name_are_worded_by_the_general_way(
    args: Any, kwargs: Any, message: str, way: str, fake: Any
) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    assert message in scene.same(*args, **kwargs)[1]
    assert scene.is_planned(1.0, X, n=1, y=Y)


def test_names_that_are_equal_to_a_parameters(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    assert scene.same(1.0, X, **{Name("n"): 2, Name("y"): Y})["values"][-1] == 2


def test_no_parameter_has_a_name(way: str, fake: Any) -> None:
    scene = Scene(fake, Kernel("k", "k", ()), stream=5)
    scene.launch()
    assert scene.is_planned()
    assert "unknown 'n'" in scene.same(n=1)[1]


@pytest.mark.parametrize("count", [native.MOST_PARAMETERS, native.MOST_PARAMETERS + 1])
def test_many_names(count: int, way: str, fake: Any) -> None:
    """Names that are put together are not the strings that the kernel has, only equal to them."""
    parameters = tuple(Parameter(f"p_{place}", "scalar", "i32") for place in range(count))
    scene = Scene(fake, Kernel("k", "k", parameters), stream=5)
    scene.launch(*range(count))
    backwards = {f"p_{place}": place for place in reversed(range(count))}
    assert scene.is_planned(**backwards)
    assert scene.same(**backwards)["values"] == [*range(count)]


SCALARS = [*packing.SCALARS]
EVERY_SCALAR = Kernel("k", "k", tuple(Parameter(f"p_{name}", "scalar", name) for name in SCALARS))
NUMBERS = st.one_of(
    st.integers(-300, 300),
    st.sampled_from(
        [sign * 2**bits + more for bits in (7, 8, 15, 16, 31, 32, 63, 64) for sign in (1, -1) for more in (-1, 0, 1)]
    ),
    st.floats(),
    st.floats(width=32),
    st.floats(width=16),
    st.sampled_from(
        [65504.0, 65519.9, 65520.0, 3.4028235677973366e38, 2.0**128 - 2.0**120, 1e-45, 2.0**-24, 1.00390625]
    ),
    st.booleans(),
    st.sampled_from([np.int8(3), np.float32(2.5), np.float64(1e300), np.uint64(2**63), np.bool_(True), "7", None, 1j]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(SCALARS), value=NUMBERS)
def test_every_scalar_is_packed_alike(name: str, value: Any, way: str, fake: Any) -> None:
    scene = Scene(fake, Kernel("k", "k", (Parameter("p", "scalar", name),)), stream=5)
    scene.launch(name == "bool" or 1)
    scene.same(value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.tuples(*(st.booleans() if name == "bool" else st.integers(0, 100) for name in SCALARS)))
def test_scalars_side_by_side(values: tuple[Any, ...], way: str, fake: Any) -> None:
    scene = Scene(fake, EVERY_SCALAR, stream=5)
    scene.launch(*values)
    assert scene.is_planned(*values)
    scene.same(*values)


EXTENT, SCALAR = ("extent", "x", 0), ("scalar", "n")
OPERANDS = st.one_of(
    st.sampled_from([EXTENT, SCALAR, ("scalar", "f")]), st.tuples(st.just("constant"), st.integers(-9, 9))
)
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["neg", "not"]), inner),
        st.tuples(st.sampled_from([*plan.OPERATORS]), inner, inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    expression=EXPRESSIONS,
    n=st.one_of(st.integers(-20, 20), st.sampled_from([-(2**63), 2**63 - 1])),
    f=st.sampled_from([0.1, -2.0, 7.0, 3]),
    length=st.integers(1, 20),
)
def test_contracts_hold_alike(expression: Any, n: int, f: float, length: int, way: str, fake: Any) -> None:
    parameters = Parameter("x", "slice", "f32", 1), Parameter("n", "scalar", "i64"), Parameter("f", "scalar", "f32")
    free = Scene(fake, Kernel("k", "k", parameters))
    free.launch(X, 1, 1.0)
    bound = Kernel("k", "k", parameters, contracts=(Contract("the contract", 1, expression),))
    scene = Scene(fake, bound)
    recipe = plan.Recipe(bound, (plan.Kind(Tensor, FLOAT32),), 0, 71, 1, lambda ordinal: 40 + ordinal, 49152)
    scene.configuration.learned._add((), recipe)
    scene.same(Tensor(0x1000, (length,)), n, f)


def test_views_of_many_kinds(way: str, fake: Any) -> None:
    scene = Scene(fake, VIEWS)
    flags, wide, half = (
        Tensor(0x1001, (3,), BOOL),
        Tensor(0x2000, (2**40, 5), FLOAT64),
        Tensor(0x3010, (1, 2, 3), BFLOAT16),
    )
    scene.launch(flags, wide, half)
    assert scene.is_planned(flags, wide, half)
    assert scene.same(flags, wide, half)["values"] == [0x1001, 3, 0x2000, 2**40, 5, 0x3010, 1, 2, 3]
    bits = Tensor(0x3020, (1, 2, 3), UINT16)
    assert scene.same(flags, wide, bits)["values"][5] == 0x3020
    assert scene.is_planned(flags, wide, bits)
    assert "multiple of 16" in scene.same(flags, wide, Tensor(0x3008, (1, 2, 3), BFLOAT16))[1]


def test_views_of_memory_go_by_plan_where_the_stream_is_given(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY, stream=5)
    x, y = gpu.view(0x1000, gpu.f32, 500), gpu.view(0x2000, gpu.f32, 400)
    assert not scene.is_planned(2.5, x, y, 7)
    assert scene.is_planned(2.5, gpu.view(0x3000, gpu.f32, 8), y, 8)
    assert scene.same(2.5, x, y, 7)["values"] == [0x40200000, 0x1000, 500, 0x2000, 400, 7]
    for other, message in [
        (gpu.view(0x1000, gpu.f64, 500), "got an array of f64"),
        (gpu.view(OTHER_GPU, gpu.f32, 500), "the arrays are on different GPUs"),
        (gpu.view(0x1000, gpu.f32, (5, 100)), "got an array of shape (5, 100)"),
        (gpu.view(0x1002, gpu.f32, 500), "no multiple of 4 bytes"),
        (gpu.view(0x1000, gpu.f32, 500, read_only=True), "got a read-only array"),
    ]:
        assert message in scene.same(2.5, x, other, 7)[1]


def test_views_of_structs_go_by_plan(way: str, fake: Any) -> None:
    layout = Layout("P", 8, 4, (Field("x", 0, "f32"), Field("n", 4, "i32")))
    scene = Scene(fake, Kernel("k", "k", (Parameter("p", "mut", "P", 1, struct=layout),)), stream=5)
    made = described(np.dtype([("x", "f4"), ("n", "i4")]))
    assert not scene.is_planned(view(0x1000, made, 3))
    assert scene.is_planned(view(0x1004, made, 4))
    assert scene.same(view(0x1004, made, 4))["values"] == [0x1004, 4]
    assert "no multiple of 4" in scene.same(view(0x1002, made, 4))[1]
    assert "whose elements are 8 bytes" in scene.same(view(0x1000, described(np.dtype([("x", "f8")])), 4))[1]


def test_a_kernel_with_structs_by_value_goes_the_general_way(way: str, fake: Any) -> None:
    layout = Layout("P", 8, 4, (Field("x", 0, "f32"), Field("n", 4, "i32")))
    scene = Scene(fake, Kernel("k", "k", (Parameter("p", "scalar", "P", struct=layout),)), stream=5)
    value = np.array((1.0, 2), [("x", "f4"), ("n", "i4")])[()]
    assert not scene.is_planned(value)
    assert not scene.is_planned(value)
