"""The CUDA driver: every call to it, and every word it says back.

In: ordinals, images, packed launches. Out: handles, device descriptions, queued kernels;
or an error that carries the driver's own text. Its own room because it is the only one
that imports `cuda.bindings`, and that only at the first launch: importing a package with
kernels must neither need a driver nor touch one.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oxide_build.errors import (
    DriverNotFoundError,
    ImageRefusedError,
    KernelArgumentError,
    KernelError,
    KernelFault,
    LaunchError,
    LoadError,
)
from oxide_build.records import dataclass
from oxide_build.runtime import forks
from oxide_build.runtime.arrays import View
from oxide_build.runtime.remedies import FAULT, FAULTS, REFUSALS, REMEDIES

OLDEST_DRIVER = 12, 0
LOG_BYTES = 16384


@dataclass(frozen=True)
class DeviceInfo:
    """One GPU: its name, compute capability, and the CUDA release its driver is for."""

    name: str
    capability: tuple[int, int]
    driver: tuple[int, int]


@functools.cache
def driver() -> Any:
    """`cuda.bindings.driver`, initialised.

    Raises DriverNotFoundError when anything of it is missing here, ForkError where a fork has taken it away.
    """
    forks.refuse()
    try:
        api = importlib.import_module("cuda.bindings.driver")
    except ImportError as error:
        raise DriverNotFoundError(
            f"launching a kernel needs the package cuda-bindings: {error}",
            help='pip install "oxide-build[cuda]", or run on the CPU with kernel.simulate[grid, block](...)',
        ) from None
    try:
        code = api.cuInit(0)[0]
    except RuntimeError as error:
        raise _no_driver(str(error)) from None
    if int(code) == forks.NOT_INITIALIZED:
        raise forks.refusal()
    if int(code):
        raise _no_driver(_text(api, code), "see what nvidia-smi and CUDA_VISIBLE_DEVICES say")
    forks.watch(driver.cache_clear)
    return api


def _no_driver(reason: str, remedy: str = "install the NVIDIA driver") -> DriverNotFoundError:
    return DriverNotFoundError(
        f"no NVIDIA GPU can be used here: {reason}",
        help=f"{remedy}, or run on the CPU with kernel.simulate[grid, block](...)",
    )


def check(
    result: tuple[Any, ...], doing: str | Callable[[], str], error: type[KernelError] = LaunchError, log: str = ""
) -> Any:
    """What a driver call gave besides its CUresult.

    Raises `error`, KernelFault where the result means a kernel has died, ImageRefusedError where an image is to blame,
    or ForkError, with what was being done, the driver's name and text for the result, and `log`.
    """
    code, *values = result
    if int(code) == 0:
        return values[0] if len(values) == 1 else tuple(values)
    what = doing if isinstance(doing, str) else doing()
    if int(code) == forks.NOT_INITIALIZED:
        raise forks.refusal(what)
    message = f"{what}: {_text(driver(), code)}" + (f"\n{log}" if log else "")
    if int(code) in FAULTS:
        raise KernelFault(message, help=FAULT)
    if int(code) in REFUSALS:
        raise ImageRefusedError(message, help=REMEDIES.get(int(code)))
    raise error(message, help=REMEDIES.get(int(code)))


def _text(api: Any, code: Any) -> str:
    text = api.cuGetErrorString(code)[1]
    name = getattr(code, "name", "CUresult")
    return f"{name} ({int(code)}): {text.decode() if text else 'unknown to this driver'}"


def driver_version() -> tuple[int, int]:
    """The CUDA release the driver is for, `(12, 8)`. Raises LoadError for one too old to hold libraries of kernels."""
    number = int(check(driver().cuDriverGetVersion(), "asking for the driver's version", LoadError))
    version = number // 1000, number % 1000 // 10
    if version < OLDEST_DRIVER:
        raise LoadError(
            f"the NVIDIA driver is for CUDA {version[0]}.{version[1]}, kernels need one for CUDA 12.0 or newer",
            help="upgrade the NVIDIA driver to branch 525 or newer",
        )
    return version


@functools.cache
def info(ordinal: int) -> DeviceInfo:
    """The GPU of that number. Raises DriverNotFoundError, LoadError."""
    api = driver()
    attribute, name = api.CUdevice_attribute, f"asking about GPU {ordinal}"
    major = api.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, ordinal)
    minor = api.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, ordinal)
    title = bytes(check(api.cuDeviceGetName(128, ordinal), name, LoadError)).partition(b"\0")[0].decode()
    capability = int(check(major, name, LoadError)), int(check(minor, name, LoadError))
    return DeviceInfo(title, capability, driver_version())


def current() -> DeviceInfo:
    """The GPU of the calling thread's context, else the first one. Raises DriverNotFoundError, LoadError."""
    return info(current_ordinal())


def current_ordinal() -> int:
    """The number of the GPU of the calling thread's context; 0 when it has none."""
    api = driver()
    if not int(check(api.cuCtxGetCurrent(), "asking for the current context")):
        return 0
    return int(check(api.cuCtxGetDevice(), "asking for the current context's GPU"))


def ordinal_of(views: Mapping[str, View]) -> int:
    """The one GPU all these arrays are on; the current one when there are no elements at all.

    Raises KernelArgumentError for arrays of several GPUs, or memory that is no GPU's.
    """
    found = {name: _ordinal(name, view) for name, view in views.items() if view.pointer}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name!r} on GPU {ordinal}" for name, ordinal in found.items())
        raise KernelArgumentError(f"the arrays are on different GPUs: {listed}", help="move them to one GPU")
    return next(iter(found.values())) if found else current_ordinal()


def _ordinal(name: str, view: View) -> int:
    return ordinal_at(view.pointer, f"argument {name!r}") if view.device is None else view.device


def ordinal_at(address: int, what: str) -> int:
    """The number of the GPU whose memory lies at that address. Raises KernelArgumentError about `what`."""
    api = driver()
    attribute = api.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
    result = api.cuPointerGetAttribute(attribute, address)
    return int(check(result, f"{what} at {address:#x} is no memory of a GPU", KernelArgumentError))


@functools.cache
def primary_context(ordinal: int) -> Any:
    """The context of that GPU that all libraries share, kept until the process ends. Raises LaunchError."""
    return check(driver().cuDevicePrimaryCtxRetain(ordinal), f"taking the primary context of GPU {ordinal}")


@contextmanager
def activated(ordinal: int) -> Iterator[None]:
    """Run the block with a context of this GPU current, and leave the caller's as it was."""
    api = driver()
    if int(check(api.cuCtxGetCurrent(), "asking for the current context")) and current_ordinal() == ordinal:
        yield
        return
    check(api.cuCtxPushCurrent(primary_context(ordinal)), f"entering the context of GPU {ordinal}")
    try:
        yield
    finally:
        check(api.cuCtxPopCurrent(), f"leaving the context of GPU {ordinal}")


def load_library(image: bytes, name: str) -> tuple[Any, object]:
    """A library from PTX or cubin, and the log buffer to keep beside it. Raises LoadError with the assembler's log."""
    api, log, option = driver(), bytearray(LOG_BYTES), driver().CUjit_option
    options = {
        option.CU_JIT_ERROR_LOG_BUFFER: log,
        option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES: LOG_BYTES,
        option.CU_JIT_GENERATE_LINE_INFO: 1,
    }
    keys, values = list(options), list(options.values())
    result = api.cuLibraryLoadData(image + b"\0", keys, values, len(keys), [], [], 0)
    return check(result, f"loading {name}", LoadError, _read(log)), log


def get_kernel(library: Any, log: object, symbol: str) -> Any:
    """The kernel called `symbol`, loaded into the current context. Raises LoadError with the assembler's log."""
    api, doing = driver(), f"loading kernel {symbol}"
    kernel = check(api.cuLibraryGetKernel(library, symbol.encode()), doing, LoadError)
    check(api.cuKernelGetFunction(kernel), doing, LoadError, _read(log))
    return kernel


def _read(log: object) -> str:
    return bytes(log).partition(b"\0")[0].decode(errors="replace").strip() if isinstance(log, bytearray) else ""


@contextmanager
def capture_relaxed() -> Iterator[None]:
    """Let the block load code while the thread captures a graph, which the driver refuses otherwise."""
    api = driver()
    relaxed = api.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    before = check(api.cuThreadExchangeStreamCaptureMode(relaxed), "relaxing the capture mode")
    try:
        yield
    finally:
        check(api.cuThreadExchangeStreamCaptureMode(before), "restoring the capture mode")


def allow_shared_memory(kernel: Any, size: int, ordinal: int) -> None:
    """Let `kernel` have `size` bytes of dynamic shared memory on this GPU. Raises LaunchError when it has less."""
    api = driver()
    attribute = api.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    result = api.cuKernelSetAttribute(attribute, size, kernel, ordinal)
    check(result, f"asking for {size} bytes of dynamic shared memory on GPU {ordinal}")


@functools.lru_cache(maxsize=1024)
def most_blocks_at_once(kernel: int, threads: int, shared_memory: int, ordinal: int) -> int:
    """How many blocks of so many threads and bytes of dynamic shared memory the GPU runs at the same time."""
    return blocks_on_multiprocessor(kernel, threads, shared_memory) * _device_attribute("MULTIPROCESSOR_COUNT", ordinal)


def blocks_on_multiprocessor(kernel: int, threads: int, shared_memory: int) -> int:
    """How many such blocks one multiprocessor of the current context's GPU runs at the same time."""
    result = driver().cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, threads, shared_memory)
    return int(check(result, f"asking how many blocks of {threads} threads fit on a multiprocessor"))


def threads_on_multiprocessor(ordinal: int) -> int:
    """How many threads one multiprocessor of this GPU holds."""
    return _device_attribute("MAX_THREADS_PER_MULTIPROCESSOR", ordinal)


@functools.cache
def priorities(ordinal: int) -> tuple[int, int]:
    """The last and the first priority of launches on this GPU, which is the current context's: lower goes first."""
    last, first = check(driver().cuCtxGetStreamPriorityRange(), f"asking for the priorities of GPU {ordinal}")
    return int(last), int(first)


def _device_attribute(name: str, ordinal: int) -> int:
    api = driver()
    attribute = getattr(api.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}")
    return int(check(api.cuDeviceGetAttribute(attribute, ordinal), f"asking about GPU {ordinal}", LoadError))


def kernel_attribute(kernel: Any, name: str, ordinal: int) -> int:
    """What the driver knows of a kernel on this GPU: `NUM_REGS` and the like."""
    api = driver()
    attribute = getattr(api.CUfunction_attribute, f"CU_FUNC_ATTRIBUTE_{name}")
    return int(check(api.cuKernelGetAttribute(attribute, kernel, ordinal), "asking about a kernel", LoadError))


def cuda_core_kernel(kernel: Any) -> Any:
    """The same kernel as a `cuda.core.Kernel`. Raises LoadError where that package is not installed."""
    try:
        core = importlib.import_module("cuda.core")
        return core.Kernel.from_handle(int(kernel))
    except (ImportError, AttributeError) as error:
        raise LoadError(
            f"handing a kernel over needs the package cuda-core, 1.0 or newer: {error}",
            help='pip install "cuda-core>=1.0"',
        ) from None


ENTRY_POINTS = ("cuLaunchKernel", "cuCtxGetCurrent", "cuCtxPushCurrent", "cuCtxPopCurrent", "cuCtxGetDevice")


def entry_points() -> tuple[int, ...] | None:
    """The addresses of the driver's functions that a launch in C calls; None where the driver does not say."""
    find = getattr(driver(), "cuGetProcAddress", None)
    if find is None:
        return None
    results = [find(name.encode(), 1000 * OLDEST_DRIVER[0], 0) for name in ENTRY_POINTS]
    found = tuple(int(result[1] or 0) for result in results if not int(result[0]))
    return found if len(found) == len(results) and all(found) else None


ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "cooperative": ("COOPERATIVE", "cooperative"),
    "programmatic": ("PROGRAMMATIC_STREAM_SERIALIZATION", "programmaticStreamSerializationAllowed"),
    "priority": ("PRIORITY", "priority"),
}
"""What the driver calls each attribute of a launch, and its value."""


def launch(
    kernel: Any,
    geometry: tuple[int, ...],
    stream: int,
    arguments: int,
    attributes: Mapping[str, int],
    doing: Callable[[], str],
) -> None:
    """Queue `kernel`; `arguments` is the address of an array of pointers to its parameters. Raises LaunchError.

    The geometry is grid, block and bytes of dynamic shared memory, one after the other.
    """
    api = driver()
    if not attributes:
        check(api.cuLaunchKernel(int(kernel), *geometry, stream, arguments, 0), doing)
        return
    config = api.CUlaunchConfig()
    config.gridDimX, config.gridDimY, config.gridDimZ = geometry[:3]
    config.blockDimX, config.blockDimY, config.blockDimZ = geometry[3:6]
    config.sharedMemBytes, config.hStream = geometry[6], api.CUstream(stream)
    config.attrs, config.numAttrs = [_attribute(api, *named) for named in attributes.items()], len(attributes)
    check(api.cuLaunchKernelEx(config, int(kernel), arguments, 0), doing)


def _attribute(api: Any, name: str, value: int) -> Any:
    label, field = ATTRIBUTES[name]
    made = api.CUlaunchAttribute()
    made.id = getattr(api.CUlaunchAttributeID, f"CU_LAUNCH_ATTRIBUTE_{label}")
    setattr(made.value, field, value)
    return made
