"""Launches by plan, in Python and in C: what is learned from one launch, and which launches it then holds for."""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import Any

import pytest

from oxide_build import runtime
from oxide_build.errors import KernelArgumentError, LaunchError
from oxide_build.gpu import Kernel as AuthorsKernel
from oxide_build.manifest import Constant, Generic, Kernel, Parameter
from oxide_build.runtime import native, packing, plan
from oxide_build.variants import Family
from tests.runtime.lookalikes import FLOAT32, FLOAT64, SIZES, Streams, Tensor, ndarray
from tests.runtime.planned import SAXPY, VIEWS, Scene, X, Y

GOLDEN = Path(__file__).with_name("plans")
ONE = (Constant("n", "int", ("1",), "1"),)


@pytest.mark.parametrize("make", [Tensor, ndarray])
def test_the_second_launch_of_a_kind_goes_by_plan(make: Any, way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    x, y = make(0x1000, (500,)), make(0x2000, (400,))
    assert not scene.is_planned(2.5, x, y, 7)
    assert scene.is_planned(2.5, make(0x3000, (8,)), y, 8)
    assert scene.is_planned(2, y, x, 400)
    assert fake.launches[-1] == {
        "kernel": 71,
        "grid": (4, 2, 1),
        "block": (64, 1, 1),
        "shared": 0,
        "stream": 40 if make is Tensor else 50,
        "values": [0x40000000, 0x2000, 400, 0x1000, 500, 400],
        "context": 1,
    }
    assert scene.same(2.5, x, y, 7)["values"][0] == 0x40200000


def test_what_is_learned_holds_for_other_configurations(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    other = runtime.Configuration(
        SAXPY, scene.configuration.module, scene.configuration.learned, (9, 1, 1), (32, 1, 1), 77, 16, None
    )
    compiled = other.learned.compiled
    (other if compiled is None else native.launcher(compiled, other))(1.0, X, Y, 1)
    assert scene.general == 1
    assert [fake.launches[-1][name] for name in ("grid", "block", "stream", "shared")] == [
        (9, 1, 1),
        (32, 1, 1),
        77,
        16,
    ]


def test_a_failed_launch_is_worded_by_the_general_way(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    fake.failures["cuLaunchKernel"] = 701
    with pytest.raises(
        LaunchError, match=r"launching saxpy with grid \(4, 2, 1\).* CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"
    ):
        scene.launch(1.0, X, Y, 1)


def test_shared_memory_beyond_what_was_allowed(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY, shared=60000)
    assert not scene.is_planned(1.0, X, Y, 1)
    assert not scene.is_planned(1.0, X, Y, 1)
    scene.most = 60000
    assert not scene.is_planned(1.0, X, Y, 1)
    assert scene.is_planned(1.0, X, Y, 1)


def test_sixteen_threads(way: str, fake: Any) -> None:
    scene = Scene(fake, SAXPY)
    scene.launch(1.0, X, Y, 1)
    fake.launches.clear()

    def work(number: int) -> None:
        fake.contexts.append(1)
        for i in range(50):
            scene.launch(number, Tensor(0x1000 * number, (number + i,)), Tensor(0x1000 * number, (number,)), number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [
        [packing.struct.unpack("I", packing.struct.pack("f", n))[0], 0x1000 * n, n + i, 0x1000 * n, n, n]
        for n in range(1, 17)
        for i in range(50)
    ]
    assert sorted(launched["values"] for launched in fake.launches) == sorted(expected)
    assert scene.general == 1


def test_a_launch_within_a_launch(way: str, fake: Any, libraries: Streams, monkeypatch: Any) -> None:
    scene = Scene(fake, SAXPY)
    inner = 3.0, Tensor(0x9000, (9,)), Tensor(0xA000, (9,)), 9

    class Nested(Tensor):
        __module__, __qualname__ = "torch", "Tensor"

        def data_ptr(self) -> int:
            scene.launch(*inner)
            return super().data_ptr()

    scene.launch(*inner)
    x = Nested(0x1000, (500,))
    scene.launch(1.0, x, Y, 1)
    assert scene.is_planned(1.0, x, Y, 1)
    assert fake.launches[-1]["values"] == [0x3F800000, 0x1000, 500, 0x2000, 400, 1]
    assert fake.launches[-2]["values"] == [0x40400000, 0x9000, 9, 0xA000, 9, 9]


def test_a_subscript_is_kept_and_never_taken_for_an_equal_one(shipped: Path, way: str, fake: Any) -> None:
    def saxpy(a: Any, x: Any, y: Any) -> None: ...

    saxpy.__module__ = "shipped.vector"
    kernel: Any = AuthorsKernel(saxpy)
    assert kernel[1, 128] is kernel[1, 128]
    assert kernel[(1, 1), 128] is kernel[(1, 1), 128]
    assert kernel[1, 128] is not kernel[1, 128, 0]
    kernel[1, 128, 1]
    for wrong in ((1.0, 128), ((1.0, 1), 128), (1, 128, True)):
        for _ in range(2):
            with pytest.raises(LaunchError):
                kernel[wrong]
    listed: Any = [1, 1]
    configuration = listed, 128
    kernel[configuration]
    listed[0] = -1
    with pytest.raises(LaunchError):
        kernel[configuration]
    constant = 2, 128
    assert kernel[constant] is kernel[constant] is kernel[constant] is kernel[2, 128]
    for wrong in (7, None, ()):
        with pytest.raises(LaunchError, match="no launch configuration"):
            kernel[wrong]


def test_each_variant_has_plans_of_its_own(way: str, fake: Any, monkeypatch: Any) -> None:
    fake.parameters = [ctypes.c_uint64, ctypes.c_uint32]
    types = {"f32": FLOAT32, "f64": FLOAT64}
    kernels = [
        Kernel("k", f"k_{name}", (Parameter("x", "slice", name, 1),), unit=name, variant={"T": name, "n": "1"})
        for name in types
    ]
    generic = Generic("k", (("x", "Slice[T]"), ("n", "int")), {"T": ("f32", "f64")}, ONE, {"x": "T"})
    scenes = {kernel.symbol: Scene(fake, kernel) for kernel in kernels}
    family = Family(generic, kernels)
    launch = runtime.GenericConfiguration(family, lambda kernel: scenes[kernel.symbol].launch)
    for dtype in (FLOAT32, FLOAT64, FLOAT64, FLOAT32, FLOAT32):
        launch(Tensor(0x1000, (SIZES[dtype],), dtype))
        launch(Tensor(0x1000, (SIZES[dtype],), dtype), 1)
        launch(n=1, x=Tensor(0x1000, (SIZES[dtype],), dtype))
    assert [scene.general for scene in scenes.values()] == [1, 1]
    assert {tuple(launched["values"]) for launched in fake.launches} == {(0x1000, 4), (0x1000, 8)}
    with pytest.raises(KernelArgumentError, match="missing 'x'"):
        launch()


@pytest.mark.parametrize(("name", "kernel", "type"), [("saxpy", SAXPY, Tensor), ("views", VIEWS, ndarray)])
def test_the_text_of_a_plan(name: str, kernel: Kernel, type: Any, update_golden: bool) -> None:
    kinds = tuple(plan.Kind(type, object()) for parameter in kernel.parameters if parameter.kind != "scalar")
    found = plan.text(plan.Recipe(kernel, kinds, 0, 71, 1, None, 0))
    file = GOLDEN / f"{name}.txt"
    if update_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
