"""Launches on a real GPU, of the kernels of an installed `example_pkg`; nothing is compiled here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.runtime import Configuration, device, loader, native

pytestmark = pytest.mark.gpu

N, GRID, BLOCK = 100_003, 391, 256


@pytest.fixture
def saxpy() -> Any:
    """The kernel `saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])`."""
    return pytest.importorskip("example_pkg.kernels.vector").saxpy


@pytest.fixture
def torch() -> Any:
    """PyTorch, with a GPU."""
    module = pytest.importorskip("torch")
    if not module.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    return module


@pytest.fixture
def cupy() -> Any:
    """CuPy."""
    return pytest.importorskip("cupy")


class Only:
    """An object that passes on nothing but the given attributes of an array."""

    def __init__(self, array: object, *names: str) -> None:
        self._array, self._names = array, names

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_array") or name not in self._names:
            raise AttributeError(name)
        return getattr(self._array, name)


DLPACK = "__dlpack__", "__dlpack_device__"
CUDA_ARRAY = ("__cuda_array_interface__",)


def arrays(torch: Any, ordinal: int = 0) -> tuple[Any, Any, Any]:
    """x, y and what saxpy with a = 2 makes of them."""
    x = torch.arange(N, dtype=torch.float32, device=f"cuda:{ordinal}")
    y = torch.ones_like(x)
    return x, y, 2 * x + 1


def test_torch(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    saxpy[GRID, BLOCK](2.0, x, y)
    assert torch.equal(y, expected)


def test_torch_parameters_that_require_a_gradient(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    saxpy[GRID, BLOCK](2.0, torch.nn.Parameter(x), y)
    assert torch.equal(y, expected)


def test_cupy(saxpy: Any, cupy: Any) -> None:
    x, y = cupy.arange(N, dtype=cupy.float32), cupy.ones(N, dtype=cupy.float32)
    saxpy[GRID, BLOCK](np.float32(2), x, y)
    assert bool((y == 2 * x + 1).all())


@pytest.fixture(params=["", "1"], ids=["compiled", "python"])
def planned(request: pytest.FixtureRequest, saxpy: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The kernel with nothing learned yet, its plans in C where the helper is built, then in Python."""
    monkeypatch.setenv(native.PURE, request.param)
    monkeypatch.setattr(loader, "_modules", {})
    native.compiled.cache_clear()
    yield type(saxpy)(saxpy.__wrapped__, saxpy.block)
    native.compiled.cache_clear()


def refuse(*_: object) -> None:
    raise AssertionError("launched in the general way")


@pytest.mark.parametrize("library", ["torch", "cupy"])
def test_the_second_launch_goes_by_plan(
    library: str, planned: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = request.getfixturevalue(library)
    x = module.arange(N, dtype=module.float32, **({"device": "cuda"} if library == "torch" else {}))
    y = module.ones_like(x)
    planned[GRID, BLOCK](2.0, x, y)
    monkeypatch.setattr(Configuration, "launch", refuse)
    launch = planned[GRID, BLOCK]
    launch(2, x, y)
    planned[GRID, BLOCK](np.float32(2), x, y)
    planned.forall(N)(2.0, x, y)
    with module.cuda.Stream() if library == "cupy" else module.cuda.stream(module.cuda.Stream()) as stream:
        module.cuda.Device().synchronize() if library == "cupy" else module.cuda.synchronize()
        launch(2.0, x, y)
        planned[GRID, BLOCK, stream](2.0, x, y)
        module.cuda.Device().synchronize() if library == "cupy" else module.cuda.synchronize()
    assert bool((y == 12 * x + 1).all())


def test_plans_know_what_they_cannot_take(planned: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    planned[GRID, BLOCK](2.0, x, y)
    for wrong in (
        x.double(),
        x.cpu(),
        x[::2],
        x[:8].reshape(2, 4),
        x.int(),
    ):
        with pytest.raises(KernelArgumentError, match="'x' is Slice"):
            planned[GRID, BLOCK](2.0, wrong, y)
    assert torch.equal(y, expected)
    planned[GRID, BLOCK](2.0, torch.nn.Parameter(x), y)
    assert torch.equal(y, 2 * x + expected)


def test_plans_in_threads_without_a_context(planned: Any, torch: Any) -> None:
    sets = [arrays(torch) for _ in range(16)]
    torch.cuda.synchronize()
    launch = planned[GRID, BLOCK, 0]

    def work(x: Any, y: Any) -> None:
        for _ in range(20):
            launch(2.0, x, y)

    threads = [threading.Thread(target=work, args=(x, y)) for x, y, _ in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.cuda.synchronize()
    assert all(torch.equal(y, 40 * x + 1) for x, y, _ in sets)


@pytest.mark.parametrize("protocol", [DLPACK, CUDA_ARRAY])
def test_bare_protocols(protocol: tuple[str, ...], saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    torch.cuda.synchronize()
    saxpy[GRID, BLOCK, 0](2.0, Only(x, *protocol), Only(y, *protocol))
    torch.cuda.synchronize()
    assert torch.equal(y, expected)


def test_a_view_with_an_offset(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    torch.cuda.synchronize()
    saxpy[GRID, BLOCK, 0](2.0, x[5:], Only(y[5:], *DLPACK))
    torch.cuda.synchronize()
    assert torch.equal(y[5:], expected[5:])
    assert bool((y[:5] == 1).all())


def test_every_way_to_launch(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    configuration = saxpy[GRID, BLOCK]
    saxpy.forall(N)(2.0, x, y)
    saxpy.launch(2.0, x, y, grid=GRID, block=BLOCK)
    configuration(2.0, x=x, y=y)
    configuration(a=2.0, x=x, y=y)
    assert torch.equal(y, 4 * expected - 3)
    saxpy.forall(0)(2.0, x, y)
    saxpy.forall(8)(2.0, x[:0], y[:0])


def test_the_simulator_agrees(saxpy: Any, torch: Any) -> None:
    x, y, _ = arrays(torch)
    there = np.ones(N, np.float32)
    saxpy.simulate[GRID, BLOCK](2.5, x.cpu().numpy(), there)
    saxpy[GRID, BLOCK](2.5, x, y)
    np.testing.assert_array_equal(y.cpu().numpy(), there)


def test_torchs_current_stream_orders_the_launch(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        y.zero_()
        saxpy[GRID, BLOCK](2.0, x, y)
    stream.synchronize()
    assert torch.equal(y, expected - 1)


def test_a_named_stream(saxpy: Any, torch: Any, cupy: Any) -> None:
    for stream in (torch.cuda.Stream(), cupy.cuda.Stream(), torch.cuda.Stream().cuda_stream):
        x, y, expected = arrays(torch)
        torch.cuda.synchronize()
        saxpy[GRID, BLOCK, stream](2.0, x, y)
        torch.cuda.synchronize()
        assert torch.equal(y, expected)


def test_a_launch_is_captured_in_a_graph(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        saxpy[GRID, BLOCK](2.0, x, y)
    assert bool((y == 1).all())
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(y, expected)


def test_a_launch_with_a_priority(planned: Any, torch: Any) -> None:
    """Kept, beside launches that go by plan, and in a graph."""
    x, y, _ = arrays(torch)
    launch = planned.configure(GRID, BLOCK, priority=-1)
    for _ in range(3):
        planned[GRID, BLOCK](2.0, x, y)
        launch(2.0, x, y)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch(2.0, x, y)
    graph.replay()
    torch.cuda.synchronize()
    assert torch.equal(y, 14 * x + 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda torch, x: x.double(), "got an array of f64"),
        (lambda torch, x: x.reshape(1, -1), "reshape it to 1 dimension"),
        (lambda torch, x: torch.stack([x, x], 1)[:, 0], "not contiguous"),
        (lambda torch, x: x.cpu(), "in host memory"),
        (lambda torch, x: x.cpu().numpy(), "in host memory"),
        (lambda torch, x: x.tolist()[:3], "which is no array on a GPU"),
        (lambda torch, x: x[:-1], r"requires len\(x\) >= len\(y\)"),
    ],
)
def test_arguments_that_do_not_fit(change: Any, message: str, saxpy: Any, torch: Any) -> None:
    x, y, _ = arrays(torch)
    with pytest.raises(KernelArgumentError, match=message):
        saxpy[GRID, BLOCK](2.0, change(torch, x), y)
    assert bool((y == 1).all())


def test_calls_that_do_not_fit(saxpy: Any, torch: Any) -> None:
    x, y, _ = arrays(torch)
    with pytest.raises(KernelArgumentError, match="missing 'y'"):
        saxpy[GRID, BLOCK](2.0, x)
    with pytest.raises(KernelArgumentError, match="declared f32, which holds at most"):
        saxpy[GRID, BLOCK](1e300, x, y)
    with pytest.raises(LaunchError, match="uniqueness of the thread's own index"):
        saxpy[(GRID, 2), BLOCK](2.0, x, y)
    with pytest.raises(LaunchError, match="stream=0 is the default stream"):
        saxpy[GRID, BLOCK](2.0, Only(x, *CUDA_ARRAY), Only(y, *CUDA_ARRAY))
    with pytest.raises(LaunchError, match="bytes of dynamic shared memory"):
        saxpy[GRID, BLOCK, None, 2**20](2.0, x, y)


def test_much_dynamic_shared_memory(saxpy: Any, torch: Any) -> None:
    x, y, expected = arrays(torch)
    saxpy[GRID, BLOCK, None, 64 * 1024](2.0, x, y)
    assert torch.equal(y, expected)


def test_two_threads_and_no_context_left_behind(saxpy: Any, torch: Any) -> None:
    contexts: list[int] = []
    x, _, _ = arrays(torch)
    outputs = [torch.ones_like(x) for _ in range(2)]
    torch.cuda.synchronize()

    def work(y: Any) -> None:
        for _ in range(100):
            saxpy[GRID, BLOCK, 0](2.0, x, y)
        contexts.append(int(device.driver().cuCtxGetCurrent()[1]))

    threads = [threading.Thread(target=work, args=(y,)) for y in outputs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.cuda.synchronize()
    assert contexts == [0, 0]
    for y in outputs:
        torch.testing.assert_close(y, 200 * x + 1)


def test_a_second_gpu(saxpy: Any, torch: Any) -> None:
    if torch.cuda.device_count() < 2:
        pytest.skip("this machine has one GPU")
    x, y, expected = arrays(torch, ordinal=1)
    torch.cuda.set_device(0)
    here = int(device.driver().cuCtxGetCurrent()[1])
    saxpy[GRID, BLOCK](2.0, x, y)
    assert torch.equal(y, expected)
    assert int(device.driver().cuCtxGetCurrent()[1]) == here
    with pytest.raises(KernelArgumentError, match="the arrays are on different GPUs: 'x' on GPU 1, 'y' on GPU 0"):
        saxpy[GRID, BLOCK](2.0, x, y.to("cuda:0"))


def test_the_chosen_image(saxpy: Any) -> None:
    here = device.current()
    assert saxpy.image.target in {f"sm_{here.capability[0]}{here.capability[1]}{suffix}" for suffix in ("", "a", "f")}
    assert f".target {saxpy.image.target}" in saxpy.ptx
    assert here.driver >= (12, 0)
