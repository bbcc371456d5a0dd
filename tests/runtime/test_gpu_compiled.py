"""Introspection, preloading, forks and faults on a real GPU, with CuPy and an installed `example_pkg`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from oxide_build import gpu
from oxide_build.errors import LaunchError

pytestmark = pytest.mark.gpu

N, GRID, BLOCK = 100_003, 391, 256

START = f"""
import cupy, os, sys
from oxide_build import gpu
from oxide_build.errors import ForkError, KernelFault
from example_pkg.kernels.vector import saxpy

N, GRID, BLOCK = {N}, {GRID}, {BLOCK}

def arrays():
    return cupy.arange(N, dtype=cupy.float32), cupy.ones(N, dtype=cupy.float32)
"""


@pytest.fixture
def cupy() -> Any:
    """CuPy."""
    return pytest.importorskip("cupy")


@pytest.fixture
def saxpy(cupy: Any) -> gpu.Kernel:
    """The kernel `saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])`."""
    found = pytest.importorskip("example_pkg.kernels.vector").saxpy
    assert isinstance(found, gpu.Kernel)
    return found


def in_a_process(script: str) -> list[str]:
    """The words that a fresh Python prints, after CuPy and the kernel are imported and nothing is loaded."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", START + script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_attributes(saxpy: gpu.Kernel) -> None:
    found = saxpy.attributes
    assert 1 <= found.registers <= 255
    assert found.max_threads == 1024
    assert found.shared_memory == 0
    assert found.local_memory == 0
    assert found.constant_memory >= 0
    assert found == saxpy.variant().attributes


def test_occupancy(saxpy: gpu.Kernel) -> None:
    whole, half = saxpy.occupancy(256), saxpy.occupancy(256, shared_memory=100_000)
    assert 1 <= whole.blocks <= 32
    assert whole.fraction == 1.0
    assert 1 <= half.blocks < whole.blocks
    assert half.fraction == half.blocks / whole.blocks
    with pytest.raises(LaunchError, match="CUDA_ERROR"):
        saxpy.occupancy(256, shared_memory=10_000_000)


def test_what_is_loaded_is_what_is_printed(saxpy: gpu.Kernel) -> None:
    assert f"\n  {saxpy.image.target}: PTX {saxpy.image.ptx_version}, " in str(saxpy)
    assert f".target {saxpy.image.target}" in saxpy.ptx


def test_cuda_core_launches_the_kernel(saxpy: gpu.Kernel, cupy: Any) -> None:
    core = pytest.importorskip("cuda.core")
    x, y = cupy.arange(N, dtype=cupy.float32), cupy.ones(N, dtype=cupy.float32)
    cupy.cuda.Device().synchronize()
    device = core.Device(0)
    device.set_current()
    stream = device.create_stream()
    arguments = np.float32(2), x.data.ptr, np.int32(N), y.data.ptr, np.int32(N)
    core.launch(stream, core.LaunchConfig(grid=GRID, block=BLOCK), saxpy.cuda_core, *arguments)
    stream.sync()
    assert bool((y == 2 * x + 1).all())
    assert saxpy.cuda_core.attributes.num_regs == saxpy.attributes.registers


CAPTURE = """
x, y = arrays()
expected = 2 * x + y
cupy.cuda.Device().synchronize()
stream = cupy.cuda.Stream(non_blocking=True)
with stream:
    stream.begin_capture(cupy.cuda.runtime.streamCaptureModeGlobal)
    saxpy[GRID, BLOCK](2.0, x, y)
    graph = stream.end_capture()
before = bool((y == 1).all())
graph.launch(stream)
stream.synchronize()
print(before, bool((y == expected).all()))
"""


@pytest.mark.parametrize("first", ["", 'gpu.preload("example_pkg")', "gpu.preload(saxpy)", "saxpy.preload(device=0)"])
@pytest.mark.usefixtures("saxpy")
def test_a_first_launch_in_a_capture(first: str) -> None:
    assert in_a_process(f"{first}\n{CAPTURE}") == ["True", "True"]


@pytest.mark.usefixtures("saxpy")
def test_first_launches_that_race() -> None:
    script = """
import threading
barrier, wrong = threading.Barrier(16), []

def work(number):
    with cupy.cuda.Stream(non_blocking=True) as stream:
        x, y = arrays()
        barrier.wait()
        for _ in range(50):
            saxpy[GRID, BLOCK](float(number), x, y)
        stream.synchronize()
        if not bool((y[:1000] == 50 * number * x[:1000] + 1).all()):  # exact in f32 up to there
            wrong.append(number)

threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(wrong))
"""
    assert in_a_process(script) == ["0"]


CHILD = """
def in_a_child(work):
    if not os.fork():
        try:
            work()
            print("worked", flush=True)
        except ForkError as error:
            print("refused" if "spawn" in str(error) else error, flush=True)
        finally:
            os._exit(0)
    os.wait()

def launch():
    x, y = arrays()
    saxpy[GRID, BLOCK](2.0, x, y)
    assert bool((y == 2 * x + 1).all())
"""


@pytest.mark.usefixtures("saxpy")
def test_a_fork_before_any_use_works() -> None:
    assert in_a_process(f"{CHILD}\nin_a_child(launch)\nlaunch()\nprint('parent')") == ["worked", "parent"]


@pytest.mark.usefixtures("saxpy")
def test_a_fork_after_use_is_refused() -> None:
    script = """
launch()
x, y = arrays()
kept = saxpy[GRID, BLOCK, 0]
kept(2.0, x, y)
for work in (saxpy.preload, lambda: saxpy.attributes, lambda: kept(2.0, x, y), lambda: gpu.preload("example_pkg")):
    in_a_child(work)
launch()
print("parent")
"""
    assert in_a_process(CHILD + script) == ["refused"] * 4 + ["parent"]


@pytest.mark.usefixtures("saxpy")
def test_a_fork_after_anothers_use_is_refused() -> None:
    script = "\narrays()[0].sum().get()\nin_a_child(saxpy.preload)\nprint('parent')"
    assert in_a_process(CHILD + script) == ["refused", "parent"]


@pytest.mark.usefixtures("saxpy")
def test_a_fault_is_raised_by_the_next_launch() -> None:
    script = """
class Lying:
    def __init__(self, array):
        interface = dict(array.__cuda_array_interface__)
        self.__cuda_array_interface__ = {**interface, "shape": (2**30,), "strides": None}

x, y = arrays()
saxpy[2**30 // 1024, 1024, 0](2.0, Lying(x), Lying(y))
try:
    cupy.cuda.Device().synchronize()
except cupy.cuda.runtime.CUDARuntimeError:
    print("died")
try:
    saxpy[GRID, BLOCK, 0](2.0, x, y)
except KernelFault as error:
    print("lost" if "the CUDA context of this process is lost" in str(error) else error)
sys.stdout.flush()
os._exit(0)  # CuPy's clean-up would fail in a lost context
"""
    assert in_a_process(script) == ["died", "lost"]
