"""Generic kernels against a fake driver, and on a real GPU: the right variant, loaded when it is first asked for."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oxide_build import gpu, runtime
from oxide_build.errors import KernelArgumentError, LaunchError, LoadError
from oxide_build.manifest import Artifact, Constant, Generic, Kernel, Manifest, Parameter

Make = Callable[..., Any]

TYPES, TILES = ("f32", "f64"), (64, 128)


def variant(type_name: str, block: int) -> Kernel:
    """One entry of `total(x: Slice[T], tile: gpu.Const[int] = 128)`."""
    symbol, chosen = f"total_{type_name}_{block}", {"T": type_name, "tile": str(block)}
    views = (Parameter("x", "slice", type_name, 1),)
    return Kernel("total", symbol, views, 1, (block, 1, 1), unit=symbol, variant=chosen)


VARIANTS = [variant(type_name, block) for type_name in TYPES for block in TILES]
TOTAL = Generic(
    "total",
    (("x", "Slice[T]"), ("tile", "gpu.Const[int]")),
    {"T": TYPES},
    (Constant("tile", "int", ("64", "128"), "128"),),
    {"x": "T"},
)
EMPTY = Kernel("empty", "empty", ())
SYMBOLS = {kernel.symbol.encode(): 80 + number for number, kernel in enumerate([*VARIANTS, EMPTY])}


def image(unit: str) -> tuple[Artifact, bytes]:
    content = f"// {unit or 'plain'}".encode()
    file = f"sums.{unit}.sm_90.ptx" if unit else "sums.sm_90.ptx"
    digest = hashlib.sha256(content).hexdigest()
    return Artifact("sm_90", "ptx", file, "7.8", "11.8", digest, len(content), unit), content


@pytest.fixture
def sums(tmp_path: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package `varied` with a kernel module `sums`: a generic kernel and an ordinary one; gives its `_oxide`."""
    directory = tmp_path / "varied" / "_oxide"
    directory.mkdir(parents=True)
    (tmp_path / "varied" / "__init__.py").touch()
    images = [image(unit) for unit in (*(kernel.unit for kernel in VARIANTS), "")]
    artifacts = tuple(artifact for artifact, _ in images)
    kernels = (*VARIANTS, EMPTY)
    shipped = Manifest("varied.sums", "sums.py", "", {}, {}, ("sm_90",), kernels, artifacts, generics=(TOTAL,))
    assert Manifest.from_json(shipped.to_json()) == shipped
    (directory / "sums.json").write_text(shipped.to_json())
    for artifact, content in images:
        (directory / artifact.file).write_bytes(content)
    monkeypatch.setattr(fake, "cuLibraryGetKernel", lambda library, name: fake._answer("get", SYMBOLS[name]))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield directory
    sys.modules.pop("varied", None)


def launch(*args: Any, block: Any = 128, **named: Any) -> None:
    runtime.configure("varied.sums", "total", 2, block, 5)(*args, **named)


def symbols(fake: Any) -> list[str]:
    names = {number: symbol.decode() for symbol, number in SYMBOLS.items()}
    return [names[entry["kernel"]] for entry in fake.launches]


def test_a_launch_gets_its_variant(fake: Any, sums: Path, make: Make) -> None:
    single, double = make(0x1000, (8,)), make(0x2000, (8,), "<f8")
    launch(single)
    launch(double)
    launch(double, tile=64, block=64)
    launch(single, np.int64(64), block=64)
    launch(single, tile=128)
    assert symbols(fake) == ["total_f32_128", "total_f64_128", "total_f64_64", "total_f32_64", "total_f32_128"]


def test_only_what_is_asked_for_is_loaded_and_once(fake: Any, sums: Path, make: Make) -> None:
    for file in sums.glob("sums.total_f64*"):
        file.unlink()
    for _ in range(3):
        launch(make(0x1000, (8,)))
    assert fake.images == [b"// total_f32_128\0"]
    runtime.configure("varied.sums", "empty", 1, 1, 5)()
    assert fake.images == [b"// total_f32_128\0", b"// plain\0"]
    with pytest.raises(LoadError, match=r"cannot read sums\.total_f64_128\.sm_90\.ptx"):
        launch(make(0x1000, (8,), "<f8"))


def test_threads_load_a_variant_once(fake: Any, sums: Path, make: Make) -> None:
    fake.load_seconds = 0.05
    configured = runtime.configure("varied.sums", "total", 2, 128, 5)
    threads = [threading.Thread(target=configured, args=(make(0x1000, (8,)),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.images) == 1
    assert len(fake.launches) == 6


def test_a_choice_is_looked_up_the_second_time(sums: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = runtime.loader.module("varied.sums").family("total")
    assert family is not None
    array = SimpleNamespace(dtype=np.dtype(np.float64))
    first = family.choose((array,), {"tile": 64})
    monkeypatch.setattr(family, "_choose", None)
    assert family.choose((array, 64), {}) == first == (VARIANTS[2], (array,))


@pytest.mark.parametrize(
    ("typestr", "named", "message"),
    [
        ("<i4", {}, "total: T is f32 or f64, 'x' makes it i32"),
        ("<f4", {"tile": 100}, "total: 'tile' is known at compile time and is 64 or 128, got 100"),
        ("<f4", {"block_size": 1}, "total: unknown 'block_size'"),
    ],
)
def test_what_is_not_listed_is_refused(
    fake: Any, sums: Path, make: Make, typestr: str, named: dict[str, Any], message: str
) -> None:
    with pytest.raises(KernelArgumentError) as raised:
        launch(make(0x1000, (8,), typestr), **named)
    assert str(raised.value).startswith(message)
    assert "total(x: Slice[T], tile: gpu.Const[int])" in str(raised.value) or "values={" in str(raised.value)
    assert fake.launches == []


def test_a_block_of_another_variant_is_refused(fake: Any, sums: Path, make: Make) -> None:
    with pytest.raises(LaunchError, match=r"written for \(64, 1, 1\) with T = f32, tile = 64"):
        launch(make(0x1000, (8,)), tile=64)


def test_forall_takes_the_block_from_the_call(fake: Any, sums: Path, make: Make) -> None:
    def total(x: gpu.Slice[gpu.f32], tile: gpu.Const[int] = 128) -> None:
        """A kernel's face: what runs is the image that was shipped."""

    total.__module__ = "varied.sums"
    kernel = gpu.kernel(block="tile", values={"tile": TILES})(total)
    kernel.forall(300, 5)(make(0x1000, (300,)))
    kernel.forall(300, 5)(make(0x1000, (300,)), tile=64)
    kernel.forall(300, 5)(make(0x1000, (300,)), 64)
    kernel.forall(0)(make(0x1000, (0,)))
    assert [(entry["grid"][0], entry["block"][0]) for entry in fake.launches] == [(3, 128), (5, 64), (5, 64)]


def looked_at() -> gpu.Kernel:
    """The kernel object of `varied.sums.total`."""

    def total(x: gpu.Slice[gpu.f32], tile: gpu.Const[int] = 128) -> None:
        """A kernel's face: what runs is the image that was shipped."""

    total.__module__ = "varied.sums"
    return gpu.kernel(block="tile", values={"tile": TILES})(total)


@pytest.mark.parametrize(
    ("values", "symbol"),
    [
        ({}, "total_f32_128"),
        ({"T": gpu.f64}, "total_f64_128"),
        ({"T": "f64", "tile": 64}, "total_f64_64"),
        ({"T": np.float64, "tile": np.int64(64)}, "total_f64_64"),
        ({"T": np.dtype(np.float32), "tile": 64}, "total_f32_64"),
    ],
)
def test_a_variant_is_named_by_its_values(values: dict[str, Any], symbol: str, fake: Any, sums: Path) -> None:
    variant = looked_at().variant(**values)
    assert variant.kernel.symbol == symbol
    assert variant.image.file == f"sums.{symbol}.sm_90.ptx"
    assert variant.ptx == f"// {symbol}"
    assert variant.signature == f"total(x: Slice[{symbol.split('_')[1]}])"
    assert fake.images == []
    assert variant.attributes.registers == 24
    assert fake.images == [f"// {symbol}\0".encode()]


def test_a_generic_kernel_is_looked_at_as_a_launch_without_values_would_be(fake: Any, sums: Path) -> None:
    assert looked_at().ptx == "// total_f32_128"
    assert looked_at().occupancy(128).blocks == 16
    with pytest.raises(LaunchError, match=r"written for \(128, 1, 1\) with T = f32, tile = 128"):
        looked_at().occupancy(64)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"T": gpu.i32},
            "total: T is f32 or f64, got i32\n  help: name one of these; it is declared total(x: Slice[T]",
        ),
        ({"tile": 100}, "total: 'tile' is known at compile time and is 64 or 128, got 100\n"),
        ({"U": "f32"}, "total: no type or compile-time parameter is called 'U'\n  help: name some of T, tile; it is"),
    ],
)
def test_variants_there_are_not(values: dict[str, Any], message: str, fake: Any, sums: Path) -> None:
    with pytest.raises(KernelArgumentError) as raised:
        looked_at().variant(**values)
    assert str(raised.value).startswith(message)


def test_preloading_a_generic_kernel_loads_every_variant(fake: Any, sums: Path) -> None:
    looked_at().variant(T=gpu.f64).preload()
    assert fake.images == [b"// total_f64_128\0"]
    looked_at().preload()
    assert len(fake.images) == len(VARIANTS)
    gpu.preload("varied")
    assert fake.images[-1] == b"// plain\0"
    assert len(fake.images) == len(VARIANTS) + 1


def test_a_generic_kernel_prints_its_variants(fake: Any, sums: Path) -> None:
    assert str(looked_at()) == (
        "total(x: Slice[f32], tile: Const[int]), of varied.sums\n"
        "  variants: T = f32 or f64, tile = 64 or 128\n"
        "  sm_90: PTX 7.8, 4 images, 62 bytes, CUDA 11.8 or newer"
    )
