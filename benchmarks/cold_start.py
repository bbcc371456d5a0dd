"""From a process's start to its first kernel finished, ours and the peers' side by side.

In: a GPU (on Linux, whose monotonic clock all processes share). Out: a table, and with `--out` the same as JSON: for
each side the median of 15 fresh processes, in seconds, its ratio to a bare cuda.bindings script that loads the same
PTX, and what had passed at each mark on the way (`interpreter`, `imported`, `memory`, `loaded`). The sides take turns,
in a new order every round.

`cold` is a process whose caches of compiled kernels are fresh empty directories: CUDA_CACHE_PATH, the driver's for
PTX, and CUPY_CACHE_DIR and TRITON_CACHE_DIR, their owners'. (CUDA_CACHE_DISABLE=1 would be something else: nothing
written either.) `warm` is one whose caches an earlier run of the same side has filled. Byte code and the system's
file cache are warm for both.

`loads` is what loading the same kernel takes as PTX and as a cubin, which has nothing left to compile: from the marks
of the bare scripts. Without ptxas there are no rows of cubins. Ours "with a cubin" is the same package, its PTX
replaced by the cubin. What each process does is in cold_start_scripts.py.

    python benchmarks/cold_start.py --out benchmarks/results/cold_start.json
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measurement
import saxpy
from cold_start_scripts import PEERS, Script, bare, cuda_core, ours
from measurement import Row

import oxide_build

COLUMNS = ("who", "cache", "seconds", "ratio_to_bare", "spread", "runs", "imported", "memory")
BASE = "cuda.bindings, PTX"
BASE_CUBIN = "cuda.bindings, cubin"
CACHES = ("CUDA_CACHE_PATH", "CUPY_CACHE_DIR", "TRITON_CACHE_DIR")
LONGEST_SECONDS = 120

Marks = Mapping[str, float]


@dataclass(frozen=True)
class Start:
    """One program to start: its file, and the directory of the caches that its warm runs share."""

    who: str
    file: Path
    caches: Path


def write_scripts(directory: Path) -> list[Start]:
    """Build our packages, and write every side's script."""
    target = saxpy.this_target()
    kernel_file = saxpy.build(directory, "oxide_start", target)
    ptx = saxpy.image_file(kernel_file)
    symbol = saxpy.entry(ptx.read_text(encoding="utf-8"))
    (directory / "triton_saxpy.py").write_text(saxpy.TRITON_SOURCE, encoding="utf-8")
    scripts = {BASE: bare(str(ptx), symbol), "oxide-build": ours("oxide_start")}
    scripts |= with_cubin(directory, target, symbol)
    scripts |= {"cuda.core": cuda_core(str(ptx), symbol), **PEERS}
    return [start(directory, number, who, script) for number, (who, script) in enumerate(scripts.items())]


def with_cubin(directory: Path, target: str, symbol: str) -> dict[str, Script]:
    """The bare script and ours again, with a cubin; nothing where there is no ptxas."""
    ptxas = saxpy.find_ptxas()
    if ptxas is None:
        print("no ptxas: rows with cubins are left out", file=sys.stderr)
        return {}
    kernel_file = saxpy.build(directory, "oxide_start_cubin", target)
    saxpy.ship_cubin(kernel_file, ptxas)
    cubin = saxpy.image_file(kernel_file)
    return {BASE_CUBIN: bare(str(cubin), symbol), "oxide-build, cubin": ours("oxide_start_cubin")}


def start(directory: Path, number: int, who: str, script: Script) -> Start:
    """A script as a file."""
    file = directory / f"start_{number}.py"
    file.write_text(script.text, encoding="utf-8")
    return Start(who, file, directory / f"caches_{number}")


class ProcessFailed(Exception):
    """A script ended without its marks; the message is what it said last."""


def run(side: Start, caches: Path) -> dict[str, float]:
    """Seconds from the start of a fresh process to each of its marks. Raises ProcessFailed."""
    environment = environment_with(caches, side.file.parent)
    command = [sys.executable, str(side.file)]
    started = time.perf_counter_ns()
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        raise ProcessFailed(f"had not finished after {LONGEST_SECONDS} s") from None
    if done.returncode:
        raise ProcessFailed((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    marks = json.loads(done.stdout.splitlines()[-1])
    return {name: (at - started) / 1e9 for name, at in marks.items()}


def environment_with(caches: Path, packages: Path) -> dict[str, str]:
    """The environment of a child: these caches, our packages and this oxide_build to be found, byte code kept."""
    root = Path(oxide_build.__file__).parents[1]
    path = [str(packages), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    dropped = ("PYTHONDONTWRITEBYTECODE", "CUDA_CACHE_DISABLE", "CUPY_CACHE_IN_MEMORY")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    own = {name: str(caches / name.lower()) for name in CACHES}
    for cache in own.values():
        Path(cache).mkdir(parents=True, exist_ok=True)
    return {**kept, **own, "PYTHONPATH": os.pathsep.join(path)}


def run_cold(side: Start) -> dict[str, float]:
    """The same with empty caches."""
    with tempfile.TemporaryDirectory() as caches:
        return run(side, Path(caches))


def warm_up(sides: Sequence[Start]) -> tuple[list[Start], list[Row]]:
    """Run each side once, which fills its caches: those that run here, and a row for each of the others."""
    running, missing = [], []
    for side in sides:
        try:
            run(side, side.caches)
        except ProcessFailed as error:
            missing.append({"who": side.who, "error": measurement.shortened(error)})
        else:
            running.append(side)
    return running, missing


def measure(sides: Sequence[Start], runs: int) -> dict[tuple[str, str], list[Marks]]:
    """The marks of every run, by side and cache."""
    found: dict[tuple[str, str], list[Marks]] = {(side.who, cache): [] for side in sides for cache in ("cold", "warm")}
    for _ in range(runs):
        turns = [(side, cache) for side in sides for cache in ("cold", "warm")]
        for side, cache in random.sample(turns, len(turns)):
            try:
                marks = run_cold(side) if cache == "cold" else run(side, side.caches)
            except ProcessFailed as error:
                print(f"{side.who}, {cache}: a run is missing: {error}", file=sys.stderr)
            else:
                found[side.who, cache].append(marks)
    return {key: marks for key, marks in found.items() if marks}


def rows(found: Mapping[tuple[str, str], Sequence[Marks]]) -> list[Row]:
    """One row a side and cache; `ratio_to_bare` is to the bare script with the same cache."""
    table = [row(who, cache, runs) for (who, cache), runs in found.items()]
    for cache in ("cold", "warm"):
        measurement.add_ratios([entry for entry in table if entry["cache"] == cache], BASE, "seconds", "ratio_to_bare")
    return table


def row(who: str, cache: str, runs: Sequence[Marks]) -> Row:
    """One side's figures: the median of the whole, and of what had passed at each mark."""
    seconds, spread = measurement.median_and_spread([marks["finished"] for marks in runs])
    figures = {"who": who, "cache": cache, "seconds": round(seconds, 4), "spread": round(spread, 4), "runs": len(runs)}
    passed = {name: round(statistics.median(marks[name] for marks in runs), 4) for name in runs[0]}
    return {**figures, **{name: at for name, at in passed.items() if name != "finished"}}


def loads(found: Mapping[tuple[str, str], Sequence[Marks]]) -> list[Row]:
    """What the bare scripts took to load their image."""
    images = {BASE: "ptx", BASE_CUBIN: "cubin"}
    table = []
    for (who, cache), runs in found.items():
        if who in images:
            seconds, spread = measurement.median_and_spread([marks["loaded"] - marks["memory"] for marks in runs])
            entry = {"image": images[who], "cache": cache, "seconds": round(seconds, 6), "spread": round(spread, 6)}
            table.append(entry)
    return table


def main() -> None:
    """The command. Raises LoadError where there is no GPU."""
    parser = measurement.arguments(__doc__)
    parser.add_argument("--runs", type=int, default=15, help="processes a side and cache (default: 15)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only sides with this in their name, and the base")
    options = parser.parse_args()
    report = measurement.document(options.date)
    with tempfile.TemporaryDirectory() as directory:
        sides = write_scripts(Path(directory))
        wanted = [side for side in sides if options.only in side.who or side.who == BASE]
        running, missing = warm_up(wanted)
        found = measure(running, options.runs)
    report["rows"], report["loads"] = [*rows(found), *missing], loads(found)
    measurement.write(report, options.out)
    print(measurement.table(report["rows"], COLUMNS))
    print(measurement.table(report["loads"], ("image", "cache", "seconds", "spread")))


if __name__ == "__main__":
    raise SystemExit(measurement.exit_status(main))
