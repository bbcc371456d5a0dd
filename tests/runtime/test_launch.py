"""A launch from call to driver, against a fake driver."""

from __future__ import annotations

import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oxide_build import runtime
from oxide_build.errors import (
    DriverNotFoundError,
    ImageRefusedError,
    KernelArgumentError,
    KernelFault,
    LaunchError,
    LoadError,
    NoCompatibleImageError,
)
from oxide_build.runtime import device, loader
from oxide_build.runtime.compiled import compiled

Make = Callable[..., Any]

X, Y, OTHER = 0x1000, 0x2000, 2**20


def launch(*args: Any, name: str = "saxpy", grid: Any = 4, block: Any = 128, stream: Any = 5, shared: int = 0) -> None:
    runtime.configure("shipped.vector", name, grid, block, stream, shared)(*args)


def test_a_launch_reaches_the_driver(fake: Any, shipped: Path, make: Make) -> None:
    launch(2.5, make(X, (500,)), make(Y, (400,)), shared=64)
    assert fake.launches == [
        {
            "kernel": 71,
            "grid": (4, 1, 1),
            "block": (128, 1, 1),
            "shared": 64,
            "stream": 5,
            "values": [2.5, X, 500, Y, 400],
            "context": 1,
        }
    ]
    assert fake.contexts == []
    assert fake.capture_mode == "GLOBAL"
    assert fake.images == [b".version 8.0\n// 9.0a\0"]


def test_a_kernel_without_parameters(fake: Any, shipped: Path) -> None:
    launch(name="empty", stream=None, shared=48 * 1024)
    launch(name="empty", stream=None, shared=60 * 1024)
    launch(name="empty", stream=None, shared=50 * 1024)
    assert [entry["stream"] for entry in fake.launches] == [0, 0, 0]
    assert fake.shared == [(48 * 1024, 72, 0), (60 * 1024, 72, 0)]


def test_an_image_is_loaded_once(fake: Any, shipped: Path, make: Make) -> None:
    fake.load_seconds = 0.05
    configuration = runtime.configure("shipped.vector", "saxpy", 4, 128, 0)
    arguments = 1.0, make(X, (8,)), make(Y, (8,))
    threads = [threading.Thread(target=configuration, args=arguments) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    launch(name="empty")
    assert len(fake.launches) == 9
    assert fake.calls.count("cuLibraryLoadData") == 1
    assert fake.calls.count("cuLibraryGetKernel") == 2


def test_the_callers_context_stays(fake: Any, shipped: Path, make: Make) -> None:
    fake.contexts.append(1)
    launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert "cuCtxPushCurrent" not in fake.calls
    launch(1.0, make(OTHER, (8,)), make(OTHER, (8,)))
    assert [entry["context"] for entry in fake.launches] == [1, 2]
    fake.failures["cuLaunchKernel"] = 1
    with pytest.raises(LaunchError):
        launch(1.0, make(OTHER, (8,)), make(OTHER, (8,)))
    assert fake.contexts == [1]


def test_arrays_of_two_gpus_are_refused(fake: Any, shipped: Path, make: Make) -> None:
    with pytest.raises(KernelArgumentError, match="'x' on GPU 0, 'y' on GPU 1"):
        launch(1.0, make(X, (8,)), make(OTHER, (8,)))


def test_memory_the_driver_does_not_know(fake: Any, shipped: Path, make: Make) -> None:
    fake.failures["cuPointerGetAttribute"] = 1
    with pytest.raises(KernelArgumentError, match="'x' at 0x1000 is no memory of a GPU: CUDA_ERROR_INVALID_VALUE"):
        launch(1.0, make(X, (8,)), make(Y, (8,)))


def test_empty_arrays_are_arrays(fake: Any, shipped: Path, make: Make) -> None:
    launch(1.0, make(0, (0,)), make(0, (0,)))
    assert fake.launches[0]["values"] == [1.0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((1.0, (X, (3,)), (Y, (4,))), r"requires len\(x\) >= len\(y\), found len\(x\) = 3, len\(y\) = 4"),
        ((1e39, (X, (4,)), (Y, (4,))), "argument 'a' is declared f32, which holds at most 3.403e\\+38, got 1e\\+39"),
        ((1.0, (X, (4,)), (Y, (4,), "<f8")), r"argument 'y' is DisjointSlice\[f32\], got an array of f64"),
        ((1.0, (X, (4,))), "missing 'y'"),
    ],
)
def test_the_host_finds_it_before_the_driver(args: Any, message: str, fake: Any, shipped: Path, make: Make) -> None:
    arrays = [make(*arg) if isinstance(arg, tuple) else arg for arg in args]
    with pytest.raises(KernelArgumentError, match=message):
        launch(*arrays)
    assert fake.calls == []


def test_geometry_is_refused_before_the_driver(fake: Any, shipped: Path) -> None:
    with pytest.raises(LaunchError, match="uniqueness"):
        launch(grid=(2, 2))
    with pytest.raises(LaunchError, match="shared_memory is -1"):
        launch(shared=-1)
    assert fake.calls == []


def test_a_refused_launch_carries_the_drivers_words(fake: Any, shipped: Path, make: Make) -> None:
    fake.failures["cuLaunchKernel"] = 701
    with pytest.raises(LaunchError) as caught:
        launch(1.0, make(X, (8,)), make(Y, (8,)), shared=64)
    assert str(caught.value) == (
        "launching saxpy with grid (4, 1, 1), block (128, 1, 1) and 64 bytes of dynamic shared memory: "
        "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701): what CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES means\n"
        "  help: make the block smaller, or compile the kernel for larger ones with @gpu.kernel(max_threads=...)"
    )


def test_an_earlier_kernels_fault_says_so(fake: Any, shipped: Path, make: Make) -> None:
    fake.failures["cuLaunchKernel"] = 700
    with pytest.raises(KernelFault, match="perhaps one launched earlier") as caught:
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert "the CUDA context of this process is lost" in str(caught.value)


def test_a_rejected_image_carries_the_assemblers_log(fake: Any, shipped: Path, make: Make) -> None:
    fake.failures["cuLibraryLoadData"] = 218
    with pytest.raises(LoadError, match=r"loading shipped.vector \(sm_90a\): CUDA_ERROR_INVALID_PTX") as caught:
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert "\nline 3: oops\n  help: report it to the package's author" in str(caught.value)
    assert fake.capture_mode == "GLOBAL"
    del fake.failures["cuLibraryLoadData"]
    launch(1.0, make(X, (8,)), make(Y, (8,)))


REFUSAL = (
    "shipped.vector: the driver refuses sm_90a, sm_90 is loaded instead: CUDA_ERROR_INVALID_PTX (218): what "
    "CUDA_ERROR_INVALID_PTX means"
)


@pytest.fixture
def picky(fake: Any) -> Any:
    """A driver that refuses what it should take: the images of `refused`, at the call named `where`."""
    load, get, fake.refused, fake.where = fake.cuLibraryLoadData, fake.cuKernelGetFunction, [b"9.0a"], "load"

    def refuses(where: str) -> bool:
        return fake.where == where and any(mark in fake.images[-1] for mark in fake.refused)

    def load_data(image: bytes, *rest: Any) -> Any:
        answer = load(image, *rest)
        return (fake.CUresult(218), None) if refuses("load") else answer

    def get_function(kernel: int) -> Any:
        return (fake.CUresult(218), None) if refuses("get") else get(kernel)

    fake.cuLibraryLoadData, fake.cuKernelGetFunction = load_data, get_function
    return fake


@pytest.mark.parametrize("where", ["load", "get"])
def test_a_refused_image_gives_way_to_the_next(where: str, picky: Any, shipped: Path, make: Make) -> None:
    picky.where = where
    with pytest.warns(RuntimeWarning) as warned:
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert [str(warning.message) for warning in warned] == [REFUSAL]
    assert [image[-5:-1] for image in picky.images] == [b"9.0a", b" 9.0"]
    assert len(picky.launches) == 1
    choice = compiled("shipped.vector", "saxpy", {}).choice
    assert str(choice).splitlines()[1:] == [
        "sm_90: chosen, the best that runs here",
        "sm_90a: the driver refuses it: CUDA_ERROR_INVALID_PTX (218): what CUDA_ERROR_INVALID_PTX means",
    ]


def test_a_refused_image_is_not_tried_again(picky: Any, shipped: Path, make: Make) -> None:
    with pytest.warns(RuntimeWarning):
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    runtime.configure("shipped.vector", "empty", 1, 1, 5)()
    assert len(picky.images) == 2


def test_where_every_image_is_refused_the_best_ones_refusal_is_raised(picky: Any, shipped: Path, make: Make) -> None:
    picky.refused.append(b"for")
    with pytest.raises(ImageRefusedError, match=r"loading shipped.vector \(sm_90a\)"):
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert len(picky.images) == 3
    picky.refused.clear()
    launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert picky.images[-1].endswith(b"9.0a\0")


def test_a_forced_image_does_not_give_way(
    picky: Any, shipped: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OXIDE_FORCE_TARGET", "sm_90a")
    with pytest.raises(ImageRefusedError, match="sm_90a"):
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert len(picky.images) == 1


def test_a_failure_that_is_not_about_the_image_does_not_give_way(fake: Any, shipped: Path, make: Make) -> None:
    fake.failures["cuLibraryLoadData"] = 2
    with pytest.raises(LoadError, match="OUT_OF_MEMORY"):
        launch(1.0, make(X, (8,)), make(Y, (8,)))
    assert len(fake.images) == 1


def test_too_much_shared_memory(fake: Any, shipped: Path) -> None:
    fake.failures["cuKernelSetAttribute"] = 1
    with pytest.raises(LaunchError, match="asking for 300000 bytes of dynamic shared memory on GPU 0"):
        launch(name="empty", shared=300000)


def test_no_gpu(fake: Any, shipped: Path) -> None:
    fake.failures["cuInit"] = 100
    with pytest.raises(DriverNotFoundError, match=r"CUDA_ERROR_NO_DEVICE \(100\)") as caught:
        launch(name="empty")
    assert "kernel.simulate[grid, block]" in str(caught.value)


def test_no_driver(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(flags: int) -> None:
        raise RuntimeError("libcuda.so.1 not found")

    monkeypatch.setattr(fake, "cuInit", missing, raising=False)
    with pytest.raises(DriverNotFoundError, match=r"libcuda\.so\.1 not found\n  help: install the NVIDIA driver"):
        launch(name="empty")


def test_no_binding(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", None)
    with pytest.raises(DriverNotFoundError, match=r'pip install "oxide-build\[cuda\]"'):
        launch(name="empty")


def test_an_old_driver(fake: Any, shipped: Path) -> None:
    fake.version = 11080
    with pytest.raises(LoadError, match=r"the NVIDIA driver is for CUDA 11\.8, kernels need one for CUDA 12\.0"):
        launch(name="empty")


def test_the_image_follows_the_gpu(fake: Any, shipped: Path) -> None:
    fake.capability = 8, 6
    empty = compiled("shipped.vector", "empty", {})
    assert (empty.image.target, empty.ptx) == ("sm_80", ".version 7.0\n// for 8.0")
    assert device.current() == device.DeviceInfo("A GPU", (8, 6), (12, 8))


def test_an_old_gpu(fake: Any, shipped: Path) -> None:
    fake.capability = 7, 5
    with pytest.raises(NoCompatibleImageError, match='add "sm_75" to targets'):
        launch(name="empty")


def test_a_forced_target(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(loader.FORCE, "sm_80")
    assert compiled("shipped.vector", "empty", {}).image.target == "sm_80"
    monkeypatch.setenv(loader.FORCE, "sm_70")
    with pytest.raises(LoadError, match=r"'sm_70', which shipped\.vector lacks\n  help: it ships sm_80, sm_90"):
        _ = compiled("shipped.vector", "empty", {}).image


def test_a_damaged_image(fake: Any, shipped: Path) -> None:
    (shipped / "vector.sm_90a.ptx").write_bytes(b"something else")
    with pytest.raises(LoadError, match=r"vector\.sm_90a\.ptx is not what the build wrote"):
        launch(name="empty")
    (shipped / "vector.sm_90a.ptx").unlink()
    with pytest.raises(LoadError, match=r"cannot read vector\.sm_90a\.ptx"):
        launch(name="empty")


def test_a_package_without_built_kernels(fake: Any, shipped: Path) -> None:
    (shipped / "vector.json").unlink()
    with pytest.raises(LoadError, match=r"shipped is installed without built kernels for shipped\.vector") as caught:
        launch(name="empty")
    assert caught.value.help == "build it again, with pip install . or oxide-build build"


def test_a_manifest_of_another_time(fake: Any, shipped: Path) -> None:
    (shipped / "vector.json").write_text('{"schema": 99}')
    with pytest.raises(LoadError, match="not a manifest of schema 1"):
        launch(name="empty")


def test_a_kernel_the_build_did_not_have(fake: Any, shipped: Path) -> None:
    with pytest.raises(LoadError, match=r"shipped\.vector was built without a kernel 'daxpy': its source has changed"):
        launch(name="daxpy")


def test_a_kernel_outside_any_package(fake: Any) -> None:
    with pytest.raises(LoadError, match="the kernels of __main__ are in no package"):
        runtime.configure("__main__", "k", 1, 1)


def test_a_zipped_package(fake: Any, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "zipped.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        for path in (tmp_path / "shipped").rglob("*"):
            wheel.write(path, path.relative_to(tmp_path))
    monkeypatch.setattr(sys, "path", [str(archive), *(entry for entry in sys.path if entry != str(tmp_path))])
    launch(name="empty")
    assert ".whl" in str(sys.modules["shipped"].__file__)
    assert len(fake.launches) == 1


class Streamed:
    """A stream that speaks `__cuda_stream__`."""

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, 91


class Number:
    """A handle of a binding."""

    def __int__(self) -> int:
        return 94


@pytest.mark.parametrize(
    ("stream", "handle"),
    [
        (0, 0),
        (7, 7),
        (Streamed(), 91),
        (SimpleNamespace(cuda_stream=92), 92),
        (SimpleNamespace(ptr=93), 93),
        (Number(), 94),
    ],
)
def test_streams_of_many_kinds(stream: object, handle: int, fake: Any, shipped: Path) -> None:
    launch(name="empty", stream=stream)
    assert fake.launches[0]["stream"] == handle


@pytest.mark.parametrize("stream", ["7", 7.0, True, object()])
def test_what_is_no_stream(stream: object, fake: Any, shipped: Path) -> None:
    with pytest.raises(LaunchError, match="which is no CUDA stream"):
        launch(name="empty", stream=stream)


def test_the_stream_of_an_unknown_library_is_asked_for(fake: Any, shipped: Path, make: Make) -> None:
    with pytest.raises(LaunchError, match="stream=0 is the default stream"):
        launch(1.0, make(X, (8,)), make(Y, (8,)), stream=None)


def test_the_current_stream_of_cupy(
    fake: Any, shipped: Path, make: Make, cupy_like: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    cupy: Any = SimpleNamespace(
        cuda=SimpleNamespace(get_current_stream=lambda ordinal: SimpleNamespace(ptr=40 + ordinal))
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    launch(1.0, cupy_like(OTHER, (8,)), cupy_like(OTHER, (8,)), stream=None)
    assert fake.launches[0]["stream"] == 41
    with pytest.raises(LaunchError, match="the arrays are of "):
        launch(1.0, cupy_like(X, (8,)), make(Y, (8,)), stream=None)


def test_host_arrays_are_refused(fake: Any, shipped: Path, make: Make) -> None:
    with pytest.raises(KernelArgumentError) as caught:
        launch(1.0, np.zeros(8, np.float32), make(Y, (8,)))
    assert str(caught.value) == (
        "saxpy: argument 'x' is Slice[f32], got a numpy.ndarray of float32 in host memory, shape (8,), "
        "which is no array on a GPU\n"
        "  help: move it to the GPU first, with torch's .cuda() or cupy.asarray(); saxpy.simulate[grid, block](...) "
        "takes NumPy arrays and runs on the CPU"
    )


def test_a_kernel_with_a_grid_barrier_is_launched_cooperatively(fake: Any, shipped: Path) -> None:
    launch(name="together", grid=(10, 2, 4), block=256, shared=64)
    assert "cuLaunchKernelEx" in fake.calls
    assert fake.attributed == [{"CU_LAUNCH_ATTRIBUTE_COOPERATIVE": {"cooperative": 1}}]
    (made,) = fake.launches
    assert (made["grid"], made["block"], made["shared"], made["stream"]) == ((10, 2, 4), (256, 1, 1), 64, 5)


def test_a_grid_that_cannot_run_at_once_is_refused(fake: Any, shipped: Path) -> None:
    with pytest.raises(LaunchError, match="all 81 must run at once, and GPU 0 runs at most 80 of these") as raised:
        launch(name="together", grid=81, block=256)
    assert raised.value.help == "launch at most 80 blocks, and loop over the rest with gpu.grid_stride(n)"
    assert not fake.launches
