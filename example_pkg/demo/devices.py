"""Where a launch runs: on the GPU, or on the CPU in the simulator.

In: a kernel and a `Launch`. Out: its output as a NumPy array. Its own room because it is what a package with kernels
never needs: there the caller brings GPU arrays, of torch, CuPy or another library.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from example_pkg.demo.cases import Array, Launch
from oxide_build.errors import DriverNotFoundError
from oxide_build.gpu import Kernel

Run: TypeAlias = Callable[[Kernel, Launch], Array]

DEFAULT_STREAM = 0


def simulate(kernel: Kernel, launch: Launch) -> Array:
    """Run on the CPU; the launch's arrays stay as they are."""
    arguments = [np.copy(a) if isinstance(a, np.ndarray) else a for a in launch.arguments]
    kernel.simulate[launch.grid, launch.block](*arguments)
    output: Array = arguments[-1]
    return output


def run_on_gpu(kernel: Kernel, launch: Launch) -> Array:
    """Run on the first GPU, through memory of the driver's own: no array library is needed."""
    _enter_gpu()
    arguments = [GpuArray(a) if isinstance(a, np.ndarray) else a for a in launch.arguments]
    try:
        kernel[launch.grid, launch.block, DEFAULT_STREAM](*arguments)
        output: GpuArray = arguments[-1]
        return output.to_host()
    finally:
        for array in arguments:
            if isinstance(array, GpuArray):
                array.free()


def why_no_gpu(kernel: Kernel) -> str | None:
    """Why `kernel` cannot be launched on this machine, or None. Raises LoadError for a GPU the package cannot serve."""
    try:
        kernel.image  # noqa: B018 (asking for the image is what tells)
    except DriverNotFoundError as error:
        return error.message
    return None


class GpuArray:
    """A copy of a NumPy array in GPU memory, to be freed; kernels take it for its array interface."""

    def __init__(self, host: Array) -> None:
        self._host = np.ascontiguousarray(host)
        self._pointer = int(_driver("cuMemAlloc", max(1, host.nbytes)))
        if host.nbytes:
            _driver("cuMemcpyHtoD", self._pointer, self._host.ctypes.data, host.nbytes)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        host = self._host
        data = (self._pointer, False)
        return {"shape": host.shape, "typestr": host.dtype.str, "data": data, "strides": None, "version": 3}

    def to_host(self) -> Array:
        """A copy in a NumPy array, taken once the default stream is done."""
        copy = np.empty_like(self._host)
        if copy.nbytes:
            _driver("cuMemcpyDtoH", copy.ctypes.data, self._pointer, copy.nbytes)
        return copy

    def free(self) -> None:
        """Give the memory back; the array must not be used any more."""
        _driver("cuMemFree", self._pointer)


@functools.cache
def _enter_gpu() -> None:
    """Make the first GPU's primary context, in which kernels launch, this thread's current one for good."""
    _driver("cuInit", 0)
    _driver("cuCtxSetCurrent", _driver("cuDevicePrimaryCtxRetain", _driver("cuDeviceGet", 0)))


def _driver(name: str, *arguments: Any) -> Any:
    """Call a function of the CUDA driver and give its result. Raises RuntimeError with the driver's own word."""
    from cuda.bindings import driver

    code, *results = getattr(driver, name)(*arguments)
    if code != driver.CUresult.CUDA_SUCCESS:
        raise RuntimeError(f"{name}: {code.name}")
    return results[0] if results else None
