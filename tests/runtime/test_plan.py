"""Launches by plan, in Python and in C: the same packed bytes and the same errors as the general way, each time."""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxide_build import gpu, runtime
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.gpu import Kernel as AuthorsKernel
from oxide_build.manifest import Constant, Contract, Field, Generic, Kernel, Layout, Parameter
from oxide_build.runtime import dlpack, native, packing, plan
from oxide_build.runtime.learning import Learned
from oxide_build.runtime.memory import described, view
from oxide_build.variants import Family

GOLDEN = Path(__file__).with_name("plans")
OTHER_GPU = 2**20


class DType:
    """A dtype of torch: a singleton with a name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


FLOAT32, FLOAT64, BFLOAT16, UINT16, BOOL = map(DType, ("float32", "float64", "bfloat16", "uint16", "bool"))
SIZES = {FLOAT32: 4, FLOAT64: 8, BFLOAT16: 2, UINT16: 2, BOOL: 1}


class Tensor:
    """A tensor that passes for torch's, memory from 2**20 on being GPU 1's."""

    __module__ = "torch"
    __qualname__ = "Tensor"

    def __init__(
        self, pointer: int, shape: tuple[int, ...], dtype: DType = FLOAT32, strides: tuple[int, ...] | None = None
    ) -> None:
        self.pointer, self.shape, self.dtype, self.strides = pointer, shape, dtype, strides
        self.device = SimpleNamespace(type="cuda", index=int(pointer >= OTHER_GPU))

    def data_ptr(self) -> int:
        return self.pointer

    def get_device(self) -> int:
        return int(self.device.index)

    def is_contiguous(self) -> bool:
        return self.strides is None

    def stride(self) -> tuple[int, ...]:
        return self.strides or ()

    def element_size(self) -> int:
        return SIZES[self.dtype]


class Mine(Tensor):
    """A subclass in somebody's model."""

    __module__ = "model"
    __qualname__ = "Mine"


class ndarray:  # noqa: N801  CuPy's name
    """An array that passes for CuPy's."""

    __module__ = "cupy"
    __qualname__ = "ndarray"

    def __init__(self, pointer: int, shape: tuple[int, ...], dtype: str = "float32") -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.data = SimpleNamespace(ptr=pointer, device_id=int(pointer >= OTHER_GPU))
        self._c_contiguous = True

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {"data": (self.data.ptr, False), "shape": self.shape, "typestr": self.dtype.str, "version": 3}


class Streams:
    """The current streams of both libraries, which tests move."""

    def __init__(self) -> None:
        self.torch, self.cupy = 40, 50


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> Streams:
    """Something in torch's and CuPy's place that knows its current stream."""
    here = Streams()
    torch = SimpleNamespace(_C=SimpleNamespace(_cuda_getCurrentRawStream=lambda ordinal: here.torch + ordinal))
    found = SimpleNamespace(get_current_stream=lambda ordinal: SimpleNamespace(ptr=here.cupy + ordinal))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=found))
    return here


def entry_points(fake: Any) -> dict[bytes, Any]:
    """The fake driver's functions as C calls them."""
    pointer, integer, unsigned = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint
    out = ctypes.POINTER(pointer)

    def launch(kernel: int, *rest: Any) -> int:
        *geometry, stream, address, extra = rest
        return int(fake.cuLaunchKernel(kernel, *geometry, stream or 0, address or 0, extra or 0)[0])

    def current(found: Any) -> int:
        code, found[0] = fake.cuCtxGetCurrent()
        return int(code)

    def pop(found: Any) -> int:
        code, found[0] = fake.cuCtxPopCurrent()
        return int(code)

    def ordinal(found: Any) -> int:
        code, found[0] = fake.cuCtxGetDevice()
        return int(code)

    launched = ctypes.CFUNCTYPE(integer, pointer, *[unsigned] * 7, pointer, pointer, pointer)
    return {
        b"cuLaunchKernel": launched(launch),
        b"cuCtxGetCurrent": ctypes.CFUNCTYPE(integer, out)(current),
        b"cuCtxPushCurrent": ctypes.CFUNCTYPE(integer, pointer)(lambda context: int(fake.cuCtxPushCurrent(context)[0])),
        b"cuCtxPopCurrent": ctypes.CFUNCTYPE(integer, out)(pop),
        b"cuCtxGetDevice": ctypes.CFUNCTYPE(integer, ctypes.POINTER(integer))(ordinal),
    }


@pytest.fixture(params=["python", "compiled"])
def way(request: pytest.FixtureRequest, fake: Any, libraries: Streams, monkeypatch: Any) -> Iterator[str]:
    """Plans in Python, then in C; a context of GPU 0 is current."""
    native.compiled.cache_clear()
    monkeypatch.setenv(native.PURE, "1" if request.param == "python" else "")
    if request.param == "compiled":
        if native.compiled() is None:
            pytest.skip("the helper is not built: python setup.py build_ext --inplace")
        points = entry_points(fake)
        found = {name: ctypes.cast(point, ctypes.c_void_p).value for name, point in points.items()}
        monkeypatch.setattr(fake, "cuGetProcAddress", lambda name, *_: (0, found[name], points), raising=False)
    fake.contexts.append(1)
    yield request.param
    native.compiled.cache_clear()


SAXPY = Kernel(
    "saxpy",
    "saxpy",
    (
        Parameter("a", "scalar", "f32"),
        Parameter("x", "slice", "f32", 1),
        Parameter("y", "disjoint", "f32", 1),
        Parameter("n", "scalar", "i32"),
    ),
    contracts=(
        Contract(
            "n <= len(x) and n <= len(y)",
            3,
            ("and", ("le", ("scalar", "n"), ("extent", "x", 0)), ("le", ("scalar", "n"), ("extent", "y", 0))),
        ),
    ),
)

ONE = (Constant("n", "int", ("1",), "1"),)
BITS = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


class Scene:
    """A configuration of a kernel without a package, what it launched, and how often it went the general way."""

    def __init__(self, fake: Any, kernel: Kernel, stream: int | None = None, shared: int = 0) -> None:
        parts = [c for p in packing.plan(kernel).parameters for c in packing._codes(p)]
        fake.parameters = [BITS[packing.struct.calcsize(code)] for code in parts]
        self.fake, self.general, self.most = fake, 0, 49152
        module: Any = SimpleNamespace(function=self._function, most_shared=lambda *_: self.most)
        learned = Learned(kernel)
        self.configuration = runtime.Configuration(kernel, module, learned, (4, 2, 1), (64, 1, 1), stream, shared, None)
        made: Any = self.configuration
        self.launch = made if learned.compiled is None else native.launcher(learned.compiled, made)

    def _function(self, *_: object) -> int:
        self.general += 1
        return 71

    def outcome(self, call: Callable[[], None]) -> Any:
        """What a call launched, or what it raised."""
        self.fake.launches.clear()
        try:
            call()
        except (KernelArgumentError, LaunchError) as error:
            assert not self.fake.launches
            return type(error), str(error)
        (launched,) = self.fake.launches
        return launched

    def same(self, *args: Any, **kwargs: Any) -> Any:
        """The outcome of a call, which is the general way's."""
        found = self.outcome(lambda: self.launch(*args, **kwargs))
        assert found == self.outcome(lambda: self.configuration.launch(args, kwargs))
        return found

    def is_planned(self, *args: Any, **kwargs: Any) -> bool:
        """Whether a call goes by a plan."""
        before = self.general
        self.launch(*args, **kwargs)
        return self.general == before


X, Y = Tensor(0x1000, (500,)), Tensor(0x2000, (400,))


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


def test_views_of_other_librarys_arrays_go_to_their_stream(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    torch = [gpu.view(Tensor(at, (500,)), gpu.f32) for at in (0x1000, 0x2000)]
    cupy = [gpu.view(ndarray(at, (500,)), gpu.f32) for at in (0x1000, 0x2000)]
    plain = [gpu.view(at, gpu.f32, 500) for at in (0x1000, 0x2000)]
    for arrays, stream in ((torch, 40), (cupy, 50)):
        assert not scene.is_planned(2.5, *arrays, 7)
        assert scene.is_planned(2.5, *arrays, 7)
        assert scene.same(2.5, *arrays, 7)["stream"] == stream
    assert "which stream to launch on is not clear" in scene.same(2.5, *plain, 7)[1]


def test_views_of_structs_go_by_plan(way: str, fake: Any) -> None:
    layout = Layout("P", 8, 4, (Field("x", 0, "f32"), Field("n", 4, "i32")))
    scene = Scene(fake, Kernel("k", "k", (Parameter("p", "mut", "P", 1, struct=layout),)), stream=5)
    made = described(np.dtype([("x", "f4"), ("n", "i4")]))
    assert not scene.is_planned(view(0x1000, made, 3))
    assert scene.is_planned(view(0x1004, made, 4))
    assert scene.same(view(0x1004, made, 4))["values"] == [0x1004, 4]
    assert "no multiple of 4" in scene.same(view(0x1002, made, 4))[1]
    assert "whose elements are 8 bytes" in scene.same(view(0x1000, described(np.dtype([("x", "f8")])), 4))[1]


@pytest.mark.parametrize("make", [Tensor, ndarray])
def test_the_second_launch_of_a_kind_goes_by_plan(make: Any, way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    x, y = make(0x1000, (500,)), make(0x2000, (400,))
    assert not scene.is_planned(2.5, x, y, 7)
    assert scene.is_planned(2.5, make(0x3000, (8,)), y, 8)
    assert scene.is_planned(2, y, x, 400)
    assert fake.launches[-1] == {
        "kernel": 71,
        "grid": (4, 2, 1),
        "block": (64, 1, 1),
        "shared": 0,
        "stream": 40 if make is Tensor else 50,
        "values": [0x40000000, 0x2000, 400, 0x1000, 500, 400],
        "context": 1,
    }
    assert scene.same(2.5, x, y, 7)["values"][0] == 0x40200000


def test_what_is_learned_holds_for_other_configurations(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    other = runtime.Configuration(
        SAXPY, scene.configuration.module, scene.configuration.learned, (9, 1, 1), (32, 1, 1), 77, 16, None
    )
    compiled = other.learned.compiled
    (other if compiled is None else native.launcher(compiled, other))(1.0, X, Y, 1)
    assert scene.general == 1
    assert [fake.launches[-1][name] for name in ("grid", "block", "stream", "shared")] == [
        (9, 1, 1),
        (32, 1, 1),
        77,
        16,
    ]


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


VIEWS = Kernel(
    "views",
    "views",
    (
        Parameter("flags", "slice", "bool", 1),
        Parameter("wide", "mut", "f64", 2, wide=True),
        Parameter("half", "disjoint", "bf16", 3, alignment=16),
    ),
)


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


def test_a_kernel_with_structs_by_value_goes_the_general_way(way: str, fake: Any) -> None:
    layout = Layout("P", 8, 4, (Field("x", 0, "f32"), Field("n", 4, "i32")))
    scene = Scene(fake, Kernel("k", "k", (Parameter("p", "scalar", "P", struct=layout),)), stream=5)
    value = np.array((1.0, 2), [("x", "f4"), ("n", "i4")])[()]
    assert not scene.is_planned(value)
    assert not scene.is_planned(value)


def test_the_current_stream_is_asked_for_each_time(way: str, fake: Any, libraries: Streams) -> None:
    scene = Scene(fake, SAXPY)
    for libraries.torch in (40, 41, 0):
        scene.launch(1.0, X, Y, 1)
    assert [launched["stream"] for launched in fake.launches] == [40, 41, 0]


def test_arrays_of_two_libraries_need_a_stream(way: str, fake: Any) -> None:
    args = 1.0, X, ndarray(0x2000, (9,)), 1
    given = Scene(fake, SAXPY, stream=3)
    given.launch(*args)
    assert given.is_planned(*args)
    scene = Scene(fake, SAXPY)
    for _ in range(2):
        with pytest.raises(LaunchError, match="the arrays are of cupy and torch"):
            scene.launch(*args)


def test_the_callers_context_stays(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    there = 1.0, Tensor(OTHER_GPU, (4,)), Tensor(OTHER_GPU, (4,)), 1
    for args in (there, (1.0, X, Y, 1), there, there):
        scene.launch(*args)
    assert [launched["context"] for launched in fake.launches] == [2, 1, 2, 2]
    assert fake.contexts == [1]
    fake.contexts[:] = []
    scene.launch(1.0, X, Y, 1)
    assert fake.launches[-1]["context"] == 1
    assert fake.contexts == []


def test_a_failed_launch_is_worded_by_the_general_way(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    fake.failures["cuLaunchKernel"] = 701
    with pytest.raises(
        LaunchError, match=r"launching saxpy with grid \(4, 2, 1\).* CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"
    ):
        scene.launch(1.0, X, Y, 1)


def test_shared_memory_beyond_what_was_allowed(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY, shared=60000)
    assert not scene.is_planned(1.0, X, Y, 1)
    assert not scene.is_planned(1.0, X, Y, 1)
    scene.most = 60000
    assert not scene.is_planned(1.0, X, Y, 1)
    assert scene.is_planned(1.0, X, Y, 1)


def test_sixteen_threads(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    fake.launches.clear()

    def work(number: int) -> None:
        fake.contexts.append(1)
        for i in range(50):
            scene.launch(number, Tensor(0x1000 * number, (number + i,)), Tensor(0x1000 * number, (number,)), number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [
        [packing.struct.unpack("I", packing.struct.pack("f", n))[0], 0x1000 * n, n + i, 0x1000 * n, n, n]
        for n in range(1, 17)
        for i in range(50)
    ]
    assert sorted(launched["values"] for launched in fake.launches) == sorted(expected)
    assert scene.general == 1


def test_a_launch_within_a_launch(way: str, fake: Any, libraries: Streams, monkeypatch: Any) -> None:
    scene = Scene(fake, SAXPY)
    inner = 3.0, Tensor(0x9000, (9,)), Tensor(0xA000, (9,)), 9

    class Nested(Tensor):
        __module__, __qualname__ = "torch", "Tensor"

        def data_ptr(self) -> int:
            scene.launch(*inner)
            return super().data_ptr()

    scene.launch(*inner)
    x = Nested(0x1000, (500,))
    scene.launch(1.0, x, Y, 1)
    assert scene.is_planned(1.0, x, Y, 1)
    assert fake.launches[-1]["values"] == [0x3F800000, 0x1000, 500, 0x2000, 400, 1]
    assert fake.launches[-2]["values"] == [0x40400000, 0x9000, 9, 0xA000, 9, 9]


class Exchange:
    """`__dlpack_c_exchange_api__` of tensors, and how often it was asked; see dlpack.h 1.3."""

    def __init__(self) -> None:
        self.read, self.major = 0, 1

    def capsule(self) -> Any:
        """The capsule, whose functions look into a `Tensor`."""
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        reads = ctypes.CFUNCTYPE(integer, ctypes.py_object, ctypes.POINTER(dlpack._DLTensor))(self._read)
        streams = ctypes.CFUNCTYPE(integer, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(pointer))(self._stream)
        addresses = [ctypes.cast(function, pointer).value for function in (reads, streams)]
        api = (ctypes.c_uint64 * 7)(self.major, 0, 0, 0, 0, *addresses)
        new = ctypes.PYFUNCTYPE(ctypes.py_object, pointer, ctypes.c_char_p, pointer)(
            ("PyCapsule_New", ctypes.pythonapi)
        )
        self.keep = reads, streams, api
        return new(ctypes.addressof(api), b"dlpack_exchange_api", None)

    def _read(self, tensor: Tensor, found: Any) -> int:
        if tensor.pointer == BROKEN:
            return -1
        self.read += 1
        strides = tensor.strides or [math.prod(tensor.shape[place + 1 :]) for place in range(len(tensor.shape))]
        self.extents = [(ctypes.c_int64 * len(tensor.shape))(*numbers) for numbers in (tensor.shape, strides)]
        made = found.contents
        made.data, made.device_type, made.device_id = tensor.pointer, dlpack.CUDA, tensor.get_device()
        made.ndim, made.lanes, made.byte_offset = len(tensor.shape), 1, 0
        made.code, made.bits = {"f": 2, "b": 4, "u": 1}[tensor.dtype.name[0]], 8 * tensor.element_size()
        made.shape, made.strides = self.extents
        return 0

    def _stream(self, kind: int, ordinal: int, found: Any) -> int:
        assert kind == dlpack.CUDA
        found[0] = 60 + ordinal
        return 0


BROKEN = 0xB000


@pytest.mark.parametrize("way", ["compiled"], indirect=True)
def test_tensors_are_read_by_the_exchange_of_dlpack(way: str, fake: Any, monkeypatch: Any) -> None:
    exchange = Exchange()
    monkeypatch.setattr(Tensor, "__dlpack_c_exchange_api__", exchange.capsule(), raising=False)
    parameters = Parameter("x", "slice", "f32", 1), Parameter("y", "mut", "bf16", 2, wide=True)
    scene = Scene(fake, Kernel("k", "k", parameters))
    x, y = Tensor(0x1000, (5,)), Tensor(0x2000, (2**33, 3), BFLOAT16)
    scene.launch(x, y)
    assert scene.is_planned(x, y)
    assert exchange.read == 2
    assert fake.launches[-1]["values"] == [0x1000, 5, 0x2000, 2**33, 3]
    assert fake.launches[-1]["stream"] == 60
    for strange in (
        Tensor(0x1000, (5, 1)),
        Tensor(0x1000, (5,), FLOAT64),
        Tensor(0x1000, (5,), strides=(2,)),
        Tensor(0x1002, (5,)),
        Tensor(0, (5,)),
        Tensor(OTHER_GPU, (5,)),
    ):
        assert scene.same(strange, y)[0] is KernelArgumentError
    scene.launch(Tensor(BROKEN, (5,)), y)
    assert fake.launches[-1]["stream"] == 40
    assert scene.is_planned(Tensor(0x1000, (1,), strides=(7,)), y)


@pytest.mark.parametrize("way", ["compiled"], indirect=True)
def test_an_exchange_of_another_version_is_not_asked(way: str, fake: Any, monkeypatch: Any) -> None:
    exchange = Exchange()
    exchange.major = 2
    monkeypatch.setattr(Tensor, "__dlpack_c_exchange_api__", exchange.capsule(), raising=False)
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    assert scene.is_planned(1.0, X, Y, 1)
    assert exchange.read == 0


def test_a_subscript_is_kept_and_never_taken_for_an_equal_one(shipped: Path, way: str, fake: Any) -> None:
    def saxpy(a: Any, x: Any, y: Any) -> None: ...

    saxpy.__module__ = "shipped.vector"
    kernel: Any = AuthorsKernel(saxpy)
    assert kernel[1, 128] is kernel[1, 128]
    assert kernel[(1, 1), 128] is kernel[(1, 1), 128]
    assert kernel[1, 128] is not kernel[1, 128, 0]
    kernel[1, 128, 1]
    for wrong in ((1.0, 128), ((1.0, 1), 128), (1, 128, True)):
        for _ in range(2):
            with pytest.raises(LaunchError):
                kernel[wrong]
    listed: Any = [1, 1]
    configuration = listed, 128
    kernel[configuration]
    listed[0] = -1
    with pytest.raises(LaunchError):
        kernel[configuration]
    constant = 2, 128
    assert kernel[constant] is kernel[constant] is kernel[constant] is kernel[2, 128]
    for wrong in (7, None, ()):
        with pytest.raises(LaunchError, match="no launch configuration"):
            kernel[wrong]


def test_each_variant_has_plans_of_its_own(way: str, fake: Any, monkeypatch: Any) -> None:
    fake.parameters = [ctypes.c_uint64, ctypes.c_uint32]
    types = {"f32": FLOAT32, "f64": FLOAT64}
    kernels = [
        Kernel("k", f"k_{name}", (Parameter("x", "slice", name, 1),), unit=name, variant={"T": name, "n": "1"})
        for name in types
    ]
    generic = Generic("k", (("x", "Slice[T]"), ("n", "int")), {"T": ("f32", "f64")}, ONE, {"x": "T"})
    scenes = {kernel.symbol: Scene(fake, kernel) for kernel in kernels}
    family = Family(generic, kernels)
    launch = runtime.GenericConfiguration(family, lambda kernel: scenes[kernel.symbol].launch)
    for dtype in (FLOAT32, FLOAT64, FLOAT64, FLOAT32, FLOAT32):
        launch(Tensor(0x1000, (SIZES[dtype],), dtype))
        launch(Tensor(0x1000, (SIZES[dtype],), dtype), 1)
        launch(n=1, x=Tensor(0x1000, (SIZES[dtype],), dtype))
    assert [scene.general for scene in scenes.values()] == [1, 1]
    assert {tuple(launched["values"]) for launched in fake.launches} == {(0x1000, 4), (0x1000, 8)}
    with pytest.raises(KernelArgumentError, match="missing 'x'"):
        launch()


@pytest.mark.parametrize(("name", "kernel", "type"), [("saxpy", SAXPY, Tensor), ("views", VIEWS, ndarray)])
def test_the_text_of_a_plan(name: str, kernel: Kernel, type: Any, update_golden: bool) -> None:
    kinds = tuple(plan.Kind(type, object()) for parameter in kernel.parameters if parameter.kind != "scalar")
    found = plan.text(plan.Recipe(kernel, kinds, 0, 71, 1, None, 0))
    file = GOLDEN / f"{name}.txt"
    if update_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
