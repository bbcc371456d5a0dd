"""Programs with their expected results in a file: written where the reference runs, read where a GPU is.

In: programs and results. Out: JSON, one program a line, compressed. Its own room because this
format is all that the two machines share.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.programs import Program


def record(program: Program, expected: list[Any]) -> dict[str, Any]:
    """A program and its result as JSON has it."""
    return {
        "name": program.name,
        "source": program.source,
        "grid": program.grid,
        "block": program.block,
        "types": program.types,
        "features": program.features,
        "arguments": [_packed(argument) for argument in program.arguments],
        "expected": [_packed(value) if isinstance(value, np.ndarray) else None for value in expected],
    }


def restored(line: dict[str, Any]) -> tuple[Program, list[Any]]:
    """The program and its result."""
    arguments = [_unpacked(argument) for argument in line["arguments"]]
    program = Program(
        line["name"],
        line["source"],
        tuple(line["grid"]),
        tuple(line["block"]),
        line["types"],
        arguments,
        line["features"],
    )
    results = zip(line["expected"], arguments, strict=True)
    return program, [given if packed is None else _unpacked(packed) for packed, given in results]


def _packed(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return repr(value) if isinstance(value, float) else value
    return [value.dtype.str, value.shape, base64.b85encode(value.tobytes()).decode()]


def _unpacked(value: Any) -> Any:
    if isinstance(value, str):
        return float(value)
    if not isinstance(value, list):
        return value
    dtype, shape, text = value
    return np.frombuffer(base64.b85decode(text), dtype).reshape(shape).copy()


def write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """All records into a file."""
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in records)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
