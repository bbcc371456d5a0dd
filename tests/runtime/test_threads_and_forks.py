"""First loads that race, processes that fork, kernels that travel: against a fake driver."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_compiled import made

from oxide_build import gpu, runtime
from oxide_build.errors import DriverNotFoundError, ForkError, KernelError, LaunchError
from oxide_build.gpu import f32
from oxide_build.runtime import forks

Make = Callable[..., Any]

THREADS = 16
can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def together(work: Callable[[int], object]) -> None:
    """Run `work(number)` in sixteen threads that start at the same moment; raises what one of them raised."""
    barrier, errors = threading.Barrier(THREADS), list[BaseException]()

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


def test_first_launches_that_race_load_once_and_lose_nothing(fake: Any, shipped: Path, make: Make) -> None:
    fake.load_seconds = 0.05

    def work(number: int) -> None:
        pointer = (number % 2) * 2**20 + 0x1000
        runtime.configure("shipped.vector", "saxpy", 1, 32, 5)(float(number), make(pointer, (8,)), make(pointer, (8,)))
        runtime.configure("shipped.vector", "empty", 1, 32, 5)()

    together(work)
    assert len(fake.images) == 1
    saxpys = [entry for entry in fake.launches if entry["kernel"] == 71]
    assert sorted(entry["values"][0] for entry in saxpys) == [float(number) for number in range(THREADS)]
    assert all(entry["context"] == int(entry["values"][0]) % 2 + 1 for entry in saxpys)
    assert len(fake.launches) == 2 * THREADS
    assert fake.calls.count("cuKernelGetFunction") == 3


def test_preloads_launches_and_questions_that_race(fake: Any, shipped: Path) -> None:
    fake.load_seconds = 0.05
    kernel = made("empty")
    tasks: list[Callable[[], object]] = [
        kernel.preload,
        lambda: gpu.preload("shipped"),
        lambda: kernel.attributes,
        lambda: kernel[1, 1, 5](),
    ]
    together(lambda number: tasks[number % len(tasks)]())
    assert len(fake.images) == 1
    assert len(fake.launches) == THREADS // len(tasks)
    assert fake.calls.count("cuKernelGetFunction") == len(fake.symbols)


def test_a_load_that_fails_fails_in_every_thread_and_then_works(fake: Any, shipped: Path) -> None:
    fake.failures["cuLibraryLoadData"] = 218
    failed = []

    def work(number: int) -> None:
        try:
            made("empty").preload()
        except KernelError as error:
            failed.append(error)

    together(work)
    assert len(failed) == THREADS
    fake.failures.clear()
    made("empty").preload()


@pytest.fixture
def unforked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of which forks are watched anew."""
    monkeypatch.setattr(forks, "_lost", False)
    monkeypatch.setattr(forks, "_watched", [])


def in_a_child(work: Callable[[], object]) -> str:
    """What `work` returned in a forked process, or the error it raised, as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            words = str(work())
        except BaseException as error:
            words = f"{type(error).__name__}: {error}"
        os.write(writer, words.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()


def launch() -> None:
    runtime.configure("shipped.vector", "empty", 1, 1, 5)()


@can_fork
@pytest.mark.usefixtures("unforked")
def test_a_fork_before_any_use_works(fake: Any, shipped: Path) -> None:
    str(made("empty"))
    assert in_a_child(launch) == "None"
    launch()
    assert len(fake.launches) == 1


@can_fork
@pytest.mark.usefixtures("unforked")
@pytest.mark.parametrize(
    "work", [launch, lambda: gpu.preload("shipped"), lambda: made("empty").attributes, lambda: made("empty").image]
)
def test_a_fork_after_use_is_refused(work: Callable[[], object], fake: Any, shipped: Path) -> None:
    kept = runtime.configure("shipped.vector", "empty", 1, 1, 5)
    kept()
    refusal = (
        "ForkError: this process was forked from one that had already used CUDA, and CUDA does not survive a fork\n"
        '  help: start workers with multiprocessing.get_context("spawn"), or fork before anything uses a GPU'
    )
    assert in_a_child(work) == in_a_child(work) == refusal
    assert "ForkError: " in in_a_child(kept)
    kept()
    assert len(fake.launches) == 2


@can_fork
@pytest.mark.usefixtures("unforked")
def test_plans_do_not_survive_a_fork(fake: Any, shipped: Path) -> None:
    kept = runtime.configure("shipped.vector", "empty", 1, 1, 5)
    kept()
    kept()
    assert "ForkError: " in in_a_child(kept)
    kept()
    assert len(fake.launches) == 3


@can_fork
@pytest.mark.usefixtures("unforked")
def test_a_fork_of_a_fork_is_refused_too(fake: Any, shipped: Path) -> None:
    launch()
    assert "ForkError: " in in_a_child(lambda: in_a_child(launch))


@can_fork
@pytest.mark.usefixtures("unforked")
def test_a_childs_prints_still_work(fake: Any, shipped: Path) -> None:
    launch()
    assert in_a_child(lambda: made("empty")).endswith("CUDA 12.0 or newer")


def test_a_fork_after_anothers_use_is_refused(fake: Any, shipped: Path) -> None:
    fake.failures["cuInit"] = forks.NOT_INITIALIZED
    with pytest.raises(ForkError, match="this process was forked from one that had already used CUDA"):
        launch()
    fake.failures["cuInit"] = 0
    fake.failures["cuLaunchKernel"] = forks.NOT_INITIALIZED
    with pytest.raises(LaunchError, match=r"launching empty with .*: this process was forked"):
        launch()


def test_a_missing_driver_is_no_fork(fake: Any, shipped: Path) -> None:
    fake.failures["cuInit"] = 100
    for _ in range(2):
        with pytest.raises(DriverNotFoundError):
            launch()
    assert not forks._watched or not forks._lost


@gpu.device
def twice(x: f32) -> f32:
    """Two x."""
    return x + x


@gpu.kernel
def nothing() -> None:
    """A kernel of this module."""


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_kernels_and_device_functions_are_pickled_by_name(protocol: int) -> None:
    for value in (nothing, twice):
        assert pickle.loads(pickle.dumps(value, protocol)) is value
        assert copy.copy(value) is value
        assert copy.deepcopy(value) is value


def test_another_process_finds_a_kernel_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text(
        "from oxide_build import gpu\n\n@gpu.kernel\ndef nothing() -> None: ...\n", encoding="utf-8"
    )
    make = "import pickle, sys, held; sys.stdout.buffer.write(pickle.dumps(held.nothing))"
    take = "import pickle, sys; print(repr(pickle.load(sys.stdin.buffer)))"
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths}
    sent = subprocess.run([sys.executable, "-c", make], env=environment, capture_output=True, check=True).stdout
    got = subprocess.run([sys.executable, "-c", take], env=environment, input=sent, capture_output=True, check=True)
    assert got.stdout.decode().strip() == "<kernel held.nothing()>"


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_kept_launch_is_this_processs_own(copied: Callable[[Any], object], fake: Any, shipped: Path) -> None:
    kept = runtime.configure("shipped.vector", "empty", 1, 1, 5)
    with pytest.raises(KernelError) as caught:
        copied(kept)
    assert str(caught.value) == (
        "a launch of shipped.vector cannot be pickled or copied: its stream and its loaded code are this process's\n"
        "  help: send the kernel itself, which is pickled by its name, and write kernel[grid, block] over there"
    )
