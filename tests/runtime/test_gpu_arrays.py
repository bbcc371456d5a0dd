"""Arrays, streams and graphs of more libraries on a real GPU: JAX, Numba, cuda.core, NumPy's records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from oxide_build import gpu
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.runtime import device

pytestmark = pytest.mark.gpu

N, GRID, BLOCK = 100_003, 391, 256

BYTES = """
from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, i8, i32


@gpu.struct
class Sample:
    weight: f32
    count: i32


@gpu.kernel
def double(x: DisjointSlice[i8]) -> None:
    i = gpu.index_1d()
    if i < len(x):
        x[i] = x[i] + x[i]


@gpu.kernel
def weigh(by: Sample, samples: DisjointSlice[Sample]) -> None:
    i = gpu.index_1d()
    if i < len(samples):
        sample = samples[i]
        samples[i] = Sample(sample.weight * by.weight, sample.count + by.count)
"""


@pytest.fixture
def saxpy() -> Any:
    """The kernel `saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])`."""
    return pytest.importorskip("example_pkg.kernels.vector").saxpy


@pytest.fixture
def cupy() -> Any:
    """CuPy."""
    return pytest.importorskip("cupy")


@pytest.fixture
def core() -> Any:
    """cuda.core, with GPU 0 current."""
    module = pytest.importorskip("cuda.core")
    module.Device(0).set_current()
    return module


@pytest.fixture
def jax() -> Any:
    """JAX with a GPU, which leaves memory to others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        module = pytest.importorskip("jax")
        try:
            module.devices("cuda")
        except RuntimeError as error:
            pytest.skip(f"this JAX has no CUDA: {error}")
    return module


@pytest.fixture
def numba_cuda() -> Any:
    """Numba's CUDA, where this Python and NumPy can import it."""
    try:
        from numba import cuda
    except Exception as error:  # a Numba that does not know this NumPy fails in many ways
        pytest.skip(f"no numba.cuda: {type(error).__name__}: {error}")
    try:
        cuda.current_context()
    except Exception as error:
        pytest.skip(f"numba.cuda does not work here: {type(error).__name__}: {error}")
    return cuda


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of `BYTES`, built for the GPU at hand."""
    from tests.frontend.conftest import built_kernel

    monkeypatch.setattr(sys, "path", [*sys.path])
    return sys.modules[built_kernel(BYTES, tmp_path).__module__]


def on_cupy(cupy: Any) -> tuple[Any, Any]:
    """x and y on the GPU, ready."""
    x, y = cupy.arange(N, dtype=cupy.float32), cupy.ones(N, dtype=cupy.float32)
    cupy.cuda.Device().synchronize()
    return x, y


def is_saxpy(x: Any, y: Any) -> bool:
    """Whether y is 2x + 1, once the GPU is done."""
    device.check(device.driver().cuCtxSynchronize(), "waiting")
    return bool((y == 2 * x + 1).all())


def test_jaxs_arrays_are_read(saxpy: Any, jax: Any, cupy: Any) -> None:
    x, y = jax.numpy.arange(N, dtype=jax.numpy.float32).block_until_ready(), on_cupy(cupy)[1]
    saxpy[GRID, BLOCK, 0](2.0, x, y)
    assert is_saxpy(cupy.arange(N, dtype=cupy.float32), y)
    assert bool((jax.numpy.from_dlpack(y) == 2 * x + 1).all())


def test_jaxs_arrays_are_not_written(saxpy: Any, jax: Any) -> None:
    x, y = (make(N, dtype=jax.numpy.float32).block_until_ready() for make in (jax.numpy.arange, jax.numpy.ones))
    with pytest.raises(KernelArgumentError, match="which the kernel may write, got a read-only array"):
        saxpy[GRID, BLOCK, 0](2.0, x, y)
    assert bool((y == 1).all())


def test_jaxs_stream_is_asked_for(saxpy: Any, jax: Any, cupy: Any) -> None:
    x = jax.numpy.arange(N, dtype=jax.numpy.float32).block_until_ready()
    with pytest.raises(LaunchError, match=r"which stream to launch on is not clear: the arrays are of .*jax"):
        saxpy[GRID, BLOCK](2.0, x, on_cupy(cupy)[1])


def test_numbas_arrays_and_streams(saxpy: Any, numba_cuda: Any) -> None:
    host = np.arange(N, dtype=np.float32)
    x, y = numba_cuda.to_device(host), numba_cuda.to_device(np.ones(N, np.float32))
    numba_cuda.synchronize()
    stream = numba_cuda.stream()
    saxpy[GRID, BLOCK, stream](2.0, x, y)
    stream.synchronize()
    np.testing.assert_array_equal(y.copy_to_host(), 2 * host + 1)
    with pytest.raises(KernelArgumentError, match="not contiguous"):
        saxpy[GRID, BLOCK, 0](2.0, x[::2], y)


def test_cuda_cores_buffers_are_bytes(built: ModuleType, core: Any, cupy: Any) -> None:
    stream = core.Device(0).create_stream()
    buffer = core.Device(0).allocate(4096, stream=stream)
    cupy.cuda.runtime.memset(int(buffer.handle), 3, 4096)
    cupy.cuda.Device().synchronize()
    built.double[16, 256, stream](buffer)
    stream.sync()
    assert bool((cupy.from_dlpack(buffer).view(cupy.int8) == 6).all())


def test_cuda_cores_buffers_as_records(built: ModuleType, core: Any, cupy: Any) -> None:
    samples = np.zeros(64, gpu.dtype(built.Sample))
    samples["weight"], samples["count"] = np.arange(64), 1
    stream = core.Device(0).create_stream()
    buffer = core.Device(0).allocate(samples.nbytes, stream=stream)
    stream.sync()
    cupy.from_dlpack(buffer).view(cupy.uint8)[...] = cupy.asarray(samples.view(np.uint8))
    cupy.cuda.Device().synchronize()
    built.weigh[1, 64, stream](built.Sample(2.0, 5), gpu.view(buffer, built.Sample))
    stream.sync()
    found = cupy.asnumpy(cupy.from_dlpack(buffer)).view(samples.dtype)
    np.testing.assert_array_equal(found["weight"], 2 * samples["weight"])
    assert (found["count"] == 6).all()


@pytest.mark.parametrize("name", ["a record of NumPy's", "the struct"])
def test_structs_as_scalars(name: str, built: ModuleType, cupy: Any) -> None:
    by = built.Sample(3.0, 7)
    record = np.array((3.0, 7), gpu.dtype(built.Sample))[()] if name.startswith("a record") else by
    samples = cupy.zeros(64 * 8, cupy.uint8)
    cupy.cuda.Device().synchronize()
    built.weigh[1, 64, 0](record, gpu.view(samples, built.Sample))
    cupy.cuda.Device().synchronize()
    found = cupy.asnumpy(samples).view(gpu.dtype(built.Sample))
    assert (found["weight"] == 0).all()
    assert (found["count"] == 7).all()


def test_a_stream_of_cuda_core(saxpy: Any, core: Any, cupy: Any) -> None:
    x, y = on_cupy(cupy)
    stream = core.Device(0).create_stream()
    saxpy[GRID, BLOCK, stream](2.0, x, y)
    stream.sync()
    assert is_saxpy(x, y)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_graph_builder_of_cuda_core(is_first: bool, saxpy: Any, core: Any, cupy: Any) -> None:
    x, y = on_cupy(cupy)
    if not is_first:
        saxpy[GRID, BLOCK, 0](0.0, x, y)
        cupy.cuda.Device().synchronize()
    stream = core.Device(0).create_stream()
    builder = core.Device(0).create_graph_builder().begin_building()
    saxpy[GRID, BLOCK, builder](2.0, x, y)
    graph = builder.end_building().complete()
    cupy.cuda.Device().synchronize()
    assert bool((y == 1).all())
    graph.launch(stream)
    stream.sync()
    assert is_saxpy(x, y)


def test_parts_of_a_graph_builder_are_streams(saxpy: Any, core: Any, cupy: Any) -> None:
    x, (_, first), (_, second) = on_cupy(cupy)[0], on_cupy(cupy), on_cupy(cupy)
    stream = core.Device(0).create_stream()
    left, right = core.Device(0).create_graph_builder().begin_building().split(2)
    saxpy[GRID, BLOCK, left](2.0, x, first)
    saxpy[GRID, BLOCK, right](2.0, x, second)
    graph = core.graph.GraphBuilder.join(left, right).end_building().complete()
    graph.launch(stream)
    stream.sync()
    assert is_saxpy(x, first)
    assert is_saxpy(x, second)


def test_a_graph_is_replayed_with_what_the_arrays_hold_then(saxpy: Any, cupy: Any) -> None:
    x, y = on_cupy(cupy)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        for _ in range(3):
            saxpy[GRID, BLOCK](2.0, x, y)
        graph = stream.end_capture()
        y[...] = 1
        x[...] = 1
        graph.launch(stream)
        graph.launch(stream)
        stream.synchronize()
    assert bool((y == 13).all())


def test_torchs_graphs_keep_a_side_streams_launches(saxpy: Any) -> None:
    torch = pytest.importorskip("torch")
    x, y = torch.ones(N, device="cuda"), torch.ones(N, device="cuda")
    graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()
    with torch.cuda.graph(graph):
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            saxpy[GRID, BLOCK](2.0, x, y)
        torch.cuda.current_stream().wait_stream(side)
        y.mul_(2)
    assert bool((y == 1).all())
    graph.replay()
    torch.cuda.synchronize()
    assert bool((y == 6).all())


class Described:
    """A CuPy array described anew."""

    def __init__(self, array: Any, **changes: Any) -> None:
        self._array = array
        self.__cuda_array_interface__ = {**array.__cuda_array_interface__, **changes}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: Described(y, data=(y.data.ptr, True)), "which the kernel may write, got a read-only array"),
        (lambda y: Described(y, data=(y.data.ptr + 2, False), shape=(8,)), "no multiple of 4 bytes"),
        (lambda y: y[::2], "not contiguous"),
        (lambda y: y[::-1], "not contiguous"),
        (lambda y: Described(y, typestr=">f4"), "got an array of >f4"),
    ],
    ids=["read-only", "misaligned", "strided", "backwards", "big-endian"],
)
def test_what_is_not_written_to(change: Callable[[Any], Any], message: str, saxpy: Any, cupy: Any) -> None:
    x, y = on_cupy(cupy)
    with pytest.raises(KernelArgumentError, match=message):
        saxpy[GRID, BLOCK, 0](2.0, x, change(y))
    assert bool((y == 1).all())


def test_a_read_only_array_is_read(saxpy: Any, cupy: Any) -> None:
    x, y = on_cupy(cupy)
    saxpy[GRID, BLOCK, 0](2.0, Described(x, data=(x.data.ptr, True)), y)
    assert is_saxpy(x, y)


def test_libraries_mix_where_the_stream_is_named(saxpy: Any, cupy: Any) -> None:
    torch = pytest.importorskip("torch")
    x, y = torch.arange(N, dtype=torch.float32, device="cuda"), on_cupy(cupy)[1]
    torch.cuda.synchronize()
    with pytest.raises(LaunchError, match="the arrays are of cupy and torch"):
        saxpy[GRID, BLOCK](2.0, x, y)
    saxpy[GRID, BLOCK, 0](2.0, x, y)
    assert is_saxpy(cupy.asarray(x), y)
