"""The stress benchmark over a driver that adds on the CPU: it finds launches that get lost, and memory that grows."""
# ruff: noqa: N802  the driver's own names

from __future__ import annotations

import ctypes
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from oxide_build.errors import LaunchError
from tests.runtime.conftest import FakeDriver, forget

Script: TypeAlias = Callable[[str], Any]

F32, I32, POINTER = ctypes.c_float, ctypes.c_int32, ctypes.c_uint64
PARAMETERS = {
    "add_floats": (F32, POINTER, I32, POINTER, I32, I32),
    "add_integers": (I32, POINTER, I32, I32),
    "add_steps": (I32, I32, POINTER, I32, I32),
    "add_often": (POINTER, I32, POINTER, I32, I32),
}


class AddingDriver(FakeDriver):
    """A driver whose memory is the host's, and which runs the benchmark's kernels; every `loses`th launch is lost."""

    def __init__(self, loses: int = 0) -> None:
        super().__init__()
        self.loses = loses
        self.names: list[str] = []
        self.memory: list[Any] = []
        self.counter = itertools.count(1)

    def cuMemAlloc(self, size: int) -> tuple[Any, ...]:
        self.memory.append(ctypes.create_string_buffer(size))
        return self._answer("cuMemAlloc", ctypes.addressof(self.memory[-1]))

    def cuMemsetD32(self, pointer: int, bits: int, length: int) -> tuple[Any, ...]:
        (ctypes.c_uint32 * length).from_address(pointer)[:] = [bits] * length
        return self._answer("cuMemsetD32")

    def cuMemcpyDtoH(self, host: int, pointer: int, size: int) -> tuple[Any, ...]:
        ctypes.memmove(host, pointer, size)
        return self._answer("cuMemcpyDtoH")

    def cuMemGetInfo(self) -> tuple[Any, ...]:
        return self._answer("cuMemGetInfo", 2**30, 2**31)

    def cuStreamCreate(self, flags: int) -> tuple[Any, ...]:
        return self._answer("cuStreamCreate", next(self.counter) + 100)

    def cuStreamSynchronize(self, stream: int) -> tuple[Any, ...]:
        return self._answer("cuStreamSynchronize")

    def cuCtxSetCurrent(self, context: int) -> tuple[Any, ...]:
        self.contexts[:] = [context]
        return self._answer("cuCtxSetCurrent")

    def cuPointerGetAttribute(self, attribute: str, pointer: int) -> tuple[Any, ...]:
        return self._answer("cuPointerGetAttribute", 0)

    def cuLibraryGetKernel(self, library: int, name: bytes) -> tuple[Any, ...]:
        self.names.append(name.decode())
        return self._answer("cuLibraryGetKernel", len(self.names))

    def cuLaunchKernel(self, kernel: int, *arguments: int) -> tuple[Any, ...]:
        name = self.names[kernel - 1]
        types = next(types for kind, types in PARAMETERS.items() if name.startswith(kind))
        pointers = (ctypes.c_void_p * len(types)).from_address(arguments[-2])
        values = [kind.from_address(at).value for kind, at in zip(types, pointers, strict=True)]
        assert arguments[0] * arguments[3] >= values[-1]
        if not self.loses or next(self.counter) % self.loses:
            add(name, values)
        return self._answer("cuLaunchKernel")


def add(name: str, values: list[Any]) -> None:
    """What the kernel of that name does."""
    *first, y, _, n = values
    element: Any = F32 if "float" in name or "f32" in name else I32
    array = (element * n).from_address(y)
    if name.startswith("add_often"):
        delta = (element * n).from_address(first[0])[0] * int(name[-1])
    else:
        delta = {"add_floats": lambda a, x, _: a * (F32 * n).from_address(x)[0], "add_integers": lambda a: a}.get(
            name, lambda a, b: a - b
        )(*first)
    array[:] = [value + delta for value in array]


@pytest.fixture
def stress(script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Runs the benchmark with a driver and these options; gives its document and its exit status."""

    def run(driver: FakeDriver, *options: str) -> tuple[Any, int]:
        module, out = script("stress"), tmp_path / "stress.json"
        monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
        monkeypatch.setattr(sys, "argv", ["stress.py", "--arrays=driver", "--threads=4", f"--out={out}", *options])
        forget()
        try:
            status = module.measurement.exit_status(module.main)
        except SystemExit as left:
            status = left.code
        return json.loads(out.read_text(encoding="utf-8")), status

    yield run
    forget()
    sys.modules.pop("oxide_stress.kernel", None)
    sys.modules.pop("oxide_stress", None)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark's kernels, built ahead."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    try:
        import saxpy
        import stress

        directory = tmp_path_factory.mktemp("packages")
        saxpy.build(directory, stress.PACKAGE, "sm_90", stress.SOURCE)
    finally:
        del sys.path[0]
    return directory


def test_nothing_is_wrong_where_nothing_is_lost(stress: Callable[..., Any], packages: Path) -> None:
    driver = AddingDriver()
    report, status = stress(driver, "--launches=602", f"--packages={packages}")
    (row,) = report["rows"]
    assert status == 0
    assert (row["launches"], row["threads"], row["wrong"]) == (602, 4, 0)
    assert driver.calls.count("cuLaunchKernel") == 602
    assert set(row) >= {"host_first_mb", "host_last_mb", "host_slope_mb_a_million", "gpu_first_mb", "gpu_last_mb"}
    assert report["free_threaded"] in (True, False)


def test_a_lost_launch_is_found(stress: Callable[..., Any], packages: Path) -> None:
    report, status = stress(AddingDriver(loses=150), "--launches=602", f"--packages={packages}")
    assert report["rows"][0]["wrong"] > 0
    assert status == 1


def test_what_a_thread_raises_is_raised(stress: Callable[..., Any], packages: Path) -> None:
    driver = AddingDriver()
    driver.failures["cuLaunchKernel"] = 1
    with pytest.raises(LaunchError, match="launching add_"):
        stress(driver, "--launches=8", f"--packages={packages}")


def test_growth_is_after_warming_up(script: Script) -> None:
    stress = script("stress")
    samples = [stress.Sample(at * 100_000, 50.0 if not at else 100.0 + at, 10.0) for at in range(11)]
    found = stress.memory(samples, 1_000_000)
    assert (found["samples"], found["host_first_mb"], found["host_last_mb"], found["host_growth_mb"]) == (
        9,
        102,
        110,
        8,
    )
    assert found["host_slope_mb_a_million"] == pytest.approx(10.0)
    assert found["gpu_slope_mb_a_million"] == 0
    assert stress.is_good({"wrong": 0, **found})
    assert not stress.is_good({"wrong": 0, **found, "gpu_growth_mb": 17.0})
    assert not stress.is_good({"wrong": 1, **found})
