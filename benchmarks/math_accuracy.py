"""How far each mathematical function of the kernel language is from the exact result, in ulp.

In: a GPU with torch, or `--simulate`. Out: one JSON document on standard output (or in `--out`): device, driver,
versions; for every function of `oxide_build.dialects.functions`, in f32 and f64, the largest error over random and
edge inputs and where it was met. The reference for f32 is NumPy's double precision, for f64 its long double, mpmath
for what NumPy lacks; rounding, remainders and `fma` must be exact. `--table` writes the Markdown table of the docs.

    python benchmarks/math_accuracy.py --out benchmarks/results/math_accuracy.json
    python benchmarks/math_accuracy.py --table benchmarks/results/math_accuracy.json > docs/accuracy.md
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import math
import platform
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from oxide_build.dialects.functions import MATH_FUNCTIONS
from oxide_build.simulator.functions import MATH

TYPES: dict[str, Any] = {"f32": np.float32, "f64": np.float64}
WORDS: dict[str, Any] = {"f32": np.uint32, "f64": np.uint64}
EXACT = ("sqrt", "floor", "ceil", "trunc", "round", "copysign", "fmod", "remainder", "nextafter", "ldexp", "fma")
SPECIAL: dict[str, str] = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "loggamma"}
"""Functions NumPy lacks, by mpmath's names."""
SLOW = 4096
"""The most points of a function that is computed one number at a time."""
EDGES = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, math.pi, 10.0, 88.72, 709.78, 1e-5, 1e-20, 1e-40, 5e-324, 1e10, 1e38, 1e300]
BLOCK = 256


def source(name: str, type: str) -> str:
    """A kernel that computes one function over arrays."""
    parameters = MATH_FUNCTIONS[name].parameters
    views = ", ".join(f"{p}: Slice[{'i32' if p == 'n' else type}]" for p in parameters)
    return textwrap.dedent(f"""
        @gpu.kernel
        def {name}_{type}({views}, out: DisjointSlice[{type}]) -> None:
            i = gpu.index_1d()
            if i < len(out):
                out[i] = gpu.math.{name}({", ".join(f"{p}[i]" for p in parameters)})
    """)


def module_text() -> str:
    """Every function in every type, as a kernel module."""
    head = "from oxide_build import gpu\nfrom oxide_build.gpu import DisjointSlice, Slice, f32, f64, i32\n"
    return head + "".join(source(name, type) for name in MATH_FUNCTIONS for type in TYPES)


def load_kernels(directory: Path, *, fast_math: bool, build: bool) -> Any:
    """The kernel module, built for the GPU at hand (or left as text for the simulator)."""
    text = module_text()
    name = f"accuracy_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    file = directory / name / "kernels.py"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    (file.parent / "__init__.py").touch()
    if build:
        build_for_this_gpu(text, file, f"{name}.kernels", fast_math)
    sys.path.insert(0, str(directory))
    return importlib.import_module(f"{name}.kernels")


def build_for_this_gpu(text: str, file: Path, module: str, fast_math: bool) -> None:
    """Compile the module and put its image beside it."""
    from oxide_build.build import run, write_in_tree
    from oxide_build.config import Settings
    from oxide_build.errors import SourceFile
    from oxide_build.jobs import Job
    from oxide_build.pipeline.targets import parse_target
    from oxide_build.runtime import device

    major, minor = device.current().capability
    settings = Settings(targets=(parse_target(f"sm_{major}{minor}"),), fast_math=fast_math)
    job = Job(SourceFile("kernels.py", text, module), file, hashlib.sha256(text.encode()).hexdigest(), settings)
    write_in_tree(run([job], workers=1, log=lambda line: None))


def on_gpu(kernel: Any, operands: list[Any], out: Any) -> None:
    """Launch on the GPU, by way of torch."""
    import torch

    passed = [torch.from_numpy(array).cuda() for array in (*operands, out)]
    kernel.forall(len(out))(*passed)
    out[...] = passed[-1].cpu().numpy()


def in_simulator(kernel: Any, operands: list[Any], out: Any) -> None:
    """Run on the CPU."""
    kernel.simulate[-(-len(out) // BLOCK), BLOCK](*operands, out)


def inputs(name: str, type: str, count: int, random: np.random.Generator) -> list[Any]:
    """Edge values, numbers of everyday size, and any bit patterns at all."""
    operands: list[Any] = []
    for parameter in MATH_FUNCTIONS[name].parameters:
        if parameter == "n":
            operands.append(random.integers(-1100, 1100, count).astype(np.int32))
            continue
        with np.errstate(over="ignore"):
            edges = np.array([sign * value for value in EDGES for sign in (1, -1)], TYPES[type])
        everyday = random.uniform(-12.0, 12.0, count // 2).astype(TYPES[type])
        bits = np.iinfo(WORDS[type]).max
        any_bits = random.integers(0, bits, count, WORDS[type], endpoint=True).view(TYPES[type])
        values = np.concatenate([edges, everyday, any_bits])[:count]
        operands.append(random.permutation(values) if operands else values)
    return operands


def reference(name: str, type: str, operands: list[Any]) -> Any | None:
    """The results in a wider type, or exactly where they must be exact; None where nothing at hand computes them."""
    entry = MATH_FUNCTIONS[name]
    if name in EXACT:
        return MATH[name](*operands)
    if name in SPECIAL:
        return special(name, type, operands[0])
    wide: Any = np.float64 if type == "f32" else np.longdouble
    if np.finfo(wide).nmant < np.finfo(TYPES[type]).nmant + 8:
        return None
    widened = [operand.astype(wide) for operand in operands]
    return 1 / np.sqrt(widened[0]) if name == "rsqrt" else getattr(np, entry.numpy)(*widened)


def special(name: str, type: str, x: Any) -> Any | None:
    """A function NumPy lacks: in double precision for f32, by mpmath for f64."""
    if type == "f32":
        return MATH[name](x.astype(np.float64))
    if importlib.util.find_spec("mpmath") is None:
        return None
    mpmath: Any = importlib.import_module("mpmath")
    mpmath.mp.prec = 120
    function: Callable[[Any], Any] = getattr(mpmath, SPECIAL[name])
    return np.array([_exact(name, function, float(value), mpmath) for value in x], np.longdouble)


def _exact(name: str, function: Callable[[Any], Any], value: float, mpmath: Any) -> Any:
    double = float(MATH[name](np.float64(value)))
    # Beyond these, or next to a pole, double precision says all there is to say: 0, a limit, an infinity, NaN.
    if not math.isfinite(double) or double == 0 or abs(value) > 1e6 or abs(value) < 1e-300:
        return np.longdouble(double)
    exact = mpmath.re(function(mpmath.mpf(value)))
    high = float(exact)
    return np.longdouble(high) + np.longdouble(float(exact - high))


def errors_in_ulp(found: Any, exact: Any) -> tuple[Any, Any]:
    """Each result's distance from the exact one in units of the last place, and where only one of them is finite."""
    type = found.dtype.type
    nearest = exact.astype(type)
    same = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
    finite = np.isfinite(found) & np.isfinite(nearest)
    place = np.spacing(np.abs(np.where(finite, nearest, 1))).astype(exact.dtype)
    distance = np.abs(found.astype(exact.dtype) - exact) / place
    return np.where(finite, distance, 0.0).astype(np.float64), ~same & ~finite


def measure(kernels: Any, name: str, type: str, count: int, execute: Callable[..., None]) -> dict[str, Any]:
    """One function in one type."""
    slow = name in ("remainder", "fma") or (name in SPECIAL and type == "f64")
    operands = inputs(name, type, min(count, SLOW) if slow else count, np.random.default_rng(2024))
    out = np.zeros(len(operands[0]), TYPES[type])
    execute(getattr(kernels, f"{name}_{type}"), operands, out)
    with np.errstate(all="ignore"):
        exact = reference(name, type, operands)
        entry: dict[str, Any] = {"function": name, "type": type, "points": len(out), "max_ulp": None}
        if exact is None:
            return entry
        errors, wrong = errors_in_ulp(out, np.asarray(exact))
    worst = int(np.argmax(errors))
    entry["max_ulp"] = round(float(errors[worst]), 3)
    entry["at"] = [operand[worst].item() for operand in operands]
    entry["not_finite_differs"] = int(wrong.sum())
    if wrong.any():
        first = int(np.argmax(wrong))
        values = [operand[first].item() for operand in operands]
        entry["first_difference"] = f"{values}: {out[first]} for {exact[first]}"
    return entry


def environment(simulate: bool) -> dict[str, Any]:
    """Where the figures come from."""
    versions = {"python": platform.python_version()}
    for package in ("oxide-build", "numpy", "mpmath", "torch", "llvmlite", "nvidia-nvvm", "cuda-bindings"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    if simulate:
        return {"device": "simulator", "versions": versions}
    import torch

    from oxide_build.runtime import device

    current = device.current()
    return {
        "device": torch.cuda.get_device_name(),
        "capability": ".".join(map(str, current.capability)),
        "driver": _driver_release(),
        "versions": versions,
    }


def _driver_release() -> str | None:
    loaded = Path("/proc/driver/nvidia/version")
    words = loaded.read_text(encoding="ascii").split() if loaded.is_file() else []
    return next((word for word in words if word.count(".") >= 1 and word[0].isdigit()), None)


def table(document: dict[str, Any]) -> str:
    """The page of the docs."""
    rows: dict[str, dict[str, Any]] = {}
    for entry in document["functions"]:
        rows.setdefault(entry["function"], {})[entry["type"]] = entry
    mode = "`fast_math`" if document["fast_math"] else "default options"
    lines = [
        "# Accuracy of mathematical functions",
        "",
        "Largest error met, in units in the last place (ulp), over random inputs of every magnitude and edge values; a",
        "correctly rounded one stays within 0.5. Exact functions show 0. Written by `benchmarks/math_accuracy.py`.",
        "",
        f"Measured on {document['device']}, {mode}, driver {document.get('driver') or 'none'}; "
        + ", ".join(f"{name} {version}" for name, version in document["versions"].items())
        + ".",
        "",
        "| function | f32, ulp | f64, ulp | points |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, entries in rows.items():
        cells = [_cell(entries.get(type)) for type in TYPES]
        points = "/".join(f"{entries[type]['points']:,}" for type in TYPES if type in entries)
        lines.append(f"| `{name}` | {' | '.join(cells)} | {points} |")
    return "\n".join(lines) + "\n"


def _cell(entry: dict[str, Any] | None) -> str:
    if entry is None or entry["max_ulp"] is None:
        return "n/a"
    differs = entry["not_finite_differs"]
    return f"{entry['max_ulp']:.2f}" + (f" ({differs} differ in being finite)" if differs else "")


def main() -> None:
    """Measure, or write the table of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    parser.add_argument("--simulate", action="store_true", help="run in the simulator instead of on a GPU")
    parser.add_argument("--fast-math", action="store_true", help="measure the approximations of fast math")
    parser.add_argument("--count", type=int, default=1 << 18, help="inputs a function")
    parser.add_argument("--table", type=Path, help="print the Markdown table of this JSON document, and end")
    options = parser.parse_args()
    if options.table is not None:
        print(table(json.loads(options.table.read_text(encoding="utf-8"))), end="")
        return
    with tempfile.TemporaryDirectory() as directory:
        kernels = load_kernels(Path(directory), fast_math=options.fast_math, build=not options.simulate)
        execute = in_simulator if options.simulate else on_gpu
        pairs = [(name, type) for name in MATH_FUNCTIONS for type in TYPES]
        found = [measure(kernels, name, type, options.count, execute) for name, type in pairs]
    document = {**environment(options.simulate), "fast_math": options.fast_math, "functions": found}
    text = json.dumps(document, indent=1) + "\n"
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
