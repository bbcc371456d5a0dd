"""Kernels written in a test as text, run in the simulator."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate

Run: TypeAlias = Callable[..., None]

HEAD = """
import math
from oxide_build import gpu
from oxide_build.gpu import (
    DisjointSlice, DisjointSlice2D, Index1D, IndexCol, IndexRow, MutSlice, MutSlice2D, Slice, Slice2D,
    f32, f64, i32, i64, u32, u64,
)
"""


@pytest.fixture
def run() -> Run:
    """`run(source, *arguments, grid=1, block=1)`: compile the text's last kernel and simulate it."""

    def compile_and_simulate(source: str, *arguments: Any, grid: Any = 1, block: Any = 1) -> None:
        module = to_ssa(SourceFile("kernel.py", HEAD + textwrap.dedent(source), "test.kernel"))
        simulate(module, describe(module)[-1], grid, block, arguments)

    return compile_and_simulate
