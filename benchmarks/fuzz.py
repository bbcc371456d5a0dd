"""Random programs by several roads, and damaged kernel files: thousands of each, with the count of what went wrong.

In: how many programs and which seed, or a corpus; `--gpu` to run them on the GPU at hand too. Out: one JSON document,
merged into `--out`: how many programs were compared with their direct interpretation in Python, what differed, which
features they used, how many damaged files were compiled, refused with a place, or came to anything else.

    python benchmarks/fuzz.py --programs 10000 --write-corpus corpus.jsonl.gz --out benchmarks/results/fuzz.json
    python benchmarks/fuzz.py --corpus corpus.jsonl.gz --gpu --out benchmarks/results/fuzz.json
    python benchmarks/fuzz.py --damage 10000 --out benchmarks/results/fuzz.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fuzz import corpus, gpu
from tests.fuzz.choices import Seeded
from tests.fuzz.compare import differences, interpreted, simulated
from tests.fuzz.damage import damaged, outcome
from tests.fuzz.meetings import UndefinedError
from tests.fuzz.programs import program

BATCH = 50
Record = dict[str, Any]


def generate(seed: int, numbers: Sequence[int]) -> list[Record]:
    """Programs of a seed, with the reference's results."""
    return [_defined(seed, number) for number in numbers]


def _defined(seed: int, number: int) -> Record:
    """The first program of that number whose result is defined."""
    for attempt in count():
        one = program(Seeded((seed, number, attempt) if attempt else (seed, number)), f"p{number}")
        with suppress(UndefinedError):
            return corpus.record(one, interpreted(one))
    raise AssertionError


def simulate(records: list[Record]) -> list[Record]:
    """What the simulator makes of programs otherwise than the reference."""
    return _wrong(records, [_attempt(line) for line in records])


def _attempt(line: Record) -> list[Any] | str:
    try:
        return simulated(corpus.restored(line)[0])
    except Exception as error:  # whatever it is, it is a finding
        return f"{type(error).__name__}: {error}"


def launch(records: list[Record]) -> list[Record]:
    """What the GPU makes of programs otherwise than the reference."""
    return _wrong(records, gpu.run([corpus.restored(line)[0] for line in records]))


def _wrong(records: list[Record], results: Sequence[list[Any] | str]) -> list[Record]:
    found = []
    for line, result in zip(records, results, strict=True):
        one, expected = corpus.restored(line)
        why = [result] if isinstance(result, str) else list(differences(one, expected, result))
        if why:
            found.append({"program": one.name, "difference": why, "source": one.source})
    return found


def damage(numbers: Sequence[int]) -> Counter[str]:
    """The outcomes of damaged files; a fault counts under its own words."""
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as directory:
        for number in numbers:
            found = outcome(damaged(number), Path(directory))
            outcomes[found.kind] += 1
            if found.kind == "fault":
                outcomes[f"{number}: {found.reason}"] += 1
    return outcomes


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The items, some at a time."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def spread(work: Callable[[Any], Any], parts: Iterable[Any], jobs: int, title: str) -> Iterator[Any]:
    """Each part's result, in the order they finish; a part on the GPU has a process of its own, which faults end."""
    context, waiting = multiprocessing.get_context("spawn"), list(parts)
    with context.Pool(min(jobs, len(waiting)), maxtasksperchild=1 if work is launch else None) as pool:
        for number, result in enumerate(pool.imap_unordered(work, waiting), 1):
            print(f"\r{title}: {number}/{len(waiting)}", end="", file=sys.stderr, flush=True)
            yield result
    print(file=sys.stderr)


class Generate:
    """`generate` for one seed, as something a process can be sent."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, numbers: Sequence[int]) -> list[Record]:
        """Programs of the seed."""
        return generate(self.seed, numbers)


def compare(title: str, work: Callable[[list[Record]], list[Record]], records: list[Record], jobs: int) -> Record:
    """One road for all programs: how many, how long, what differed."""
    start = time.perf_counter()
    found = [item for part in spread(work, batches(records), jobs, title) for item in part]
    seconds = round(time.perf_counter() - start, 1)
    for item in found[:20]:
        print(f"\n{item['program']} ({title}): {item['difference'][0]}", file=sys.stderr)
    return {"programs": len(records), "differences": len(found), "seconds": seconds, "found": found[:50]}


def main() -> int:
    """Do what the command line asks for; 1 where something differed."""
    options = arguments()
    result: Record = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    records: list[Record] = []
    if options.corpus:
        records = list(corpus.read(options.corpus))[: options.programs or None]
    elif options.programs:
        parts = batches(range(options.programs))
        made = spread(Generate(options.seed), parts, options.jobs, "generated")
        records = sorted((line for part in made for line in part), key=lambda line: int(line["name"][1:]))
    if options.write_corpus:
        corpus.write(options.write_corpus, records)
    if records:
        result["features"] = dict(Counter(name for line in records for name in line["features"]).most_common())
    if records and not options.gpu:
        result["simulator"] = {"seed": options.seed, **compare("simulator", simulate, records, options.jobs), **here()}
    if records and options.gpu:
        name = gpu.device.current().name
        result["gpu"] = {"device": name, **compare("gpu", launch, records, options.jobs), **here()}
    if options.damage:
        outcomes = sum(spread(damage, batches(range(options.damage)), options.jobs, "damaged"), Counter[str]())
        result["damage"] = {"inputs": options.damage, "faults": 0, **dict(outcomes.most_common()), **here()}
    text = json.dumps(result, indent=1) + "\n"
    print(text) if options.out is None else options.out.write_text(text)
    differing = sum(result.get(road, {}).get("differences", 0) for road in ("simulator", "gpu"))
    return 1 if differing or result.get("damage", {}).get("fault") else 0


def here() -> Record:
    """When and with what."""
    return {"date": datetime.now(timezone.utc).date().isoformat(), "python": platform.python_version()}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=0, help="how many to make, or to take from the corpus")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--corpus", type=Path, help="programs with their results, from an earlier run")
    parser.add_argument("--write-corpus", type=Path)
    parser.add_argument("--gpu", action="store_true", help="run them on the GPU instead of in the simulator")
    parser.add_argument("--damage", type=int, default=0, help="how many damaged files to compile")
    parser.add_argument("--out", type=Path, help="the JSON document; what it holds already and is not run now stays")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
