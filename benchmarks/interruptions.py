"""Builds killed at random moments, and whether the next one heals what they left.

In: how many, and a seed. Out: one JSON document in `--out`: of so many builds killed with SIGKILL, the building process
or one of those it started, after a random time, how many were hit at work, and whether the next build succeeded and
gave the bytes of a build that nothing ever disturbed. Exit status 1 when one did not.

Each build makes a wheel, as front ends have it made, and writes beside the sources and into one cache, which all of
them share. Before each a module is edited, and in every other round the cache is emptied, so that there is always
something to make. A build is a process forked from this one, which spares it the imports, so that the kill falls into
its work.

    python benchmarks/interruptions.py --count 500 --out benchmarks/results/interruptions.json
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import measurement
from build_package import change_module, write_package

from oxide_build import build, hooks
from oxide_build.config import load_config

MODULES = 3
IMPORTED = ("setuptools.build_meta", "oxide_build.setuptools_step")
"""What a build imports when it is needed, and finds there."""

SETTINGS = {"oxide.targets": "sm_80,sm_90", "oxide.jobs": "2"}

VARIANTS = 6
MISSED = "nothing, the build was done"


class Victim:
    """A project that is built, and killed, over and over."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.root, self.cache, self.wheels = scratch / "many", scratch / "cache", scratch / "wheels"
        write_package(self.root, MODULES)
        self.random = random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.undisturbed = [self._build_undisturbed(variant) for variant in range(VARIANTS)]
        started = time.perf_counter()
        self._finish(self._start(self.cache))
        self.longest = time.perf_counter() - started

    @property
    def hits(self) -> int:
        """How many builds were killed at work."""
        return sum(self.outcomes.values()) - self.outcomes[MISSED]

    def interrupt(self) -> None:
        """One build killed, the next one looked at."""
        variant = self.random.randrange(VARIANTS)
        change_module(self.root, variant)
        if self.random.random() < 0.5:
            shutil.rmtree(self.cache, ignore_errors=True)
        build = self._start(self.cache)
        time.sleep(self.random.uniform(0.0, 0.9 * self.longest))
        self.outcomes[self._kill(build)] += 1
        self._finish(self._start(self.cache))
        if self._files() != self.undisturbed[variant]:
            self.wrong.append(f"variant {variant}: other bytes")

    def _build_undisturbed(self, variant: int) -> dict[str, bytes]:
        change_module(self.root, variant)
        self._finish(self._start(None))
        return self._files()

    def _kill(self, victim: ForkProcess) -> str:
        """Kill the build or one of its processes; gives what was hit."""
        assert victim.pid is not None
        target = self.random.choice([victim.pid, *_children(victim.pid)])
        hit = "the build" if target == victim.pid else "a worker"
        if not victim.is_alive():
            hit = MISSED
        with suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)
        victim.join()
        return hit

    def _start(self, cache: Path | None) -> ForkProcess:
        process = get_context("fork").Process(target=_build, args=(self.root, cache, self.wheels))
        process.start()
        return process

    def _finish(self, build: ForkProcess) -> None:
        build.join()
        if build.exitcode != 0:
            self.wrong.append(f"a build that nothing disturbed: status {build.exitcode}")

    def _files(self) -> dict[str, bytes]:
        directory = self.root / "src" / "many" / "kernels" / "_oxide"
        files = [*sorted(directory.iterdir()), *self.wheels.glob("*.whl")]
        return {file.name: file.read_bytes() for file in files}


def _build(root: Path, cache: Path | None, wheels: Path) -> None:
    """One build, in its own process; what it says, of its death by a worker's too, is of no interest."""
    os.environ["OXIDE_CACHE_DIR"] = str(cache or "off")
    os.chdir(root)
    wheels.mkdir(exist_ok=True)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        hooks.build_wheel(str(wheels), SETTINGS)
        config = load_config(root, SETTINGS)
        build.write_in_tree(build.run(build.plan(config, root), 2))


def _children(process: int) -> Sequence[int]:
    """The processes it started, as Linux tells."""
    with suppress(OSError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
        return [int(child) for child in text.split()]
    return []


def main() -> int:
    """The command; gives its exit status."""
    parser = measurement.arguments(__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for module in IMPORTED:
        import_module(module)
    with tempfile.TemporaryDirectory() as scratch:
        victim = Victim(Path(scratch), options.seed)
        while victim.hits < options.count:
            victim.interrupt()
            if victim.hits % 50 == 0:
                print(f"{dict(victim.outcomes)}, wrong: {victim.wrong}", file=sys.stderr, flush=True)
    report = {
        "date": options.date,
        "count": options.count,
        "seed": options.seed,
        "modules": MODULES,
        "killed": dict(sorted(victim.outcomes.items())),
        "wrong": victim.wrong,
        "versions": measurement.versions(),
    }
    print(report)
    measurement.write(report, options.out)
    return 1 if victim.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
