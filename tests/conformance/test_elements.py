"""Every operator, conversion and exact function, over every type it is for, at the edges: bit for bit plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.conformance.conftest import Agreed
from tests.conformance.rows import ROWS, Row
from tests.conformance.values import FLOATS, TYPES, dtype, expect_same, held, rounded, stored
from tests.frontend.conftest import Run

IMPORTS = "from oxide_build.gpu import bf16, f16, i8, i16, u8, u16\n"
BLOCK = 256


def kernels() -> Iterator[Any]:
    """Rows of one shape in one kernel: the same operand types, results and number of operands."""
    grouped: dict[tuple[str, str, int, str], list[Row]] = {}
    for row in ROWS:
        for name in row.types:
            grouped.setdefault((name, row.other or name, row.operands, row.result or name), []).append(row)
    for (name, other, operands, result), rows in grouped.items():
        yield pytest.param(name, other, result, rows, id=f"{name}{operands}_{other}_{result}")


@pytest.mark.parametrize(("name", "other", "result", "rows"), list(kernels()))
def test_elements(run: Run, agreed: Agreed, name: str, other: str, result: str, rows: list[Row]) -> None:
    cases = rows[0].cases(name)
    types = [name, other, other][: rows[0].operands]
    columns = [stored(column, type) for column, type in zip(zip(*cases, strict=True), types, strict=True)]
    out = np.zeros((len(rows), len(cases)), dtype(result))
    run(source(rows, name, types, result), *columns, out, grid=-(-len(cases) // BLOCK), block=BLOCK)
    for found, row in zip(out, rows, strict=True):
        expect_same(found, expected(row, name, types, result, cases), result, f"{row} for {name}")
        agreed(f"{row} -> {result}", len(cases))


def source(rows: list[Row], name: str, types: list[str], result: str) -> str:
    """One kernel, a line a row."""
    inputs = "abc"[: len(types)]
    parameters = "".join(f"in_{x}: Slice[{type}], " for x, type in zip(inputs, types, strict=True))
    loads = "\n".join(f"        {x} = in_{x}[i]" for x in inputs)
    lines = "\n".join(f"        out[{n}, i] = {row.expression.format(T=name)}" for n, row in enumerate(rows))
    return (
        f"{IMPORTS}@gpu.kernel\ndef k({parameters}out: MutSlice2D[{result}]) -> None:\n"
        f"    i = gpu.block_idx.x * gpu.block_dim.x + gpu.thread_idx.x\n"
        f"    if i < out.shape[1]:\n{loads}\n{lines}\n"
    )


def expected(row: Row, name: str, types: list[str], result: str, cases: list[tuple[Any, ...]]) -> Any:
    """The reference's answers, in an array of the result's type."""
    with np.errstate(all="ignore"):
        answers = [row.reference(*map(number, case, types), name) for case in cases]
        return stored([held(answer, result) for answer in answers], result)


def number(value: Any, name: str) -> Any:
    """An operand as the reference takes it."""
    return rounded(value, name) if name in FLOATS else value


def test_every_type_has_a_row() -> None:
    assert {name for row in ROWS for name in row.types} == set(TYPES)
