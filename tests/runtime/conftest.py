"""A driver that is not there, and a package of kernels as a build would leave it.

`FakeDriver` answers as `cuda.bindings.driver` does, in the calls the runtime makes: it
keeps a context stack a thread, records every call, copies the parameters of a launch when
it happens, and fails where a test tells it to. A test that asks for `way` runs twice, with
launches by plan in Python and in C, which calls the same driver.
"""
# ruff: noqa: N802  the driver's own names

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from oxide_build.manifest import Artifact, Contract, Kernel, Manifest, Parameter
from oxide_build.runtime import device, loader, native
from tests.runtime.lookalikes import Streams

pytest.register_assert_rewrite("tests.runtime.planned")

PTX = {"sm_80": b".version 7.0\n// for 8.0", "sm_90": b".version 7.8\n// for 9.0", "sm_90a": b".version 8.0\n// 9.0a"}
DRIVERS = {"sm_80": "11.0", "sm_90": "11.8", "sm_90a": "12.0"}

SAXPY = Kernel(
    name="saxpy",
    symbol="saxpy_entry",
    parameters=(
        Parameter("a", "scalar", "f32"),
        Parameter("x", "slice", "f32", 1),
        Parameter("y", "disjoint", "f32", 1),
    ),
    index_dims=1,
    contracts=(Contract("len(x) >= len(y)", 9, ("ge", ("extent", "x", 0), ("extent", "y", 0))),),
)
EMPTY = Kernel("empty", "empty_entry", (), shared_memory=1024)
TOGETHER = Kernel("together", "together_entry", (), cooperative=True)
FOLLOWING = Kernel("following", "following_entry", (), waits_for_previous=True)
ALL = Kernel("all", "all_entry", (), cooperative=True, waits_for_previous=True)
KERNELS = SAXPY, EMPTY, TOGETHER, FOLLOWING, ALL


class CUresult(IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NOT_INITIALIZED = 3
    CUDA_ERROR_NO_DEVICE = 100
    CUDA_ERROR_NO_BINARY_FOR_GPU = 209
    CUDA_ERROR_INVALID_PTX = 218
    CUDA_ERROR_JIT_COMPILER_NOT_FOUND = 221
    CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222
    CUDA_ERROR_NOT_FOUND = 500
    CUDA_ERROR_ILLEGAL_ADDRESS = 700
    CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701
    CUDA_ERROR_ASSERT = 710
    CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE = 720
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900


class Names:
    """An enumeration of the driver's: every name stands for itself."""

    def __getattr__(self, name: str) -> str:
        return name


class FakeDriver(ModuleType):
    """`cuda.bindings.driver` with two GPUs; memory below 2**20 is GPU 0's, above it GPU 1's."""

    def __init__(self) -> None:
        super().__init__("cuda.bindings.driver")
        self.CUdevice_attribute = self.CUpointer_attribute = self.CUjit_option = Names()
        self.CUstreamCaptureMode = self.CUfunction_attribute = self.CUlaunchAttributeID = Names()
        self.CUlaunchConfig, self.CUstream = SimpleNamespace, int
        self.CUresult = CUresult
        self.multiprocessors = 10
        self.capability = 9, 0
        self.version = 12080
        self.failures: dict[str, int] = {}
        self.calls: list[str] = []
        self.launches: list[dict[str, Any]] = []
        self.attributed: list[dict[str, dict[str, int]]] = []
        self.images: list[bytes] = []
        self.symbols = {kernel.symbol.encode(): 71 + number for number, kernel in enumerate(KERNELS)}
        self.shared: list[tuple[int, int, int]] = []
        self.load_seconds = 0.0
        self.log = b"line 3: oops"
        self.attributes = {"NUM_REGS": 24, "SHARED_SIZE_BYTES": 1024, "MAX_THREADS_PER_BLOCK": 1024}
        self.parameters: list[Any] = [ctypes.c_float, ctypes.c_uint64, ctypes.c_int32, ctypes.c_uint64, ctypes.c_int32]
        self._thread = threading.local()

    @property
    def contexts(self) -> list[int]:
        """The calling thread's stack of contexts: context n + 1 is GPU n's."""
        if not hasattr(self._thread, "contexts"):
            self._thread.contexts = []
        stack: list[int] = self._thread.contexts
        return stack

    @property
    def capture_mode(self) -> str:
        """The calling thread's."""
        mode: str = getattr(self._thread, "capture_mode", "GLOBAL")
        return mode

    @capture_mode.setter
    def capture_mode(self, mode: str) -> None:
        self._thread.capture_mode = mode

    def _answer(self, name: str, *values: object) -> tuple[Any, ...]:
        self.calls.append(name)
        code = CUresult(self.failures.get(name, 0))
        return (code, *values) if code == 0 else (code, *[None] * len(values))

    def cuInit(self, flags: int) -> tuple[Any, ...]:
        return self._answer("cuInit")

    def cuDriverGetVersion(self) -> tuple[Any, ...]:
        return self._answer("cuDriverGetVersion", self.version)

    def cuGetErrorString(self, code: CUresult) -> tuple[Any, ...]:
        return CUresult(0), f"what {code.name} means".encode()

    def CUlaunchAttribute(self) -> SimpleNamespace:
        return SimpleNamespace(value=SimpleNamespace())

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, kernel: int, threads: int, shared: int) -> tuple[Any, ...]:
        return self._answer("cuOccupancyMaxActiveBlocksPerMultiprocessor", 2048 // threads)

    def cuDeviceGetAttribute(self, attribute: str, ordinal: int) -> tuple[Any, ...]:
        if attribute.endswith("MAX_THREADS_PER_MULTIPROCESSOR"):
            return self._answer("cuDeviceGetAttribute", 2048)
        if attribute.endswith("MULTIPROCESSOR_COUNT"):
            return self._answer("cuDeviceGetAttribute", self.multiprocessors)
        return self._answer("cuDeviceGetAttribute", self.capability[attribute.endswith("MINOR")])

    def cuDeviceGetName(self, length: int, ordinal: int) -> tuple[Any, ...]:
        return self._answer("cuDeviceGetName", b"A GPU".ljust(length, b"\0"))

    def cuCtxGetCurrent(self) -> tuple[Any, ...]:
        return self._answer("cuCtxGetCurrent", self.contexts[-1] if self.contexts else 0)

    def cuCtxGetDevice(self) -> tuple[Any, ...]:
        return self._answer("cuCtxGetDevice", self.contexts[-1] - 1)

    def cuCtxGetStreamPriorityRange(self) -> tuple[Any, ...]:
        assert self.contexts
        return self._answer("cuCtxGetStreamPriorityRange", 0, -5)

    def cuCtxPushCurrent(self, context: int) -> tuple[Any, ...]:
        self.contexts.append(context)
        return self._answer("cuCtxPushCurrent")

    def cuCtxPopCurrent(self) -> tuple[Any, ...]:
        return self._answer("cuCtxPopCurrent", self.contexts.pop())

    def cuDevicePrimaryCtxRetain(self, ordinal: int) -> tuple[Any, ...]:
        return self._answer("cuDevicePrimaryCtxRetain", ordinal + 1)

    def cuPointerGetAttribute(self, attribute: str, pointer: int) -> tuple[Any, ...]:
        return self._answer("cuPointerGetAttribute", int(pointer >= 2**20))

    def cuThreadExchangeStreamCaptureMode(self, mode: str) -> tuple[Any, ...]:
        before, self.capture_mode = self.capture_mode, mode
        return self._answer("cuThreadExchangeStreamCaptureMode", before)

    def cuLibraryLoadData(
        self, image: bytes, keys: list[str], values: list[Any], count: int, *library_options: Any
    ) -> tuple[Any, ...]:
        assert self.capture_mode.endswith("RELAXED")
        assert self.contexts
        assert len(keys) == len(values) == count
        assert library_options == ([], [], 0)
        self.images.append(image)
        time.sleep(self.load_seconds)
        if "cuLibraryLoadData" in self.failures:
            log: bytearray = values[keys.index("CU_JIT_ERROR_LOG_BUFFER")]
            log[: len(self.log)] = self.log
        return self._answer("cuLibraryLoadData", 70)

    def cuLibraryGetKernel(self, library: int, name: bytes) -> tuple[Any, ...]:
        assert library == 70
        return self._answer("cuLibraryGetKernel", self.symbols[name])

    def cuKernelGetFunction(self, kernel: int) -> tuple[Any, ...]:
        return self._answer("cuKernelGetFunction", kernel + 100)

    def cuKernelSetAttribute(self, attribute: str, value: int, kernel: int, ordinal: int) -> tuple[Any, ...]:
        assert attribute == "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES"
        self.shared.append((value, kernel, ordinal))
        return self._answer("cuKernelSetAttribute")

    def cuKernelGetAttribute(self, attribute: str, kernel: int, ordinal: int) -> tuple[Any, ...]:
        assert self.contexts
        assert ordinal == self.contexts[-1] - 1
        value = self.attributes.get(attribute.removeprefix("CU_FUNC_ATTRIBUTE_"), 0)
        return self._answer("cuKernelGetAttribute", value)

    def cuLaunchKernel(self, kernel: int, *arguments: int) -> tuple[Any, ...]:
        *geometry, shared, stream, address, extra = arguments
        assert extra == 0
        types = self.parameters if kernel == 71 else []
        pointers = (ctypes.c_void_p * len(types)).from_address(address)
        values = [kind.from_address(at).value for kind, at in zip(types, pointers, strict=True)]
        self.launches.append(
            {
                "kernel": kernel,
                "grid": tuple(geometry[:3]),
                "block": tuple(geometry[3:]),
                "shared": shared,
                "stream": stream,
                "values": values,
                "context": self.contexts[-1],
            }
        )
        return self._answer("cuLaunchKernel")

    def cuLaunchKernelEx(self, config: SimpleNamespace, kernel: int, address: int, extra: int) -> tuple[Any, ...]:
        grid = config.gridDimX, config.gridDimY, config.gridDimZ
        block = config.blockDimX, config.blockDimY, config.blockDimZ
        assert config.numAttrs == len(config.attrs)
        self.attributed.append({attribute.id: vars(attribute.value) for attribute in config.attrs})
        answer = self.cuLaunchKernel(kernel, *grid, *block, config.sharedMemBytes, config.hStream, address, extra)
        self.calls[-1] = "cuLaunchKernelEx"
        return answer


def forget() -> None:
    """Make the runtime meet driver and packages for the first time again."""
    for cached in (
        *(device.driver, device.info, device.primary_context),
        *(device.most_blocks_at_once, device.priorities),
    ):
        cached.cache_clear()
    native.is_connected.cache_clear()
    loader._modules.clear()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDriver]:
    """A fake driver in the real one's place."""
    driver = FakeDriver()
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
    monkeypatch.delenv(loader.FORCE, raising=False)
    forget()
    yield driver
    forget()


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


def artifact(target: str, ptx_driver: str, content: bytes = b"") -> Artifact:
    """An image as a manifest has it."""
    digest = hashlib.sha256(content).hexdigest()
    return Artifact(target, "ptx", f"vector.{target}.ptx", "7.0", ptx_driver, digest, len(content))


def write_package(root: Path) -> None:
    """The package `shipped` with a kernel module `vector`, built for three targets."""
    directory = root / "shipped" / "_oxide"
    directory.mkdir(parents=True)
    (root / "shipped" / "__init__.py").touch()
    artifacts = tuple(artifact(target, DRIVERS[target], content) for target, content in PTX.items())
    manifest = Manifest("shipped.vector", "vector.py", "", {}, {}, tuple(PTX), KERNELS, artifacts)
    (directory / "vector.json").write_text(manifest.to_json())
    for image in artifacts:
        (directory / image.file).write_bytes(PTX[image.target])


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That package, importable; gives its `_oxide` directory."""
    write_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "shipped" / "_oxide"
    sys.modules.pop("shipped", None)


class CudaArray:
    """An array with nothing but `__cuda_array_interface__`, as `library` makes them."""

    def __init__(self, pointer: int, shape: tuple[int, ...], typestr: str = "<f4", **extra: Any) -> None:
        data = pointer, extra.pop("read_only", False)
        self.__cuda_array_interface__ = {"data": data, "shape": shape, "typestr": typestr, "version": 3, **extra}


class CupyArray(CudaArray):
    """The same, that says it is CuPy's."""

    __module__ = "cupy"


@pytest.fixture
def make() -> Callable[..., CudaArray]:
    """Makes arrays of an unknown library."""
    return CudaArray


@pytest.fixture
def cupy_like() -> Callable[..., CudaArray]:
    """Makes arrays that pass for CuPy's."""
    return CupyArray


@pytest.fixture
def image() -> Callable[..., Artifact]:
    """Makes images as a manifest has them."""
    return artifact
