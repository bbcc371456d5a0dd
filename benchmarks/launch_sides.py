"""Who launches: each way of launching the same saxpy, as one statement to repeat.

In: a `Scene`, what all of them share. Out: a `Side`, which queues so many launches and says how long that took. Its
own room because each peer has its own way in, and any of them may be missing on a machine. All run in one process, in
the device's primary context, on the legacy default stream (Warp: on its own). What a peer's user would keep between
launches is made beforehand: configurations, NumPy scalars, prepacked arguments.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import saxpy
from saxpy import ELEMENTS, FACTOR

from oxide_build.runtime import device

ONE = 0x3F800000
"""1.0 in f32, as the driver's memset takes it."""

C_SOURCE = """
#include <time.h>

typedef int (*launch_t)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *,
                        void **, void **);

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

double queue(launch_t launch, void *kernel, unsigned block, void **arguments, int count)
{
    double start = now();
    for (int i = 0; i < count; i++)
        if (launch(kernel, 1, 1, 1, block, 1, 1, 0, 0, arguments, 0) != 0)
            return -1.0;
    return now() - start;
}
"""


@dataclass(frozen=True)
class Side:
    """One way to launch: `queue(count)` gives the seconds that so many launches took; `out` is where its y lies."""

    queue: Callable[[int], float]
    out: int
    keep: object = None


@dataclass
class Scene:
    """What all sides share: the driver, our kernel, its image, and memory for those who take pointers."""

    directory: Path
    api: Any = field(init=False)
    kernel: Any = field(init=False)
    ptx: bytes = field(init=False)
    x: int = field(init=False)
    y: int = field(init=False)

    def __post_init__(self) -> None:
        self.api = device.driver()
        context = self.done(self.api.cuDevicePrimaryCtxRetain(self.done(self.api.cuDeviceGet(0))))
        self.done(self.api.cuCtxSetCurrent(context))
        file = saxpy.build(self.directory, "oxide_launch", saxpy.this_target())
        self.kernel = saxpy.load(self.directory, "oxide_launch.kernel").saxpy
        self.ptx = saxpy.image_file(file).read_bytes()
        self.x, self.y = (int(self.done(self.api.cuMemAlloc(4 * ELEMENTS))) for _ in "xy")
        self.done(self.api.cuMemsetD32(self.x, ONE, ELEMENTS))

    def done(self, result: tuple[Any, ...]) -> Any:
        """What a driver call gave. Raises LaunchError, KernelFault."""
        return device.check(result, "measuring launches")

    def synchronize(self) -> None:
        """Wait for all that was queued."""
        self.done(self.api.cuCtxSynchronize())

    def load(self, ptx: bytes) -> tuple[Any, Any]:
        """The kernel in a PTX text, as `CUkernel` and as `CUfunction`."""
        library = self.done(self.api.cuLibraryLoadData(ptx + b"\0", [], [], 0, [], [], 0))
        kernel = self.done(self.api.cuLibraryGetKernel(library, saxpy.entry(ptx.decode()).encode()))
        return kernel, self.done(self.api.cuKernelGetFunction(kernel))

    def our_arguments(self) -> tuple[Any, ...]:
        """The six parameters of our kernel."""
        n = ctypes.c_int(ELEMENTS)
        return ctypes.c_float(FACTOR), ctypes.c_void_p(self.x), n, ctypes.c_void_p(self.y), n, n

    def plain_arguments(self) -> tuple[Any, ...]:
        """The four parameters of the hand-written kernel."""
        factor, x, n, y, *_ = self.our_arguments()
        return factor, x, y, n

    def check(self, side: Side) -> None:
        """Let the side launch once and look at what it wrote. Raises ValueError when that is not saxpy."""
        self.done(self.api.cuMemsetD32(side.out, 0, ELEMENTS))
        self.synchronize()
        side.queue(1)
        self.synchronize()
        found = (ctypes.c_float * ELEMENTS)()
        self.done(self.api.cuMemcpyDtoH(ctypes.addressof(found), side.out, 4 * ELEMENTS))
        if set(found) != {FACTOR}:
            raise ValueError(f"computed {found[0]} .. {found[-1]}, not {FACTOR}")


def pointers(values: tuple[Any, ...]) -> Any:
    """The driver's array of pointers to parameters; `values` are to be kept."""
    return (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))


def repeat(statement: str, out: int, **names: object) -> Side:
    """The side that repeats a statement over these names, as the author of a loop would write it."""
    return Side(timeit.Timer(statement, globals=names).timeit, out, names)


def c_library(directory: Path) -> ctypes.CDLL:
    """The timed loop in C, compiled here. Raises FileNotFoundError without a compiler, CalledProcessError."""
    compilers = filter(None, map(shutil.which, ("cc", "gcc", "clang", "nvcc")))
    compiler = next(compilers, None)
    if compiler is None:
        raise FileNotFoundError("no C compiler on PATH")
    source, library = directory / "queue.c", directory / "queue.so"
    source.write_text(C_SOURCE, encoding="utf-8")
    position = ("-Xcompiler", "-fPIC") if compiler.endswith("nvcc") else ("-fPIC",)
    subprocess.run([compiler, "-O2", "-shared", *position, "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def in_c(scene: Scene, handle: Any, values: tuple[Any, ...]) -> Side:
    """`cuLaunchKernel` from C, arguments prepacked; the driver's function is called through its address."""
    loop = c_library(scene.directory).queue
    loop.restype, addresses = ctypes.c_double, pointers(values)
    launch = ctypes.cast(ctypes.CDLL("libcuda.so.1").cuLaunchKernel, ctypes.c_void_p)
    kernel, block = ctypes.c_void_p(int(handle)), ctypes.c_uint(ELEMENTS)

    def queue(count: int) -> float:
        seconds = float(loop(launch, kernel, block, addresses, count))
        if seconds < 0:
            raise RuntimeError("cuLaunchKernel failed in C")
        return seconds

    return Side(queue, scene.y, (values, addresses))


def c_function(scene: Scene) -> Side:
    return in_c(scene, scene.load(scene.ptx)[1], scene.our_arguments())


def c_kernel(scene: Scene) -> Side:
    return in_c(scene, scene.load(scene.ptx)[0], scene.our_arguments())


def c_plain(scene: Scene) -> Side:
    return in_c(scene, scene.load(saxpy.PLAIN_PTX.encode())[1], scene.plain_arguments())


def bindings_prepacked(scene: Scene) -> Side:
    values = scene.our_arguments()
    addresses = pointers(values)
    return repeat(
        f"launch(function, 1, 1, 1, {ELEMENTS}, 1, 1, 0, stream, address, 0)",
        scene.y,
        launch=scene.api.cuLaunchKernel,
        function=scene.load(scene.ptx)[1],
        stream=scene.api.CUstream(0),
        address=ctypes.addressof(addresses),
        kept=(values, addresses),
    )


def bindings_packed(scene: Scene) -> Side:
    return repeat(
        f"launch(function, 1, 1, 1, {ELEMENTS}, 1, 1, 0, stream, ((a, x, n, y, n, n), types), 0)",
        scene.y,
        launch=scene.api.cuLaunchKernel,
        function=scene.load(scene.ptx)[1],
        stream=scene.api.CUstream(0),
        types=tuple(map(type, scene.our_arguments())),
        a=FACTOR,
        x=scene.x,
        y=scene.y,
        n=ELEMENTS,
    )


def cuda_core(scene: Scene, arrays: str, out: int, **names: object) -> Side:
    """`cuda.core.launch` of the four-parameter kernel, with configuration and NumPy scalars kept."""
    import numpy as np
    from cuda.core import Device, LaunchConfig, ObjectCode, launch

    here = Device(0)
    here.set_current()
    code = ObjectCode.from_ptx(saxpy.PLAIN_PTX.encode())
    return repeat(
        f"launch(stream, config, kernel, a, {arrays}, n)",
        out,
        launch=launch,
        stream=here.default_stream,
        config=LaunchConfig(grid=1, block=ELEMENTS),
        code=code,
        kernel=code.get_kernel("saxpy"),
        a=np.float32(FACTOR),
        n=np.int32(ELEMENTS),
        **names,
    )


def cuda_core_pointers(scene: Scene) -> Side:
    return cuda_core(scene, "x, y", scene.y, x=scene.x, y=scene.y)


def cuda_core_torch(scene: Scene) -> Side:
    arrays = torch_arrays()
    return cuda_core(scene, "x.data_ptr(), y.data_ptr()", arrays["y"].data_ptr(), **arrays)


def cuda_core_cupy(scene: Scene) -> Side:
    arrays = cupy_arrays()
    return cuda_core(scene, "x.data.ptr, y.data.ptr", arrays["y"].data.ptr, **arrays)


def torch_arrays() -> dict[str, Any]:
    """x and y as torch tensors."""
    import torch

    return {"x": torch.ones(ELEMENTS, device="cuda"), "y": torch.zeros(ELEMENTS, device="cuda")}


def cupy_arrays() -> dict[str, Any]:
    """x and y as CuPy arrays."""
    import cupy

    return {"x": cupy.ones(ELEMENTS, dtype="float32"), "y": cupy.zeros(ELEMENTS, dtype="float32")}


def cupy_raw_kernel(scene: Scene) -> Side:
    import cupy
    import numpy as np

    kernel, arrays = cupy.RawKernel(saxpy.CUDA_SOURCE, "saxpy"), cupy_arrays()
    return repeat(
        f"kernel((1,), ({ELEMENTS},), (a, x, y, n))",
        arrays["y"].data.ptr,
        kernel=kernel,
        a=np.float32(FACTOR),
        n=np.int32(ELEMENTS),
        **arrays,
    )


def triton(scene: Scene) -> Side:
    kernel = saxpy.load_text(scene.directory, "triton_saxpy", saxpy.TRITON_SOURCE).saxpy
    arrays = torch_arrays()
    statement = f"kernel[(1,)](a, x, y, n, BLOCK={ELEMENTS})"
    return repeat(statement, arrays["y"].data_ptr(), kernel=kernel, a=FACTOR, n=ELEMENTS, **arrays)


def torch_add(scene: Scene) -> Side:
    arrays = torch_arrays()
    return repeat("y.add_(x, alpha=a)", arrays["y"].data_ptr(), a=FACTOR, **arrays)


def warp(scene: Scene) -> Side:
    import warp as wp

    wp.init()
    kernel = saxpy.load_text(scene.directory, "warp_saxpy", saxpy.WARP_SOURCE).saxpy
    x, y = (wp.full(ELEMENTS, value, dtype=wp.float32, device="cuda:0") for value in (1.0, 0.0))
    statement = f"launch(kernel, dim={ELEMENTS}, inputs=[a, x, y, n], device=place)"
    place = wp.get_device("cuda:0")
    return repeat(statement, y.ptr, launch=wp.launch, kernel=kernel, a=FACTOR, x=x, y=y, n=ELEMENTS, place=place)


def ours(scene: Scene, expression: str, arrays: Mapping[str, Any], out: int, stream: object = None) -> Side:
    """Our kernel over these arrays, from a kept configuration or from the subscript."""
    kept = scene.kernel[1, ELEMENTS, stream]
    names = {"kernel": scene.kernel, "kept": kept, "stream": stream, "a": FACTOR, "n": ELEMENTS, **arrays}
    return repeat(f"{expression}(a, x, y, n)", out, **names)


def ours_torch(scene: Scene, expression: str, stream: bool = False) -> Side:
    import torch

    arrays = torch_arrays()
    given = torch.cuda.current_stream() if stream else None
    return ours(scene, expression, arrays, arrays["y"].data_ptr(), given)


def ours_cupy(scene: Scene, expression: str, stream: bool = False) -> Side:
    import cupy

    arrays = cupy_arrays()
    given = cupy.cuda.get_current_stream() if stream else None
    return ours(scene, expression, arrays, arrays["y"].data.ptr, given)


def ours_pointers(scene: Scene, expression: str) -> Side:
    """Raw pointers, each made a view of once; no library says which stream."""
    from oxide_build import gpu

    arrays = {"x": gpu.view(scene.x, gpu.f32, ELEMENTS), "y": gpu.view(scene.y, gpu.f32, ELEMENTS)}
    return ours(scene, expression, arrays, scene.y, stream=0)


KEPT, SUBSCRIPT = "kept", f"kernel[1, {ELEMENTS}]"
OURS = {"oxide-build kept configuration": KEPT, "oxide-build subscript": SUBSCRIPT}

SIDES: Mapping[str, Callable[[Scene], Side]] = {
    "C cuLaunchKernel": c_function,
    "C cuLaunchKernel, CUkernel handle": c_kernel,
    "C cuLaunchKernel, four parameters": c_plain,
    "cuda.bindings cuLaunchKernel, prepacked": bindings_prepacked,
    "cuda.bindings, packed a call": bindings_packed,
    "cuda.core launch, raw pointers": cuda_core_pointers,
    "cuda.core launch given torch tensors": cuda_core_torch,
    "cuda.core launch given CuPy arrays": cuda_core_cupy,
    "CuPy RawKernel": cupy_raw_kernel,
    "Triton": triton,
    "torch y.add_(x, alpha=a)": torch_add,
    "Warp": warp,
    "oxide-build kept configuration": lambda scene: ours_torch(scene, KEPT),
    "oxide-build kept configuration, stream given": lambda scene: ours_torch(scene, KEPT, stream=True),
    "oxide-build subscript": lambda scene: ours_torch(scene, SUBSCRIPT),
    "oxide-build subscript, stream given": lambda scene: ours_torch(scene, f"kernel[1, {ELEMENTS}, stream]", True),
    "oxide-build kept configuration, CuPy arrays": lambda scene: ours_cupy(scene, KEPT),
    "oxide-build kept configuration, CuPy arrays, stream given": lambda scene: ours_cupy(scene, KEPT, stream=True),
    "oxide-build subscript, CuPy arrays": lambda scene: ours_cupy(scene, SUBSCRIPT),
    "oxide-build kept configuration, raw pointers": lambda scene: ours_pointers(scene, KEPT),
    "oxide-build subscript, raw pointers": lambda scene: ours_pointers(scene, f"kernel[1, {ELEMENTS}, stream]"),
}
