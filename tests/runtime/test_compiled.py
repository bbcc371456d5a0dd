"""What a kernel became, against a fake driver: image, PTX, attributes, occupancy, preloading, and without a driver."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from oxide_build import gpu
from oxide_build.errors import DriverNotFoundError, KernelArgumentError, KernelFault, LaunchError, LoadError
from oxide_build.gpu import DisjointSlice, Slice, f32
from oxide_build.runtime import choice, device, loader
from oxide_build.runtime.compiled import Attributes, Occupancy, compiled

Made = Callable[..., gpu.Kernel]


def made(name: str, module: str = "shipped.vector") -> gpu.Kernel:
    """The kernel object that a package's module would hold."""

    def saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
        """y = a * x + y."""

    saxpy.__name__ = saxpy.__qualname__ = name
    saxpy.__module__ = module
    return gpu.kernel(saxpy)


@pytest.fixture
def saxpy(fake: Any, shipped: Path) -> gpu.Kernel:
    """`shipped.vector.saxpy`."""
    return made("saxpy")


def test_image_and_ptx_are_those_of_this_gpu(saxpy: gpu.Kernel, fake: Any) -> None:
    assert (saxpy.image.target, saxpy.ptx) == ("sm_90a", ".version 8.0\n// 9.0a")
    loader._modules.clear()
    fake.capability = 8, 9
    device.info.cache_clear()
    assert (saxpy.image.target, saxpy.ptx) == ("sm_80", ".version 7.0\n// for 8.0")
    assert fake.images == []


def test_the_choice_says_why(saxpy: gpu.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert saxpy.choice.artifact == saxpy.image
    assert str(saxpy.choice) == (
        "sm_80: runs here, sm_90a is better\n"
        "sm_90: runs here, sm_90a is better\n"
        "sm_90a: chosen, the best that runs here"
    )
    monkeypatch.setenv(choice.FORCE, "sm_80")
    assert str(saxpy.choice).startswith("sm_80: chosen, OXIDE_FORCE_TARGET asks for sm_80\n")


def test_attributes_load_the_kernel_on_the_current_gpu(saxpy: gpu.Kernel, fake: Any) -> None:
    assert saxpy.attributes == Attributes(
        registers=24, shared_memory=1024, local_memory=0, constant_memory=0, max_threads=1024
    )
    fake.contexts.append(2)
    assert saxpy.attributes.registers == 24
    assert fake.contexts == [2]
    assert len(fake.images) == 1


def test_occupancy(saxpy: gpu.Kernel, fake: Any) -> None:
    assert saxpy.occupancy(256) == Occupancy(blocks=8, fraction=1.0)
    assert saxpy.occupancy(300) == Occupancy(blocks=6, fraction=1800 / 2048)
    saxpy.occupancy(256, shared_memory=60_000)
    assert fake.shared == [(60_000, 71, 0)]
    with pytest.raises(LaunchError, match="at most 1024 along x"):
        saxpy.occupancy(2048)
    with pytest.raises(LaunchError, match="shared_memory is -1"):
        saxpy.occupancy(128, -1)


def test_cuda_core_gets_the_handle(saxpy: gpu.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    core = ModuleType("cuda.core")
    monkeypatch.setitem(sys.modules, "cuda.core", core)
    with pytest.raises(LoadError, match=r'cuda-core, 1\.0 or newer.*\n  help: pip install "cuda-core>=1\.0"'):
        _ = saxpy.cuda_core
    monkeypatch.setattr(core, "Kernel", SimpleNamespace(from_handle=lambda handle: ("kernel", handle)), raising=False)
    assert saxpy.cuda_core == ("kernel", 71)


def test_preloaded_kernels_are_not_loaded_again(saxpy: gpu.Kernel, fake: Any) -> None:
    saxpy.preload()
    assert fake.calls.count("cuKernelGetFunction") == 1
    gpu.preload(saxpy, made("empty"))
    gpu.preload("shipped.vector")
    assert fake.calls.count("cuKernelGetFunction") == len(fake.symbols)
    assert len(fake.images) == 1
    fake.calls.clear()
    made("empty")[1, 1, 5]()
    assert "cuKernelGetFunction" not in fake.calls
    assert fake.capture_mode == "GLOBAL"


def test_preloading_on_another_gpu(saxpy: gpu.Kernel, fake: Any) -> None:
    gpu.preload("shipped", device=1)
    assert fake.calls.count("cuKernelGetFunction") == len(fake.symbols)
    saxpy.preload(device=1)
    assert fake.calls.count("cuKernelGetFunction") == len(fake.symbols)
    saxpy.preload(device=0)
    assert fake.calls.count("cuKernelGetFunction") == len(fake.symbols) + 1
    assert (len(fake.images), fake.contexts) == (1, [])


@pytest.mark.parametrize("what", ["shipped", "shipped.vector", ModuleType("shipped"), ModuleType("shipped.vector")])
def test_modules_and_packages_by_name_and_as_imported(what: Any, fake: Any, shipped: Path) -> None:
    gpu.preload(what)
    assert fake.calls.count("cuLibraryGetKernel") == len(fake.symbols)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nowhere", "no package 'nowhere' is installed here"),
        ("nowhere.vector", "no package 'nowhere.vector' is installed here"),
        ("shipped.matrix", "no package 'shipped.matrix' is installed here"),
        ("email", "email holds no built kernels"),
        ("email.parser", "no package 'email.parser' is installed here: it is a module, not a package"),
        ("os", "no package 'os' is installed here: it is a module, not a package"),
        ("os.path", "no package 'os.path' is installed here: it is a module, not a package"),
        ("", "no package '' is installed here"),
        (".vector", "no package '.vector' is installed here"),
        (made("daxpy"), "shipped.vector was built without a kernel 'daxpy'"),
        (made("saxpy", "nowhere.vector"), "the package of nowhere.vector cannot be imported"),
        (made("saxpy", "__main__"), "the kernels of __main__ are in no package"),
    ],
)
def test_what_cannot_be_preloaded(what: Any, message: str, fake: Any, shipped: Path) -> None:
    with pytest.raises(LoadError, match=message):
        gpu.preload(what)
    assert fake.images == []


def test_variants_are_named_by_kernels_with_several_only(saxpy: gpu.Kernel) -> None:
    assert saxpy.variant().signature == "saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])"
    with pytest.raises(KernelArgumentError, match=r"saxpy has no variants, so no T\n  help: it is declared saxpy\(a"):
        saxpy.variant(T="f64")


@pytest.mark.parametrize("ask", ["attributes", "cuda_core"])
def test_a_fault_is_seen_by_whatever_asks_next(ask: str, saxpy: gpu.Kernel, fake: Any) -> None:
    fake.failures["cuKernelGetFunction"] = 700
    with pytest.raises(KernelFault, match="the CUDA context of this process is lost"):
        getattr(saxpy, ask)
    with pytest.raises(KernelFault, match="perhaps one launched earlier"):
        gpu.preload("shipped")
    with pytest.raises(KernelFault, match="perhaps one launched earlier"):
        saxpy.occupancy(128)


PRINTED = """\
saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32]), of shipped.vector
  block: any of up to 1024 threads
  requires: len(x) >= len(y)
  sm_80: PTX 7.0, 23 bytes, CUDA 11.0 or newer
  sm_90: PTX 7.0, 23 bytes, CUDA 11.8 or newer
  sm_90a: PTX 7.0, 20 bytes, CUDA 12.0 or newer"""


@pytest.fixture
def no_driver(fake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a driver."""
    fake.failures["cuInit"] = 100
    yield
    assert fake.calls == []


@pytest.mark.usefixtures("no_driver", "shipped")
def test_a_kernel_prints_without_a_driver() -> None:
    kernel = made("saxpy")
    assert str(kernel) == PRINTED
    assert repr(kernel) == "<kernel shipped.vector.saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])>"
    assert "  shared memory: 1024 bytes\n" in str(made("empty"))
    assert "  grid: all blocks run at the same time\n" in str(made("together"))
    assert kernel.variant().kernel.symbol == "saxpy_entry"


@pytest.mark.usefixtures("no_driver", "shipped")
def test_a_kernel_without_built_images_says_so_when_printed() -> None:
    assert "\n  not built: the kernels of __main__ are in no package" in str(made("saxpy", "__main__"))
    assert "\n  not built: shipped.vector was built without a kernel 'daxpy'" in str(made("daxpy"))


def test_without_a_driver_the_rest_says_what_is_missing(fake: Any, shipped: Path) -> None:
    fake.failures["cuInit"] = 100
    for ask in ("image", "ptx", "attributes", "cuda_core"):
        with pytest.raises(DriverNotFoundError, match="no NVIDIA GPU can be used here"):
            getattr(made("saxpy"), ask)


def test_an_image_is_verified_once_a_process(saxpy: gpu.Kernel, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = loader.Module._verify
    monkeypatch.setattr(loader.Module, "_verify", lambda *args: (verified.append(args[1].target), verify(*args)))
    assert saxpy.ptx == saxpy.ptx
    saxpy.preload()
    saxpy.preload(device=1)
    assert verified == ["sm_90a"]


def test_a_damaged_image_stays_refused(saxpy: gpu.Kernel, shipped: Path) -> None:
    (shipped / "vector.sm_90a.ptx").write_bytes(b"something else")
    for _ in range(2):
        with pytest.raises(LoadError, match="is not what the build wrote"):
            saxpy.preload()


def test_compiled_is_what_the_kernel_gives(saxpy: gpu.Kernel) -> None:
    assert compiled("shipped.vector", "saxpy", {}) == saxpy.variant()
