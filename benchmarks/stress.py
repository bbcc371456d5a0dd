"""Very many launches from many threads: nothing may get lost, and nothing may grow.

In: a GPU. Out: a table, and with `--out` the same as JSON: how many launches from how many threads took how long, how
many results were wrong, and the memory of process and GPU, sampled meanwhile. The exit status is 1 where a result is
wrong, or memory has grown by more than 16 MB after the first fifth of the launches.

Every thread has arrays and streams of its own. It picks by chance which kernel it launches, over how many elements, in
which block and on which stream, and through a configuration it keeps or a subscript. All kernels add whole numbers, in
i32 or in f32 below 2**24; the host adds alike, knows every sum exactly, and looks at them at intervals.

    python benchmarks/stress.py --out benchmarks/results/stress.json
    python benchmarks/stress.py --build-only packages --target sm_90
    python3.14t benchmarks/stress.py --packages packages     needs cuda-bindings and no compiler

Arrays are torch's where that is installed, else CuPy's, else the driver's own memory with `__cuda_array_interface__`.
"""

from __future__ import annotations

import argparse
import random
import sys
import sysconfig
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import measurement
import saxpy
from measurement import Row
from stress_arrays import LIBRARIES, Held, done, gpu_memory, host_memory, library

from oxide_build.runtime import device

COLUMNS = ("who", "launches", "threads", "seconds", "us_a_launch", "wrong", "host_growth_mb", "gpu_growth_mb")
PACKAGE = "oxide_stress"
LENGTH = 1024
BLOCKS = (32, 64, 128, 256)
NON_BLOCKING = 1
TWO = 0x40000000
"""2.0 in f32, as the driver's memset takes it."""
MOST_ADDED = 7
CHECKED_EVERY = 2000
"""Launches of a thread between two looks at its sums, which so stay far below 2**24."""
WARM = 0.2
MOST_GROWTH_MB = 16.0
SECONDS_BETWEEN_SAMPLES = 0.25

SOURCE = """
from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, i32

T = TypeVar("T", f32, i32)


@gpu.struct
class Step:
    first: i32
    second: i32


@gpu.kernel
def add_floats(a: f32, x: Slice[f32], y: DisjointSlice[f32], n: i32) -> None:
    gpu.require(n <= len(x) and n <= len(y))
    i = gpu.index_1d()
    if i < n:
        y[i] = y[i] + a * x[i]


@gpu.kernel
def add_integers(a: i32, y: DisjointSlice[i32], n: i32) -> None:
    gpu.require(n <= len(y))
    i = gpu.index_1d()
    if i < n:
        y[i] = y[i] + a


@gpu.kernel
def add_steps(by: Step, y: DisjointSlice[i32], n: i32) -> None:
    gpu.require(n <= len(y))
    i = gpu.index_1d()
    if i < n:
        y[i] = y[i] + by.first - by.second


@gpu.kernel(values={"times": (1, 2, 3)})
def add_often(x: Slice[T], y: DisjointSlice[T], n: i32, times: gpu.Const[int] = 1) -> None:
    gpu.require(n <= len(x) and n <= len(y))
    i = gpu.index_1d()
    if i < n:
        for _ in range(times):
            y[i] = y[i] + x[i]
"""

KERNELS = ("add_floats", "add_integers", "add_steps", "add_often")


@dataclass
class Sums:
    """The arrays of one thread on one stream, and what was added to how many of their first elements."""

    library: str
    arrays: dict[str, tuple[Held, Held]] = field(default_factory=dict)
    added: dict[str, Counter[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for type_name, two in {"f32": TWO, "i32": 2}.items():
            x, y = (Held.make(self.library, type_name, LENGTH) for _ in "xy")
            x.fill(two)
            y.fill()
            self.arrays[type_name], self.added[type_name] = (x, y), Counter()

    def wrong(self) -> int:
        """How many elements are not what was added to them; all begin at 0 again."""
        count = 0
        for type_name, (_, y) in self.arrays.items():
            expected, sums = 0, list[int]()
            for place in range(LENGTH, 0, -1):
                expected += self.added[type_name][place]
                sums.append(expected)
            count += sum(found != sum_ for found, sum_ in zip(reversed(y.read()), sums, strict=True))
            y.fill()
            self.added[type_name].clear()
        return count


class Worker(threading.Thread):
    """A thread that launches `launches` times by chance and counts what went wrong; `failure` is what it raised."""

    def __init__(self, number: int, launches: int, module: Any, library: str, start: threading.Barrier) -> None:
        super().__init__(name=f"worker {number}", daemon=True)
        self.module, self.library, self.begin = module, library, start
        self.chance, self.launches = random.Random(number), launches
        self.launched = self.wrong = 0
        self.failure: BaseException | None = None
        self.kept: dict[tuple[object, ...], Any] = {}

    def run(self) -> None:
        try:
            done(device.driver().cuCtxSetCurrent(device.primary_context(0)))
            streams = self.streams()
            sums = [Sums(self.library) for _ in streams]
            self.begin.wait()
            while self.launched < self.launches:
                for _ in range(min(CHECKED_EVERY, self.launches - self.launched)):
                    self.launch(streams, sums)
                    self.launched += 1
                for stream in streams:
                    done(device.driver().cuStreamSynchronize(stream or 0))
                self.wrong += sum(part.wrong() for part in sums)
        except BaseException as error:
            self.failure = error
            self.begin.abort()

    def streams(self) -> list[Any]:
        """Two of its own, the default one, and the library's current one where it has one that we know."""
        api = device.driver()
        own = [done(api.cuStreamCreate(NON_BLOCKING)) for _ in range(2)]
        return [*map(int, own), 0, *([None] if self.library != "driver" else [])]

    def launch(self, streams: Sequence[Any], sums: Sequence[Sums]) -> None:
        """One launch by chance, and a note of what it adds."""
        chance = self.chance.randrange
        place, block, n = chance(len(streams)), BLOCKS[chance(4)], chance(1, LENGTH + 1)
        stream, part, name = streams[place], sums[place], KERNELS[chance(4)]
        type_name, arguments, delta = self.arguments(name, part, n)
        if chance(2):
            launch = self.kept.get((name, block, place))
            if launch is None:
                launch = getattr(self.module, name)[LENGTH // block, block, stream]
                self.kept[name, block, place] = launch
        else:
            launch = getattr(self.module, name)[-(-n // block), block, stream]
        launch(*arguments)
        part.added[type_name][n] += delta

    def arguments(self, name: str, part: Sums, n: int) -> tuple[str, tuple[Any, ...], int]:
        """The element type, the arguments of a launch over `n` elements, and what each gets added."""
        a, often = self.chance.randrange(MOST_ADDED), self.chance.randrange(1, 4)
        type_name = "f32" if name == "add_floats" or (name == "add_often" and a % 2) else "i32"
        x, y = (held.array for held in part.arrays[type_name])
        if name == "add_floats":
            return type_name, (float(a), x, y, n), 2 * a
        if name == "add_integers":
            return type_name, (a, y, n), a
        if name == "add_steps":
            return type_name, (self.module.Step(a + often, often), y, n), a
        return type_name, (x, y, n, often), 2 * often


@dataclass(frozen=True)
class Sample:
    """Memory when so many launches were made: of the process, and taken on the GPU, in megabytes."""

    launched: int
    host_mb: float
    gpu_mb: float


def sample(workers: Sequence[Worker]) -> Sample:
    """The memory of now."""
    return Sample(sum(worker.launched for worker in workers), host_memory(), gpu_memory())


def slope(samples: Sequence[Sample], figure: str) -> float:
    """Megabytes a million launches, by least squares; 0 where there are too few samples to say."""
    launched, values = [one.launched / 1e6 for one in samples], [getattr(one, figure) for one in samples]
    middle = sum(launched) / len(launched)
    spread = sum((value - middle) ** 2 for value in launched)
    return sum((at - middle) * value for at, value in zip(launched, values, strict=True)) / spread if spread else 0.0


def storm(module: Any, launches: int, threads: int, arrays: str) -> Row:
    """Launch so often from so many threads; the row of what came of it. Raises what a thread raised."""
    barrier = threading.Barrier(threads + 1)
    counts = [launches // threads + (number < launches % threads) for number in range(threads)]
    workers = [Worker(number, count, module, arrays, barrier) for number, count in enumerate(counts)]
    for worker in workers:
        worker.start()
    samples = [sample(workers)]
    with suppress(threading.BrokenBarrierError):  # a worker's failure is raised below
        barrier.wait()
    start = time.perf_counter()
    while any(worker.is_alive() for worker in workers):
        time.sleep(SECONDS_BETWEEN_SAMPLES)
        samples.append(sample(workers))
    seconds = time.perf_counter() - start
    for worker in workers:
        if worker.failure is not None and not isinstance(worker.failure, threading.BrokenBarrierError):
            raise worker.failure
    timing = {"seconds": round(seconds, 2), "us_a_launch": round(seconds / launches * 1e6, 2)}
    counted = {"launches": launches, "threads": threads, **timing, "wrong": sum(worker.wrong for worker in workers)}
    return {"who": f"oxide-build, arrays of {arrays}", **counted, **memory(samples, launches)}


def memory(samples: Sequence[Sample], launches: int) -> Mapping[str, float]:
    """First and last figures after warming up, how far they are apart, and how steep the way between them is."""
    warm = [one for one in samples if one.launched >= WARM * launches] or [samples[-1]]
    figures: dict[str, float] = {"samples": len(warm)}
    for place in ("host", "gpu"):
        first, last = (getattr(one, f"{place}_mb") for one in (warm[0], warm[-1]))
        figures |= {f"{place}_first_mb": first, f"{place}_last_mb": last, f"{place}_growth_mb": last - first}
        figures[f"{place}_slope_mb_a_million"] = slope(warm, f"{place}_mb")
    return {name: round(value, 2) for name, value in figures.items()}


def is_good(row: Row) -> bool:
    """Whether nothing was lost and nothing grew."""
    return not row["wrong"] and max(row["host_growth_mb"], row["gpu_growth_mb"]) <= MOST_GROWTH_MB


def interpreter() -> Row:
    """How this Python was built, and whether threads run at the same time."""
    is_locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    return {"free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")), "gil": bool(is_locked)}


def options() -> argparse.Namespace:
    """The command line."""
    parser = measurement.arguments(__doc__)
    parser.add_argument("--launches", type=int, default=1_000_000, help="in all (default: 1,000,000)")
    parser.add_argument("--threads", type=int, default=16, help="(default: 16)")
    parser.add_argument("--arrays", choices=LIBRARIES, help="whose arrays (default: torch's, CuPy's or the driver's)")
    parser.add_argument("--packages", type=Path, help="where the kernels are already built")
    parser.add_argument("--build-only", type=Path, metavar="DIR", help="build the kernels into it, and launch nothing")
    parser.add_argument("--target", help="what to build them for (default: the GPU at hand)")
    return parser.parse_args()


def main() -> None:
    """The command. Raises LoadError where there is no GPU, SystemExit where something is wrong."""
    chosen = options()
    if chosen.build_only:
        saxpy.build(chosen.build_only, PACKAGE, chosen.target or saxpy.this_target(), SOURCE)
        return
    report = measurement.document(chosen.date, **interpreter())
    done(device.driver().cuCtxSetCurrent(device.primary_context(0)))
    with tempfile.TemporaryDirectory() as directory:
        packages = chosen.packages or Path(directory)
        if chosen.packages is None:
            saxpy.build(packages, PACKAGE, chosen.target or saxpy.this_target(), SOURCE)
        module = saxpy.load(packages, f"{PACKAGE}.kernel")
        row = storm(module, chosen.launches, chosen.threads, chosen.arrays or library())
    report["rows"] = [row]
    print(measurement.table(report["rows"], COLUMNS))
    measurement.write(report, chosen.out)
    if not is_good(row):
        raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(measurement.exit_status(main))
