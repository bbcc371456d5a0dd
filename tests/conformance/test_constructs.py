"""Memory, statements, functions and threads together: each construct, for each of its types, against plain Python."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from tests.conformance import constructs, parallel
from tests.conformance.conftest import Agreed
from tests.conformance.constructs import Program
from tests.conformance.values import FLOATS, TYPES, expect_same
from tests.frontend.conftest import Run

HEAD = """
from oxide_build.gpu import MutSlice3D, MutSlice4D, Slice3D, Slice4D, bf16, f16, i8, i16, u8, u16
from collections.abc import Callable

@gpu.struct
class Pair:
    first: {T}
    second: {T}

VALUES = gpu.table((1, 5, 0, 100, 7), {T})

@gpu.device
def both(x: {T}, factor: {T} = 3) -> tuple[{T}, {T}]:
    return x * factor + 1, x + x

@gpu.device
def doubled(x: {T}) -> {T}:
    return x + x

@gpu.device
def apply(x: {T}, op: gpu.Const[Callable[[{T}], {T}]], times: {T}) -> {T}:
    return op(x) * times

@gpu.kernel
"""
PLAIN = HEAD[: HEAD.index("VALUES")] + "@gpu.kernel\n"
ALL = [(program, name) for program in (*constructs.PROGRAMS, *parallel.PROGRAMS) for name in program.types]


@pytest.mark.parametrize(("program", "name"), ALL, ids=[f"{p.feature} of {name}".replace("-", " ") for p, name in ALL])
def test_constructs(run: Run, agreed: Agreed, program: Program, name: str) -> None:
    head = HEAD if name != "bool" else PLAIN
    source = (head + textwrap.dedent(program.source).lstrip()).replace("{T}", name)
    cases = list(program.cases(name))
    for case in cases:
        arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in case.arguments]
        run(source, *arguments, grid=case.grid, block=case.block, shared_memory=case.shared_memory)
        wanted = [b if b is not None else a for a, b in zip(case.arguments, case.expected, strict=True)]
        for found, expected in zip(arguments, wanted, strict=True):
            if isinstance(found, np.ndarray):
                what = f"{program.feature}: {case.edge}"
                expect_same(found, np.ascontiguousarray(expected), _type(found, name), what)
    agreed(program.feature, len(cases))


def _type(array: np.ndarray, name: str) -> str:
    """The type an array holds, which its dtype does not say for a bf16."""
    return name if array.dtype.kind in "fu" and name in FLOATS and array.dtype.itemsize < 4 else _named(array)


def _named(array: np.ndarray) -> str:
    if array.dtype.kind == "b":
        return "bool"
    found = f"{array.dtype.kind}{8 * array.dtype.itemsize}"
    assert found in TYPES
    return found
