"""What one tiny launch costs the host, ours and the peers' side by side.

In: a GPU. Out: a table, and with `--out` the same as JSON: for each side the median of 40 batches of 512 launches, in
nanoseconds a launch, its ratio to C, and the spread (the distance between the quartiles). Only queueing is timed: each
batch is short enough for the driver's queue, and what it queued has run before the next begins. All sides are in one
process and take turns, in a new order every round, with the garbage collector off.

The kernel is a saxpy over 256 elements with four arguments, `(a, x, y, n)`. C and cuda.bindings launch our own image,
whose parameters are six, since a view is a pointer and an extent; `C cuLaunchKernel` is given the `CUfunction`. The
row "four parameters" and the peers launch a hand-written kernel. A side that cannot run here is a row that says why.

    python benchmarks/launch.py --out benchmarks/results/launch.json
    python benchmarks/launch.py --breakdown --profile
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import measurement
from measurement import Row

COLUMNS = ("who", "ns", "ratio_to_c", "spread", "batches")
BASE = "C cuLaunchKernel"
BATCH = 512
PROFILED = 40
SUBSCRIPT = "kernel[1, 256]"

PIECES: Sequence[tuple[str, str, str]] = (
    ("the whole call, subscript", "_called", f"{SUBSCRIPT}(*arguments)"),
    ("the whole call, kept configuration", "_called", "kept(*arguments)"),
    ("find the kept configuration, as the subscript does", "_kept", SUBSCRIPT),
    ("the plan in Python", "_planned", "planned(settled.geometry, None, arguments)"),
    ("Python's plan without the driver", "_planned", "undriven(settled.geometry, None, arguments)"),
    ("the general way", "_called", "settled.launch(arguments, {})"),
    ("of it: configure anew", "_kept", "kernel._configure((1, 256))"),
    ("of it: bind the arguments", "values", "signature.bind(declared, arguments, {})"),
    ("of it: read the arrays", "views", "arrays.read_views(declared, values, None)"),
    ("of it: convert the scalars", "scalars", "signature.convert_scalars(declared, values)"),
    ("of it: collect the extents", "extents", "{name: view.shape for name, view in views.items()}"),
    ("of it: check the contracts", "_contracts", "signature.check_contracts(declared, extents, scalars)"),
    ("of it: pack", "packed", "settled.learned.layout.pack(views, scalars)"),
    ("of it: find the GPU", "ordinal", "device.ordinal_of(views)"),
    ("of it: find the stream", "stream", "streams.current(views, ordinal)"),
    ("of it: enter the context", "_entered", "enter(device.activated(ordinal))"),
    ("of it: find the function", "function", "settled.module.function(declared, ordinal, 0)"),
    (
        "of it: call the driver",
        "_launched",
        "device.launch(function, settled.grid, settled.block, 0, stream, packed.address, settled._words)",
    ),
)
"""The steps of a launch of ours in their order: words, the name its result has for those after it, the expression."""


def measure(
    sides: Mapping[str, Callable[[int], float]], settle: Callable[[], None], rounds: int, count: int
) -> dict[str, list[float]]:
    """Nanoseconds a launch, for each side one figure a round; `settle` waits for what a batch queued."""
    timings: dict[str, list[float]] = {who: [] for who in sides}
    for _ in range(rounds):
        for who in random.sample(list(sides), len(sides)):
            timings[who].append(sides[who](count) / count * 1e9)
            settle()
    return timings


def row(who: str, timings: Sequence[float]) -> Row:
    """One side's figures."""
    ns, spread = measurement.median_and_spread(timings)
    return {"who": who, "ns": round(ns, 1), "batches": len(timings), "spread": round(spread, 1)}


def prepare(scene: Any, wanted: Mapping[str, Callable[[Any], Any]]) -> tuple[dict[str, Any], list[Row]]:
    """The sides that run here and compute what they should, warmed up; a row for each of the others."""
    sides: dict[str, Any] = {}
    missing: list[Row] = []
    for who, make in wanted.items():
        try:
            side = make(scene)
            scene.check(side)
            side.queue(BATCH)
            scene.synchronize()
        except Exception as error:  # whatever a peer raises is a row of the table
            missing.append({"who": who, "error": measurement.failure(error)})
        else:
            sides[who] = side
    return sides, missing


def compare(scene: Any, rounds: int) -> list[Row]:
    """The rows of all sides, in their table's order."""
    from launch_sides import SIDES

    sides, missing = prepare(scene, SIDES)
    timings = measure({who: side.queue for who, side in sides.items()}, scene.synchronize, rounds, BATCH)
    rows = [*(row(who, found) for who, found in timings.items()), *missing]
    measurement.add_ratios(rows, BASE, "ns", "ratio_to_c")
    return sorted(rows, key=lambda found: list(SIDES).index(found["who"]))


def names_of_pieces(scene: Any) -> dict[str, Any]:
    """What the expressions of `PIECES` are about, over torch tensors."""
    from launch_sides import torch_arrays
    from saxpy import ELEMENTS, FACTOR

    from oxide_build import signature
    from oxide_build.runtime import arrays, device, streams

    def enter(context: Any) -> None:
        with context:
            pass

    tensors = torch_arrays()
    kept = scene.kernel[1, ELEMENTS]
    arguments = FACTOR, tensors["x"], tensors["y"], ELEMENTS
    kept(*arguments)
    settled = getattr(kept, "configuration", kept)
    return {
        **plans(settled, scene.api, type(tensors["x"])),
        "signature": signature,
        "arrays": arrays,
        "device": device,
        "streams": streams,
        "enter": enter,
        "kernel": scene.kernel,
        "kept": kept,
        "settled": settled,
        "declared": settled.kernel,
        "arguments": arguments,
    }


def plans(settled: Any, api: Any, array: type) -> dict[str, Any]:
    """The plan in Python that this configuration has learned for such arrays, and one whose driver does nothing."""
    from oxide_build.runtime import plan

    learned, idle = settled.learned, SimpleNamespace(**vars(api))
    recipe = next(recipe for recipe in learned._recipes.values() if recipe.kinds[0].type is array)
    context, success = api.cuCtxGetCurrent(), (0,)
    idle.cuCtxGetCurrent, idle.cuLaunchKernel = lambda: context, lambda *arguments: success
    made = [plan.attempt(recipe, driver, learned.layout, plan.Buffers(learned.layout)) for driver in (api, idle)]
    return dict(zip(("planned", "undriven"), made, strict=True))


def break_down(scene: Any, rounds: int) -> list[Row]:
    """What each step of our launch takes by itself; one that this version has not is a row that says so."""
    from launch_sides import repeat

    sides: dict[str, Any] = {}
    missing: list[Row] = []
    try:
        names = names_of_pieces(scene)
    except Exception as error:
        return [{"who": "all steps", "error": measurement.failure(error)}]
    for words, result, expression in PIECES:
        try:
            names[result] = eval(expression, names)
            sides[words] = repeat(expression, 0, **names).queue
        except Exception as error:  # the runtime's insides may have changed since
            missing.append({"who": words, "error": measurement.failure(error)})
    timings = measure(sides, scene.synchronize, rounds, BATCH)
    rows = [*(row(words, found) for words, found in timings.items()), *missing]
    order = [words for words, *_ in PIECES]
    return sorted(rows, key=lambda found: order.index(found["who"]))


def profile(scene: Any) -> None:
    """Print where Python's time goes in our two ways to launch."""
    from launch_sides import OURS, SIDES

    sides, missing = prepare(scene, {who: SIDES[who] for who in OURS})
    for found in missing:
        print(f"{found['who']}: not profiled: {found['error']}")
    for who, side in sides.items():
        profiler = cProfile.Profile()
        for _ in range(PROFILED):
            profiler.runcall(side.queue, BATCH)
            scene.synchronize()
        print(f"{who}, {PROFILED * BATCH} launches")
        pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(25)


def main() -> None:
    """The command. Raises LoadError where there is no GPU."""
    parser = measurement.arguments(__doc__)
    parser.add_argument("--batches", type=int, default=40, help=f"batches of {BATCH} launches a side (default: 40)")
    parser.add_argument("--breakdown", action="store_true", help="measure the steps of our launch as well")
    parser.add_argument("--profile", action="store_true", help="run cProfile over our launches, after the rest")
    options = parser.parse_args()
    report = measurement.document(options.date)
    from launch_sides import Scene

    with tempfile.TemporaryDirectory() as directory:
        scene = Scene(Path(directory))
        gc.disable()
        report["rows"] = compare(scene, options.batches)
        print(measurement.table(report["rows"], COLUMNS))
        if options.breakdown:
            report["breakdown"] = break_down(scene, options.batches)
            print(measurement.table(report["breakdown"], ("who", "ns", "spread")))
        measurement.write(report, options.out)
        if options.profile:
            profile(scene)


if __name__ == "__main__":
    raise SystemExit(measurement.exit_status(main))
