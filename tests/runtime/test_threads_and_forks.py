"""First loads that race, processes that fork, kernels that travel: against a fake driver."""

from __future__ import annotations

import copy
import importlib
import os
import pickle
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_compiled import made

from oxide_build import gpu, runtime
from oxide_build.errors import DriverNotFoundError, ForkError, KernelError, LaunchError
from oxide_build.gpu import f32
from oxide_build.manifest import Manifest
from oxide_build.runtime import forks, learning, loader, scalars, streams
from tests.runtime.lookalikes import FLOAT32, Tensor

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
def restless() -> Iterator[None]:
    """Threads that take turns as often as Python lets them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def modules(shipped: Path) -> list[str]:
    """Four kernel modules with the same kernels and images."""
    manifest = Manifest.from_json((shipped / "vector.json").read_text(encoding="utf-8"))
    names = [f"shipped.vector{number}" for number in range(4)]
    for name in names:
        text = replace(manifest, module=name).to_json()
        (shipped / f"{name.rpartition('.')[2]}.json").write_text(text, encoding="utf-8")
    return names


@pytest.mark.usefixtures("restless")
def test_a_storm_of_launches_loses_nothing(fake: Any, modules: list[str]) -> None:
    kernels = [gpu.Kernel(_named(module, "saxpy")) for module in modules]
    kept = [kernel[1, 32, 5] for kernel in kernels]
    rounds, expected = 40, Counter[tuple[object, ...]]()

    def work(number: int) -> None:
        fake.contexts.append(1)
        chance, launched = random.Random(number), Counter[tuple[object, ...]]()
        for turn in range(rounds):
            which, block, length = chance.randrange(4), chance.choice((32, 64)), chance.randrange(1, 9)
            stream, a = chance.randrange(1, 4), float(rounds * number + turn)
            x, y = Tensor(0x1000 * (number + 1), (length,), FLOAT32), Tensor(0x100, (length,), FLOAT32)
            if is_kept := chance.random() < 0.5:
                stream, block = 5, 32
            (kept[which] if is_kept else kernels[which][1, block, stream])(a, x, y)
            launched[stream, block, a, x.pointer, length] += 1
        expected.update(launched)  # each thread's own are told apart by `a`

    together(work)
    done = Counter(
        (entry["stream"], entry["block"][0], *entry["values"][:2], entry["values"][2]) for entry in fake.launches
    )
    assert done == expected
    assert sum(done.values()) == THREADS * rounds
    assert len(fake.images) == len(modules)
    assert [len(loader.module(name).learned(loader.module(name).kernel("saxpy")).attempts) for name in modules] == [
        1
    ] * 4


def _named(module: str, name: str) -> Callable[..., None]:
    """An author's function of that name, in that module."""

    def function() -> None: ...

    function.__module__, function.__name__ = module, name
    return function


def test_launches_that_race_teach_one_plan(fake: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taught, made_plan = [], learning.attempt

    def slowly(libraries: object) -> None:
        time.sleep(0.05)  # long enough for every thread to have found that there is no plan yet

    def noted(recipe: Any, *rest: Any) -> Any:
        taught.append(recipe)
        return made_plan(recipe, *rest)

    monkeypatch.setattr(streams, "finder", slowly)
    monkeypatch.setattr(learning, "attempt", noted)
    launch, x = runtime.configure("shipped.vector", "saxpy", 1, 32, 5), Tensor(0x1000, (8,), FLOAT32)
    together(lambda number: launch(1.0, x, x))
    assert len(taught) == 1
    assert len(fake.launches) == THREADS


def test_a_package_may_launch_while_it_is_imported(fake: Any, shipped: Path) -> None:
    source = "import time\nfrom oxide_build.runtime import loader\n"
    waits = f"{source}time.sleep(0.3)\nloader.module('shipped.vector')\n"
    (shipped.parent / "__init__.py").write_text(waits, encoding="utf-8")
    importing = threading.Thread(target=importlib.import_module, args=("shipped",), daemon=True)
    asking = threading.Thread(target=loader.module, args=("shipped.vector",), daemon=True)
    importing.start()
    while "shipped" not in sys.modules:
        time.sleep(0.01)
    asking.start()
    for thread in (importing, asking):
        thread.join(30)
    assert not importing.is_alive()
    assert not asking.is_alive()


def test_numpy_may_come_while_a_launch_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("INTEGERS", "REALS", "BOOLEANS"):
        monkeypatch.setattr(scalars, table, {})
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(bool_=bool, float16=float))
    scalars.look_for_numpy()
    assert (scalars.INTEGERS, scalars.REALS, scalars.BOOLEANS) == ({}, {}, {})


def find_free_threaded() -> str | None:
    """A free-threaded Python that has pytest: the one OXIDE_FREE_THREADED_PYTHON names, else one on PATH."""
    names = [os.environ.get("OXIDE_FREE_THREADED_PYTHON"), "python3.14t", "python3.13t"]
    for program in filter(None, (shutil.which(name) for name in names if name)):
        asked = "import pytest, numpy, hypothesis, sys; sys.exit(sys._is_gil_enabled())"
        if not subprocess.run([program, "-c", asked], env=FREE, capture_output=True).returncode:
            return program
    return None


FREE = {**os.environ, "PYTHON_GIL": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def test_free_threaded() -> None:
    program = find_free_threaded()
    if program is None:
        pytest.skip("no free-threaded Python with pytest, numpy and hypothesis: OXIDE_FREE_THREADED_PYTHON names one")
    chosen = "not free_threaded and (race or storm or imported or numpy)"
    command = [program, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen, __file__]
    done = subprocess.run(command, env=FREE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


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
