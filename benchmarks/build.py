"""How long a build takes: fifty kernel modules for eight targets, and nvcc for the same kernels in CUDA C++.

In: this tree or an installed oxide-build, pip, and nvcc where it is on PATH. Out: a table, and one JSON document in
`--out`: seconds for a build that compiles everything, one after an edit of one module, one in which nothing changed,
each through `pip wheel`, beside the front end's own cost (the same for an empty package of plain setuptools, and for
one that holds the very files of our wheel as data); seconds nvcc takes for a PTX file a module and target, as many
processes as cores; the largest memory of a process by number of modules. What is compared is measured in turns, so that
ratios and differences are of one moment; medians over rounds.

    python benchmarks/build.py --rounds 3 --out benchmarks/results/build.json
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import measurement
from build_package import TARGETS, change_module, write_empty_package, write_package, write_ready_package

MODULES = 50
SIZES = (10, 50, 200)
TREE = Path(__file__).parents[1]

_BUILD = """
import resource, sys
from pathlib import Path
from oxide_build import build
from oxide_build.config import load_config
root = Path(sys.argv[1])
config = load_config(root)
build.run(build.plan(config, root), config.jobs, lambda line: None)
print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


class Bench:
    """A scratch directory with the packages, and a cache of its own."""

    def __init__(self, scratch: Path, modules: int) -> None:
        self.scratch = scratch
        self.package, self.empty, self.ready = (scratch / name for name in ("many", "empty", "ready"))
        write_package(self.package, modules)
        write_empty_package(self.empty)
        self.edits = 0

    def wheel(self, root: Path) -> float:
        """Seconds of `pip wheel` without isolation."""
        out = self.scratch / "wheels"
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
        return self.seconds([*command, "--wheel-dir", str(out), str(root)])

    def warm_up(self) -> None:
        """Fill byte code and the disk's own cache, and make the package of what our wheel holds."""
        self.wheel(self.empty), self.wheel(self.package)
        (wheel,) = (self.scratch / "wheels").glob("many-*.whl")
        write_ready_package(self.ready, wheel)
        self.wheel(self.ready)

    def cold(self) -> float:
        """The wheel, with nothing made before."""
        shutil.rmtree(self.scratch / "cache", ignore_errors=True)
        shutil.rmtree(self.package / "build", ignore_errors=True)
        return self.wheel(self.package)

    def changed(self) -> float:
        """The wheel after an edit of one module."""
        self.edits += 1
        change_module(self.package, self.edits)
        return self.wheel(self.package)

    def compile_only(self) -> float:
        """All the images with nothing made before, and no wheel around them."""
        shutil.rmtree(self.scratch / "cache", ignore_errors=True)
        return self.seconds([sys.executable, "-c", _BUILD, str(self.package)])

    def memory(self) -> tuple[int, int]:
        """The largest memory, in kilobytes, of the process that builds and of any that compiles for it."""
        shutil.rmtree(self.scratch / "cache", ignore_errors=True)
        command = [sys.executable, "-c", _BUILD, str(self.package)]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        own, workers = map(int, done.stdout.split())
        return own, workers

    def nvcc(self) -> float:
        """A PTX file a module and target, as many processes as cores."""
        files = sorted((self.package / "cuda").glob("*.cu"))
        jobs = [(file, target) for file in files for target in TARGETS]
        started = time.perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(lambda job: self._nvcc(*job), jobs))
        return time.perf_counter() - started

    def _nvcc(self, file: Path, target: str) -> None:
        out = self.scratch / f"{file.stem}.{target}.ptx"
        subprocess.run(["nvcc", "-ptx", f"-arch={target}", "-o", str(out), str(file)], check=True)

    def seconds(self, command: list[str]) -> float:
        """How long a command takes."""
        started = time.perf_counter()
        subprocess.run(command, env=self.environment, check=True, capture_output=True)
        return time.perf_counter() - started

    @property
    def environment(self) -> dict[str, str]:
        """This tree first, byte code kept as on a user's machine, and a cache nobody else uses."""
        path = os.pathsep.join([str(TREE), *filter(None, [os.environ.get("PYTHONPATH")])])
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONPATH": path, "OXIDE_CACHE_DIR": str(self.scratch / "cache")}


def timed(bench: Bench, count: int) -> dict[str, list[float]]:
    """The seconds of everything, by name: `count` rounds of what takes long, three times as many of what does not.

    The latter by themselves, since what writes much slows what comes next.
    """
    quick: dict[str, Callable[[], float]] = {
        "front end alone": lambda: bench.wheel(bench.empty),
        "front end alone, the same files": lambda: bench.wheel(bench.ready),
        "nothing changed": lambda: bench.wheel(bench.package),
    }
    long: dict[str, Callable[[], float]] = {
        "cold": bench.cold,
        "one module changed": bench.changed,
        "cold, images only": bench.compile_only,
    }
    if shutil.which("nvcc"):
        long["nvcc"] = bench.nvcc
    bench.warm_up()
    return rounds(quick, 3 * count) | rounds(long, count)


def rounds(sides: dict[str, Callable[[], float]], count: int) -> dict[str, list[float]]:
    """The seconds of each side, a list each of `count`; every round does all of them."""
    timings: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(count):
        for name, measure in sides.items():
            timings[name].append(measure())
            print(f"{name}: {timings[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return timings


def bars(timings: dict[str, list[float]]) -> dict[str, float]:
    """What the project promises, each the median of the rounds' own differences and ratios."""
    empty, same, unchanged, cold = (
        timings[name] for name in ("front end alone", "front end alone, the same files", "nothing changed", "cold")
    )
    found = {
        "nothing_changed_above_front_end_s": _median_of(unchanged, same, lambda a, b: a - b),
        "nothing_changed_above_an_empty_package_s": _median_of(unchanged, empty, lambda a, b: a - b),
    }
    if "nvcc" in timings:
        found["nvcc_over_cold"] = _median_of(timings["nvcc"], cold, lambda a, b: a / b)
        found["nvcc_over_images_only"] = _median_of(timings["nvcc"], timings["cold, images only"], lambda a, b: a / b)
    return {name: round(value, 3) for name, value in found.items()}


def _median_of(left: list[float], right: list[float], join: Callable[[float, float], float]) -> float:
    return median(join(a, b) for a, b in zip(left, right, strict=True))


def rows(timings: dict[str, list[float]]) -> Iterator[measurement.Row]:
    """A row a measured thing."""
    for name, seconds in timings.items():
        middle, spread = measurement.median_and_spread(seconds)
        yield {"what": name, "seconds": round(middle, 3), "spread": round(spread, 3)}


def memory(scratch: Path) -> Iterator[measurement.Row]:
    """The peak of each number of modules."""
    for modules in SIZES:
        own, workers = Bench(scratch / str(modules), modules).memory()
        yield {"modules": modules, "build_mb": round(own / 1000, 1), "worker_mb": round(workers / 1000, 1)}


def main() -> None:
    """The command."""
    parser = measurement.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--modules", type=int, default=MODULES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        timings = timed(Bench(Path(scratch, "timed"), options.modules), options.rounds)
        peaks = list(memory(Path(scratch)))
    table = list(rows(timings))
    promises = bars(timings)
    print(measurement.table(table, ["what", "seconds", "spread"]))
    print(measurement.table(peaks, ["modules", "build_mb", "worker_mb"]))
    print("\n".join(f"{name}: {value}" for name, value in promises.items()))
    report = {
        "date": options.date,
        "cores": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "versions": {**measurement.versions(), **_nvcc_version()},
        "modules": options.modules,
        "targets": list(TARGETS),
        "rounds": options.rounds,
        "timings": table,
        "bars": promises,
        "memory": peaks,
    }
    measurement.write(report, options.out)


def _nvcc_version() -> dict[str, str]:
    if shutil.which("nvcc") is None:
        return {}
    said = subprocess.run(["nvcc", "--version"], capture_output=True, text=True).stdout
    return {"nvcc": said.strip().splitlines()[-2].rpartition(" ")[2]}


if __name__ == "__main__":
    main()
