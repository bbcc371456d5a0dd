"""One program by two roads: the simulator and the reference, their arrays compared bit by bit.

In: a `Program`. Out: what differs, in words; nothing where they agree. Which NaN a NaN is does
not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from oxide_build import ir
from oxide_build.errors import SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate
from tests.fuzz.arrays import plain_values
from tests.fuzz.interpreter import interpret
from tests.fuzz.numbers import FLOATS
from tests.fuzz.programs import Program


def compiled(text: str) -> ir.Module:
    """A kernel module at its `ssa` stage."""
    return to_ssa(SourceFile("kernel.py", text, "fuzz.kernel"))


def interpreted(program: Program) -> list[Any]:
    """The arguments after the reference has run the program."""
    arguments = program.copies()
    interpret(program.text, program.name, (program.grid, program.block), arguments)
    return arguments


def simulated(program: Program) -> list[Any]:
    """The arguments after the simulator has run the program."""
    module, arguments = compiled(program.text), program.copies()
    simulate(module, describe(module)[-1], program.grid, program.block, arguments)
    return arguments


def differences(program: Program, expected: Sequence[Any], found: Sequence[Any]) -> Iterator[str]:
    """Where two results of a program differ."""
    for number, (type, wanted, given) in enumerate(zip(program.types, expected, found, strict=True)):
        if not isinstance(wanted, np.ndarray):
            continue
        bits = f"u{wanted.dtype.itemsize}"
        different = np.flatnonzero(wanted.view(bits).reshape(-1) != given.view(bits).reshape(-1))
        first, second = (plain_values(array, type) for array in (wanted, given))
        real = [n for n in different if type not in FLOATS or first[n] == first[n] or second[n] == second[n]]
        if real:
            n = real[0]
            yield f"argument {number} ({type}) differs at {len(real)} places: {first[n]!r}, not {second[n]!r}, at {n}"
