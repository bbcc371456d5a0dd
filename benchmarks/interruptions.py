"""Builds killed at random moments, and whether the next one heals what they left.

In: how many, and a seed. Out: one JSON document in `--out`: of so many builds killed with SIGKILL, the building process
or one of those it started, after a random time, how many were hit at work, and whether the next build succeeded and
gave the bytes of a build that nothing ever disturbed. Exit status 1 when one did not.

Each build writes beside the sources and into one cache, which all of them share. Before each a module is edited, and
in every other round the cache is emptied, so that there is always something to make. A build is a process forked from
this one, which spares it the imports, so that the kill falls into its work.

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
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import measurement
from build_package import change_module, write_package

from oxide_build import build
from oxide_build.cache import Cache
from oxide_build.config import load_config
from oxide_build.errors import InternalError

MODULES = 3

VARIANTS = 6
MISSED = "nothing, the build was done"


class Victim:
    """A project that is built, and killed, over and over."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.root, self.cache = scratch / "many", scratch / "cache"
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
        process = get_context("fork").Process(target=_build, args=(self.root, cache))
        process.start()
        return process

    def _finish(self, build: ForkProcess) -> None:
        build.join()
        if build.exitcode != 0:
            self.wrong.append(f"a build that nothing disturbed: status {build.exitcode}")

    def _files(self) -> dict[str, bytes]:
        directory = self.root / "src" / "many" / "kernels" / "_oxide"
        return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


def _build(root: Path, cache: Path | None) -> None:
    """One build, in its own process; what it says of its death by a worker's is of no interest."""
    config = load_config(root, {"oxide.targets": "sm_80,sm_90"}, {})
    store = Cache(cache, lambda text: print(text, file=sys.stderr))
    try:
        built = build.run(build.plan(config, root), 2, lambda line: None, cache=store)
    except InternalError:
        raise SystemExit(1) from None
    build.write_in_tree(built)


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
