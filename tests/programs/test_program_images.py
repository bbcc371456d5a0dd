"""Every program's PTX, for each GPU generation it is meant for, goes through ptxas, and has what it is written for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from oxide_build import ir
from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

KERNELS = Path(__file__).with_name("kernels")
PROGRAMS = sorted(path.stem for path in KERNELS.glob("*.py") if path.stem != "__init__")
GENERATIONS = "sm_75", "sm_80", "sm_90", "sm_100"

INSTRUCTIONS = [
    ("black_scholes", "fma.rn.f64", 30),
    ("fft", "ld.shared", 4),
    ("floyd_warshall", "ld.shared.v4.b32", 1),
    ("hash_table", "atom.relaxed.gpu.global.cas.b32", 1),
    ("kmeans", "atom.shared.add.f32", 4),
    ("life", "ld.shared.b8", 9),
    ("life", ".local", 0),
    ("monte_carlo", "shfl.sync.bfly.b32", 5),
    ("monte_carlo", "atom.global.add.u64", 1),
    ("ray_spheres", "fma.rn.f32", 20),
    ("ray_spheres", ".local", 0),
    ("smith_waterman", "atom.shared.max.s32", 1),
    ("transpose", "ld.shared.b32", 4),
]
"""A program, what its PTX has, and how often at least; 0 is never."""


@cache
def ssa(program: str) -> ir.Module:
    """A program's `ssa` module, made once for all targets."""
    text = (KERNELS / f"{program}.py").read_text(encoding="utf-8")
    return to_ssa(SourceFile(f"{program}.py", text, f"tests.programs.kernels.{program}"))


@pytest.fixture(scope="session")
def ptx(generator: CodeGenerator) -> Callable[[str, str], str]:
    """A program's PTX for a target, made once."""

    @cache
    def emit(program: str, target: str) -> str:
        llvm_ir = to_llvm_ir(ssa(program), TARGETS[target], Options())
        return generator.emit_ptx(program, llvm_ir, TARGETS[target], Options()).result()

    return emit


@pytest.mark.parametrize("target", GENERATIONS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_image(program: str, target: str, ptx: Callable[[str, str], str], ptxas: Callable[[str], str]) -> None:
    ptxas(ptx(program, target))


@pytest.mark.parametrize(("program", "instruction", "count"), INSTRUCTIONS)
def test_instructions(program: str, instruction: str, count: int, ptx: Callable[[str, str], str]) -> None:
    found = ptx(program, "sm_90").count(instruction)
    assert found >= count if count else found == 0
