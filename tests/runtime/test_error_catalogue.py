"""`docs/errors.md` is true: each of its messages is what is raised, word for word, against a fake driver.

The page has a heading and a text block for each entry of `CATALOGUE`; `--update-golden` writes the texts into it.
"""

from __future__ import annotations

import importlib
import pickle
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from test_compiled import made
from test_variants import TOTAL, VARIANTS

from oxide_build import errors, gpu, signature
from oxide_build.errors import KernelError
from oxide_build.manifest import ROOT_MARK, Kernel, Parameter
from oxide_build.runtime import arrays, loader
from oxide_build.variants import Family

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
ENTRY = re.compile(r"^### (?P<title>.+)\n\n```text\n(?P<report>(?:.*\n)*?)```\n\n(?P<advice>[^#\n].*)$", re.MULTILINE)

WORDS = {
    2: "out of memory",
    100: "no CUDA-capable device is detected",
    209: "no kernel image is available for execution on the device",
    218: "a PTX JIT compilation failed",
    221: "PTX JIT compiler library not found",
    222: "the provided PTX was compiled with an unsupported toolchain.",
    700: "an illegal memory access was encountered",
    701: "too many resources requested for launch",
    710: "device-side assert triggered",
    1: "invalid argument",
    900: "operation not permitted when stream is capturing",
}
"""NVIDIA's words for its results."""

GRID, BLOCK, STREAM = 4, 128, 5


@dataclass(frozen=True)
class World:
    """A machine with a driver and the package `shipped`, for an entry to spoil."""

    fake: Any
    shipped: Path
    make: Any
    monkeypatch: pytest.MonkeyPatch

    def array(self, extent: int = 512, typestr: str = "<f4", **extra: Any) -> Any:
        return self.make(0x1000, (extent,), typestr, **extra)

    def fails(self, call: str, code: int) -> None:
        self.fake.failures[call] = code


Entry = Callable[[World], object]


def saxpy(*args: Any, **kwargs: Any) -> None:
    """`saxpy[4, 128, 5](*args)`."""
    made("saxpy")[GRID, BLOCK, STREAM](*args, **kwargs)


def empty(world: World) -> None:
    """`empty[4, 128, 5]()`."""
    made("empty")[GRID, BLOCK, STREAM]()


def with_failure(call: str, code: int) -> Entry:
    """Launch a kernel where the driver answers a call with an error."""

    def entry(world: World) -> None:
        world.fails(call, code)
        empty(world)

    return entry


def with_wrong_argument(**changes: Any) -> Entry:
    """Launch saxpy with one argument made by a function of the world."""

    def entry(world: World) -> None:
        arguments = {"a": 2.0, "x": world.array(), "y": world.array()}
        saxpy(**{**arguments, **{name: change(world) for name, change in changes.items()}})

    return entry


def launched(name: str, grid: Any = GRID, block: Any = BLOCK, stream: Any = STREAM, shared_memory: Any = 0) -> Entry:
    return lambda world: made(name)[grid, block, stream, shared_memory]()


def with_attributes(**attributes: Any) -> Entry:
    """Launch a kernel that waits for no other with these attributes."""
    return lambda world: made("empty").launch(grid=GRID, block=BLOCK, stream=STREAM, **attributes)


def without(world: World, package: str) -> None:
    """Make a package one that is not installed."""
    importing = importlib.import_module

    def missing(name: str) -> ModuleType:
        if name.startswith(package):
            raise ModuleNotFoundError(f"No module named {package!r}")
        return importing(name)

    world.monkeypatch.setattr(importlib, "import_module", missing)


def refused_ptx(world: World) -> None:
    world.fake.log = b"ptxas application ptx input, line 9; fatal   : Parsing error near '.f33': syntax error"
    world.fails("cuLibraryLoadData", 218)
    empty(world)


def no_binding(world: World) -> None:
    without(world, "cuda")
    empty(world)


def no_library(world: World) -> None:
    def missing(flags: int) -> None:
        raise RuntimeError('Failure finding "libcuda.so"')

    world.monkeypatch.setattr(world.fake, "cuInit", missing, raising=False)
    empty(world)


def old_gpu(world: World) -> None:
    world.fake.capability = 7, 5
    empty(world)


def old_driver(world: World) -> None:
    text = (world.shipped / "vector.json").read_text()
    (world.shipped / "vector.json").write_text(re.sub(r'"driver": "[^"]*"', '"driver": "12.9"', text))
    empty(world)


def very_old_driver(world: World) -> None:
    world.fake.version = 11080
    empty(world)


def not_built(world: World) -> None:
    (world.shipped / "vector.json").unlink()
    empty(world)


def not_built_again(world: World) -> None:
    report = (
        "[oxide] a line of progress\noxide-build: the kernels cannot be built\nvector.py:9:9: error: unknown name `z`"
    )
    failed = subprocess.CompletedProcess([], 1, "", f"{report}\n1 error\n")
    (world.shipped.parent / "vector.py").write_text("# edited\n", encoding="utf-8")
    (world.shipped / ROOT_MARK).write_text("..\n", encoding="utf-8")
    world.monkeypatch.setenv("OXIDE_REBUILD", "1")
    world.monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: failed)
    empty(world)


def another_version(world: World) -> None:
    (world.shipped / "vector.json").write_text('{"schema": 99}')
    empty(world)


def missing_image(world: World) -> None:
    def refuse(path: Path) -> bytes:
        raise FileNotFoundError("No such file or directory")

    world.monkeypatch.setattr(Path, "read_bytes", refuse)
    empty(world)


def damaged_image(world: World) -> None:
    (world.shipped / "vector.sm_90a.ptx").write_bytes(b"something else")
    empty(world)


def forced(world: World) -> None:
    world.monkeypatch.setenv(loader.FORCE, "sm_70")
    empty(world)


def no_cuda_core(world: World) -> None:
    without(world, "cuda.core")
    _ = made("empty").cuda_core


def no_stream(world: World) -> None:
    array = type("Array", (world.make,), {"__module__": "jaxlib"})(0x1000, (512,))
    made("saxpy")[GRID, BLOCK](2.0, array, array)


def grid_too_large(world: World) -> None:
    made("together")[1000, 1024, STREAM]()


def unaligned(world: World) -> None:
    kernel = Kernel("copy4", "copy4", (Parameter("x", "slice", "f32", 1, alignment=16),))
    arrays.read_view(kernel, kernel.parameters[0], world.make(0x1004, (512,)))


def fixed_block(world: World) -> None:
    signature.check_geometry(Kernel("tiled", "tiled", (), block=(16, 16, 1)), (4, 4, 1), (32, 8, 1))


def max_threads(world: World) -> None:
    signature.check_geometry(Kernel("heavy", "heavy", (), max_threads=256), (4, 1, 1), (512, 1, 1))


def whole_clusters(world: World) -> None:
    signature.check_geometry(Kernel("shared", "shared", (), cluster=(2, 1, 1)), (5, 1, 1), (128, 1, 1))


def choose(*args: object, **kwargs: object) -> None:
    """A call of `total(x: Slice[T], tile: gpu.Const[int])`."""
    Family(TOTAL, VARIANTS, arrays.element_type).choose(args, kwargs)


CATALOGUE: Mapping[str, Entry] = {
    "DriverNotFoundError: the binding is not installed": no_binding,
    "DriverNotFoundError: no NVIDIA driver": no_library,
    "DriverNotFoundError: no GPU": with_failure("cuInit", 100),
    "ForkError: a process was forked after CUDA had been used": with_failure("cuInit", 3),
    "NoCompatibleImageError: the GPU is older than all images": old_gpu,
    "NoCompatibleImageError: the driver is older than all images": old_driver,
    "LoadError: the driver is too old for any kernel": very_old_driver,
    "LoadError: the package was installed without building": not_built,
    "LoadError: the kernel is in no package": lambda world: made("k", "__main__")[1, 1](),
    "LoadError: the kernel is newer than the build": lambda world: made("daxpy")[1, 1](),
    "LoadError: the kernel has changed and cannot be built again": not_built_again,
    "LoadError: another version of oxide-build built the package": another_version,
    "LoadError: an image is missing": missing_image,
    "LoadError: an image is damaged": damaged_image,
    "LoadError: OXIDE_FORCE_TARGET names no image": forced,
    "ImageRefusedError: the driver refuses the PTX": refused_ptx,
    "ImageRefusedError: the PTX is too new for the driver": with_failure("cuLibraryLoadData", 222),
    "ImageRefusedError: the driver has no PTX compiler": with_failure("cuLibraryLoadData", 221),
    "ImageRefusedError: the image holds no code for the GPU": with_failure("cuKernelGetFunction", 209),
    "LoadError: no memory for the code": with_failure("cuKernelGetFunction", 2),
    "LoadError: a load within a capture": with_failure("cuKernelGetFunction", 900),
    "LoadError: no such package to preload": lambda world: gpu.preload("shiped"),
    "LoadError: nothing to preload": lambda world: gpu.preload("email"),
    "LoadError: cuda.core is not installed": no_cuda_core,
    "KernelError: a kept launch was pickled": lambda world: pickle.dumps(made("empty")[GRID, BLOCK, STREAM]),
    "KernelArgumentError: no grid and block": lambda world: made("saxpy")(2.0, world.array(), world.array()),
    "KernelArgumentError: too few or too many arguments": lambda world: saxpy(2.0, xs=world.array()),
    "KernelArgumentError: an array in host memory": with_wrong_argument(x=lambda world: np.ones(512, np.float32)),
    "KernelArgumentError: an array of another type": with_wrong_argument(x=lambda world: world.array(typestr="<f8")),
    "KernelArgumentError: an array of another rank": with_wrong_argument(x=lambda world: world.make(0x1000, (16, 32))),
    "KernelArgumentError: an array that is not contiguous": with_wrong_argument(
        x=lambda world: world.array(strides=(8,))
    ),
    "KernelArgumentError: an array that cannot be written": with_wrong_argument(
        y=lambda world: world.array(read_only=True)
    ),
    "KernelArgumentError: a part of an array at an odd place": unaligned,
    "KernelArgumentError: an array that is too long": with_wrong_argument(x=lambda world: world.array(2**31)),
    "KernelArgumentError: an array whose memory was freed": with_wrong_argument(x=lambda world: world.make(0, (512,))),
    "KernelArgumentError: arrays on different GPUs": with_wrong_argument(x=lambda world: world.make(2**20, (512,))),
    "KernelArgumentError: a number of the wrong kind": with_wrong_argument(a=lambda world: "2"),
    "KernelArgumentError: a number out of range": with_wrong_argument(a=lambda world: 1e39),
    "KernelArgumentError: a contract of the kernel is broken": with_wrong_argument(x=lambda world: world.array(100)),
    "KernelArgumentError: a type there is no variant for": lambda world: choose(world.array(typestr="<i4")),
    "KernelArgumentError: a value there is no variant for": lambda world: choose(world.array(), tile=100),
    "LaunchError: no launch configuration": lambda world: made("saxpy")[(GRID,)],
    "LaunchError: a grid or block that is no size": launched("empty", grid="4"),
    "LaunchError: a grid or block without extent": launched("empty", grid=0),
    "LaunchError: a grid or block beyond what GPUs take": launched("empty", grid=(1, 70_000)),
    "LaunchError: a block of too many threads": launched("empty", block=(64, 32)),
    "LaunchError: a block other than the kernel's": fixed_block,
    "LaunchError: a block the kernel is not compiled for": max_threads,
    "LaunchError: a grid that splits a cluster": whole_clusters,
    "LaunchError: too many dimensions": launched("saxpy", block=(16, 16)),
    "LaunchError: a grid that cannot run at once": grid_too_large,
    "LaunchError: overlap of a kernel that does not wait": with_attributes(programmatic=True),
    "LaunchError: a priority that is no number": with_attributes(priority="high"),
    "LaunchError: a priority that the GPU does not have": with_attributes(priority=-9),
    "LaunchError: a negative number of elements": lambda world: made("saxpy").forall(-1),
    "LaunchError: dynamic shared memory that is no size": launched("empty", shared_memory=-1),
    "LaunchError: what is no stream": launched("empty", stream="main"),
    "LaunchError: no telling which stream": no_stream,
    "LaunchError: the kernel takes more than the GPU has": with_failure("cuLaunchKernel", 701),
    "KernelFault: an access outside an array": with_failure("cuLaunchKernel", 700),
    "KernelFault: an assertion failed": with_failure("cuLaunchKernel", 710),
}


@pytest.fixture
def world(fake: Any, shipped: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """The machine, whose driver uses NVIDIA's words."""
    fake.log = b""
    monkeypatch.setattr(fake, "cuGetErrorString", lambda code: (0, WORDS[int(code)].encode()), raising=False)
    return World(fake, shipped, make, monkeypatch)


@pytest.mark.parametrize("title", CATALOGUE)
def test_the_message_is_what_is_raised(title: str, world: World, update_golden: bool) -> None:
    with pytest.raises(KernelError) as caught:
        CATALOGUE[title](world)
    world.monkeypatch.undo()
    page = PAGE.read_text(encoding="utf-8")
    written = {match["title"]: match for match in ENTRY.finditer(page)}[f"`{title.replace(': ', '`: ', 1)}"]
    assert title.startswith(f"{type(caught.value).__name__}: ")
    if update_golden:
        start, end = written.span("report")
        PAGE.write_text(f"{page[:start]}{caught.value}\n{page[end:]}", encoding="utf-8")
        return
    assert written["report"] == f"{caught.value}\n"


def test_the_page_has_every_error_a_caller_can_meet_and_no_other() -> None:
    titles = [match["title"] for match in ENTRY.finditer(PAGE.read_text(encoding="utf-8"))]
    assert titles == [f"`{title.replace(': ', '`: ', 1)}" for title in CATALOGUE]
    types = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, KernelError)]
    assert {found.__name__ for found in types} == {title.partition(":")[0] for title in CATALOGUE}
