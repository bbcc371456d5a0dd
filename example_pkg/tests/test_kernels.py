"""Each kernel against NumPy in float64: in the simulator, and on the GPU with arrays of each library at hand."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import pytest

from example_pkg.demo.cases import CASES, Array, Case, Launch, Size
from example_pkg.demo.devices import run_on_gpu, simulate, why_no_gpu
from oxide_build.gpu import Kernel


def run_with_torch(kernel: Kernel, launch: Launch) -> Array:
    """On the GPU, with torch tensors, on torch's current stream."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch is not built for CUDA")
    return _run(kernel, launch, lambda a: torch.from_numpy(a).cuda(), lambda a: a.cpu().numpy())


def run_with_cupy(kernel: Kernel, launch: Launch) -> Array:
    """On the GPU, with CuPy arrays, on CuPy's current stream."""
    cupy = pytest.importorskip("cupy")
    return _run(kernel, launch, cupy.asarray, cupy.asnumpy)


def _run(kernel: Kernel, launch: Launch, to_gpu: Any, to_host: Any) -> Array:
    arguments = [to_gpu(a) if isinstance(a, np.ndarray) else a for a in launch.arguments]
    kernel[launch.grid, launch.block](*arguments)
    output: Array = to_host(arguments[-1])
    return output


RUNS = [
    pytest.param(simulate, id="simulator"),
    *(pytest.param(run, id=run.__name__, marks=pytest.mark.gpu) for run in (run_on_gpu, run_with_torch, run_with_cupy)),
]
SIZES = [
    pytest.param(case, size, id=f"{case.name}-{'x'.join(map(str, size))}") for case in CASES for size in case.tried
]


@pytest.fixture(autouse=True)
def _needs_gpu(request: pytest.FixtureRequest) -> None:
    reason = why_no_gpu(CASES[0].kernel) if request.node.get_closest_marker("gpu") else None
    if reason is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("case", "size"), SIZES)
def test_kernel(case: Case, size: Size, run: Any) -> None:
    seed = secrets.randbits(32)
    launch = case.make(np.random.default_rng(seed), size)
    error = case.measure(run(case.kernel, launch), launch.expected)
    assert error <= case.tolerance, f"the inputs came from seed {seed}"
