"""Random programs give in the simulator what their direct interpretation gives, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oxide_build.errors import KernelFault
from oxide_build.pipeline import to_llvm_ir
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS
from tests.fuzz.choices import Drawn, Seeded
from tests.fuzz.compare import compiled, differences, interpreted, simulated
from tests.fuzz.meetings import UndefinedError
from tests.fuzz.programs import Program, program


@st.composite
def programs(draw: Any) -> Program:
    """A random program that Hypothesis can shrink."""
    return program(Drawn(draw, st), "fuzzed")


def check(one: Program) -> None:
    """Both roads lead to the same arrays, or find that the program has no defined result."""
    try:
        expected = interpreted(one)
    except UndefinedError:
        with pytest.raises(KernelFault, match="shuffle from lane"):
            simulated(one)
        return
    found = list(differences(one, expected, simulated(one)))
    assert not found, f"{found[0]}\n{one.text}"


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(programs())
def test_drawn_programs(one: Program) -> None:
    check(one)


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_seeded_programs(start: int) -> None:
    for number in range(start, start + 20):
        check(program(Seeded(("test", number)), f"p{number}"))


def test_programs_lower_for_every_generation() -> None:
    """What LLVM makes of the text, the run on a GPU shows (benchmarks/fuzz.py)."""
    for number, target in enumerate(("sm_75", "sm_90", "sm_100")):
        one = program(Seeded(("lowered", number)), "p")
        assert to_llvm_ir(compiled(one.text), TARGETS[target], Options())
