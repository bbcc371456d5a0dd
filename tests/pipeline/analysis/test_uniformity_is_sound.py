"""What the analysis says holds: random kernels, run in the simulator, against its every claim.

A kernel ends by storing its locals, so threads show which values they share; where barriers pass the check without a
warning, no thread may wait in vain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileErrors, CompileWarning, SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.pipeline.analysis.forms import Level
from oxide_build.pipeline.analysis.uniformity import analyse
from oxide_build.simulator import simulate

LOCALS = "abcd"
THREADS = 96
NOBODY = -1_000_000
HEAD = """
from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, Slice, i32

@gpu.device
def chosen(p: i32, q: i32) -> i32:
    if p % 3 == 1:
        return q
    for i in range(p % 4):
        if i == q % 3:
            return i + 7
    return p


@gpu.kernel
def k(n: i32, x: Slice[i32], out: MutSlice2D[i32]) -> None:
    t = gpu.thread_idx.x
    a = n
    b = 3
    c = t // 32
    d = t
"""


class Program:
    """A random kernel's text; with `barriers`, there are some in odd places."""

    def __init__(self, seed: int, barriers: bool) -> None:
        self.random = random.Random(seed)
        self.barriers = barriers
        self.loops = 0
        lines = [*self.suite(1, 6), *(f"    out[{n}, t] = {name}" for n, name in enumerate(LOCALS))]
        self.text = HEAD + "\n".join(lines) + "\n"

    def value(self) -> str:
        a, b = self.random.choice(LOCALS), self.random.choice([*LOCALS, "n", "t"])
        simple = (f"{a} + 1", f"{a} - {b}", f"{a} + {b} * 32", "5", "n * 2", f"{a} // 32", f"({a} + 64) >> 5", b)
        others = (
            *(f"x[({a} & 63)]", f"chosen({a}, {b})", f"({a} if {b} % 2 == 0 else {b})", f"min({a}, {b})", f"{a} & 31"),
            *(f"(1 if {a} < 32 else {b})", f"{a} ^ 32", f"t - ({a} & 31)", "gpu.lane_id()", f"{a} % 64"),
            *(f"1 << {a}", f"{a} << ({b} & 3)", f"{a} << 5", f"{a} << -1", f"{a} >> -1", f"{a} >> {b}"),
        )
        return self.random.choice(simple + others)

    def condition(self) -> str:
        a, b = self.random.choice(LOCALS), self.random.choice([*LOCALS, "n", "t"])
        return self.random.choice(
            (f"{a} % 2 == 0", f"{a} < {b}", f"{a} < 32", f"t < 64 and {a} > 2", f"{a} == {b} or {b} < 5", "n > 3")
        )

    def suite(self, depth: int, most: int) -> Iterator[str]:
        indent = "    " * depth
        for _ in range(self.random.randint(1, most)):
            kind = self.random.random()
            if kind < 0.5 or depth > 4:
                yield f"{indent}{self.random.choice(LOCALS)} = {self.value()}"
            elif kind < 0.72:
                yield f"{indent}if {self.condition()}:"
                yield from self.suite(depth + 1, 3)
                if self.loops and self.random.random() < 0.3:
                    yield f"{indent}    {self.random.choice(('break', 'continue'))}"
                elif self.random.random() < 0.06:
                    yield f"{indent}    return"
                elif self.random.random() < 0.4:
                    yield f"{indent}else:"
                    yield from self.suite(depth + 1, 3)
            elif kind < 0.9 or not self.barriers:
                yield f"{indent}for i{depth} in range({self.random.choice(('4', f'({self.value()}) & 3'))}):"
                self.loops += 1
                yield from self.suite(depth + 1, 4)
                self.loops -= 1
                yield f"{indent}    {self.random.choice(LOCALS)} += i{depth}"
            else:
                yield indent + self.random.choice(("gpu.sync_threads()", "gpu.sync_warp()", "c += gpu.reduce_add(d)"))


def run(module: ir.Module) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    x = (np.arange(64, dtype=np.int32) * 7 + 3) % 11
    out = np.full((len(LOCALS), THREADS), NOBODY, np.int32)
    simulate(module, describe(module)[-1], 1, THREADS, (5, x, out))
    return out


@pytest.mark.parametrize("seed", range(40))
def test_values_claimed_equal_are(seed: int) -> None:
    module = to_ssa(SourceFile("k.py", Program(seed, barriers=False).text, "test.k"))
    analysis = analyse(module, module.functions["k"])
    stores = [op for op in analysis.function.ops() if op.definition is mir.store][-len(LOCALS) :]
    levels = [analysis.operands(op)[0].level for op in stores]
    for values, level in zip(run(module), levels, strict=True):
        for group in {Level.BLOCK: [values], Level.WARP: np.split(values, THREADS // 32), Level.THREAD: []}[level]:
            assert len(set(group.tolist()) - {NOBODY}) <= 1


@pytest.mark.parametrize("seed", range(40))
def test_barriers_that_pass_are_reached(seed: int) -> None:
    warnings: list[CompileWarning] = []
    try:
        module = to_ssa(SourceFile("k.py", Program(seed, barriers=True).text, "test.k"), warn=warnings.append)
    except CompileErrors:
        return
    if not warnings:
        run(module)
