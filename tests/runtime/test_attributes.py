"""Launches that ask for more than a geometry, against a fake driver: overlap with the kernel before, and priority."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_compiled import made
from test_variants import TOTAL, VARIANTS

from oxide_build import gpu, runtime
from oxide_build.errors import KernelError, LaunchError
from oxide_build.runtime import Configuration, device, loader
from oxide_build.runtime.attributes import LaunchAttributes
from oxide_build.variants import Family

PROGRAMMATIC = {"CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION": {"programmaticStreamSerializationAllowed": 1}}
COOPERATIVE = {"CU_LAUNCH_ATTRIBUTE_COOPERATIVE": {"cooperative": 1}}


def priority(number: int) -> dict[str, dict[str, int]]:
    return {"CU_LAUNCH_ATTRIBUTE_PRIORITY": {"priority": number}}


@pytest.mark.parametrize(
    ("name", "asked", "attributes"),
    [
        ("following", {"programmatic": True}, PROGRAMMATIC),
        ("following", {"programmatic": True, "priority": -1}, {**PROGRAMMATIC, **priority(-1)}),
        ("empty", {"priority": -5}, priority(-5)),
        ("empty", {"priority": 0}, priority(0)),
        ("together", {"priority": -2}, {**COOPERATIVE, **priority(-2)}),
        ("all", {"programmatic": True, "priority": -2}, {**COOPERATIVE, **PROGRAMMATIC, **priority(-2)}),
    ],
)
def test_attributes_reach_the_driver(name: str, asked: Any, attributes: Any, fake: Any, shipped: Path) -> None:
    made(name).launch(grid=(2, 3), block=64, stream=5, shared_memory=32, **asked)
    assert fake.attributed == [attributes]
    (launched,) = fake.launches
    assert (launched["grid"], launched["block"]) == ((2, 3, 1), (64, 1, 1))
    assert (launched["shared"], launched["stream"]) == (32, 5)


def test_without_attributes_a_launch_is_the_subscripts(fake: Any, shipped: Path) -> None:
    kernel = made("following")
    assert kernel.configure(2, 64, 5, 32) is kernel[2, 64, 5, 32]
    kernel.launch(grid=2, block=64, stream=5, programmatic=False, priority=None)
    assert "cuLaunchKernel" in fake.calls
    assert not fake.attributed


def test_images_for_older_gpus_do_not_overlap(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold no wait, also where they run on a GPU that could overlap."""
    monkeypatch.setenv(loader.FORCE, "sm_80")
    made("following").launch(grid=1, block=32, stream=5, programmatic=True)
    made("following").launch(grid=1, block=32, stream=5, programmatic=True, priority=-1)
    assert len(fake.launches) == 2
    assert fake.attributed == [priority(-1)]


def test_a_kernel_that_does_not_wait_is_refused(fake: Any, shipped: Path) -> None:
    for name in ("empty", "together"):
        with pytest.raises(LaunchError, match=f"{name} cannot be launched with programmatic=True"):
            made(name).configure(1, 32, 5, programmatic=True)
    assert fake.calls == []


def test_a_variant_that_does_not_wait_is_refused() -> None:
    """Of a generic kernel each variant is asked, when a call has chosen it."""

    def settled(kernel: Any) -> Callable[..., None]:
        LaunchAttributes(programmatic=True).check(kernel)
        raise AssertionError("it does not wait")

    configuration = runtime.GenericConfiguration(Family(TOTAL, VARIANTS, lambda array: array), settled)
    with pytest.raises(LaunchError, match="total cannot be launched with programmatic=True"):
        configuration("f32")


@pytest.mark.parametrize("number", [-6, 1, 2**40])
def test_a_priority_that_the_gpu_does_not_have(number: int, fake: Any, shipped: Path) -> None:
    launch = made("empty").configure(1, 32, 5, priority=number)
    with pytest.raises(LaunchError, match=f"priority is {number}, and GPU 0 has -5 to 0"):
        launch()
    assert not fake.launches


@pytest.mark.parametrize("value", ["high", 1.0, True, [0]])
def test_what_is_no_priority(value: Any, fake: Any, shipped: Path) -> None:
    kernel = made("empty")
    kernel.configure(1, 32, 5, priority=0)
    with pytest.raises(LaunchError, match="a launch's priority is"):
        kernel.configure(1, 32, 5, priority=value)


def test_the_priorities_are_asked_for_once(fake: Any, shipped: Path) -> None:
    for _ in range(3):
        made("empty").launch(grid=1, block=32, stream=5, priority=-1)
    assert fake.calls.count("cuCtxGetStreamPriorityRange") == 1


def test_a_configuration_is_kept_by_what_it_asks_for(fake: Any, shipped: Path) -> None:
    kernel = made("following")
    asked: list[dict[str, Any]] = [{}, {"programmatic": True}, {"priority": 0}, {"programmatic": True, "priority": 0}]
    launches = [kernel.configure(1, 32, 5, **attributes) for attributes in asked]
    assert len(set(map(id, launches))) == len(launches)
    assert [kernel.configure(1, 32, 5, **attributes) for attributes in asked] == launches
    with pytest.raises(LaunchError, match="is no launch configuration"):
        kernel[1, 32, 5, 0, LaunchAttributes(True)]


def test_a_kept_launch_has_its_attributes_each_time(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when other launches of the kernel go by plan, which has none: they go the general way once, these always."""
    general, asked = Configuration.launch, list[Any]()

    def watched(self: Configuration, *call: Any) -> None:
        asked.append(self.attributes)
        general(self, *call)

    monkeypatch.setattr(Configuration, "launch", watched)
    fake.contexts.append(1)
    kernel = made("empty")
    launch = kernel.configure(1, 32, 5, priority=-1)
    for _ in range(3):
        kernel[1, 32, 5]()
        launch()
    assert len(fake.launches) == 6
    assert fake.attributed == [priority(-1)] * 3
    assert asked == [None, *[LaunchAttributes(priority=-1)] * 3]


def test_a_kept_launch_with_attributes_is_not_pickled(fake: Any, shipped: Path) -> None:
    with pytest.raises(KernelError, match="cannot be pickled"):
        pickle.dumps(made("empty").configure(1, 32, 5, priority=0))


def test_a_kernel_that_waits_says_so(fake: Any, shipped: Path) -> None:
    line = "  waits for the kernel before it: programmatic=True lets the two overlap"
    assert line in str(made("following")).splitlines()
    assert line not in str(made("empty")).splitlines()


def test_a_subscript_takes_what_it_took(fake: Any, shipped: Path) -> None:
    kernel: gpu.Kernel = made("empty")
    for configuration in ((1, 32), (1, 32, 5), (1, 32, 5, 64)):
        kernel[configuration]()
    assert [entry["shared"] for entry in fake.launches] == [0, 0, 64]


@pytest.mark.parametrize("name", device.ATTRIBUTES)
def test_the_binding_has_the_attribute(name: str) -> None:
    """The real one, in whose structures a value that was set can be read again."""
    driver = pytest.importorskip("cuda.bindings.driver", reason="cuda-bindings is not installed")
    label, field = device.ATTRIBUTES[name]
    attribute = device._attribute(driver, name, 1)
    assert attribute.id.name == f"CU_LAUNCH_ATTRIBUTE_{label}"
    config = driver.CUlaunchConfig()
    config.attrs, config.numAttrs = [attribute, attribute], 2
    assert [getattr(held.value, field) for held in config.attrs] == [1, 1]
