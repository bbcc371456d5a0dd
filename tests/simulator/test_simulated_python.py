"""Random control flow: one text, compiled and simulated for many threads, and run by Python for each of them."""

from __future__ import annotations

import random
from textwrap import indent
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate

KERNEL = """
from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32

@gpu.device
def run(i: i32) -> i32:
    a = i % 7
    b = i % 5
    c = i % 3
{body}
    return a * 10000 + b * 100 + c

@gpu.kernel
def k(out: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    out[i] = run(i)
"""

PLAIN = """
def run(i):
    a, b, c = i % 7, i % 5, i % 3
{body}
    return a * 10000 + b * 100 + c
"""


class Statements:
    """Python statements over small numbers a, b, c, i, with branches, bounded loops and early returns."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)
        self.loops = 0

    def block(self, depth: int) -> str:
        return "\n".join(self.statement(depth) for _ in range(self.choice.randint(1, 3)))

    def statement(self, depth: int) -> str:
        return getattr(self, self.choice.choice(["assign", "assign", "branch", "loop"] if depth else ["assign"]))(depth)

    def assign(self, depth: int) -> str:
        target, left, right, other = (self.choice.choice(names) for names in ("abc", "abci", "abci", "abci"))
        return f"{target} = ({left} * {self.choice.randint(1, 9)} + {right} - {other}) % 97"

    def condition(self) -> str:
        compare = self.choice.choice(["<", "==", "!="])
        return f"{self.choice.choice('abci')} % {self.choice.randint(2, 5)} {compare} {self.choice.randint(0, 2)}"

    def branch(self, depth: int) -> str:
        text = f"if {self.condition()}:\n{self.body(depth)}"
        if self.choice.random() < 0.2:
            return f"{text}\n    return {self.choice.choice('abc')}"
        return text if self.choice.random() < 0.5 else f"{text}\nelse:\n{self.body(depth)}"

    def loop(self, depth: int) -> str:
        self.loops += 1
        counter = f"n{self.loops}"
        leave = f"if {self.condition()}:\n        {self.choice.choice(['break', 'continue', 'return c'])}"
        return f"{counter} = 0\nwhile {counter} < (a + i) % 6:\n    {counter} += 1\n    {leave}\n{self.body(depth)}"

    def body(self, depth: int) -> str:
        return indent(self.block(depth - 1), "    ")


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("seed", range(25))
def test_random_control_flow_runs_as_python_does(seed: int) -> None:
    body = indent(Statements(seed).block(3), "    ")
    module = to_ssa(SourceFile("k.py", KERNEL.format(body=body), "k"))
    out = np.zeros(192, np.int32)
    simulate(module, describe(module)[0], 6, 32, (out,))
    names: dict[str, Any] = {}
    exec(PLAIN.format(body=body), names)
    assert out.tolist() == [names["run"](i) for i in range(192)]
