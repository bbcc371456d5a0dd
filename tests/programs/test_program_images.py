"""Every program passes ptxas for each generation it is for, and has the instructions it is written for."""

from __future__ import annotations

import importlib
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
from tests.programs.conftest import KERNELS

PROGRAMS = sorted(path.stem for path in KERNELS.glob("*.py") if path.stem != "__init__")
GENERATIONS = "sm_75", "sm_80", "sm_90", "sm_100"

INSTRUCTIONS = [
    ("bfs", "atom.relaxed.gpu.global.cas.b32", 2),
    ("black_scholes", "fma.rn.f64", 30),
    ("convolution", "fma.rn.f32", 25),
    ("convolution", ".global .align 4 ", 0),
    ("fft", "ld.shared", 4),
    ("floyd_warshall", "ld.shared.v4.b32", 1),
    ("hash_table", "atom.relaxed.gpu.global.cas.b32", 1),
    ("histogram", "atom.relaxed.cta.shared.add.u32", 1),
    ("kmeans", "atom.shared.add.f32", 4),
    ("life", "ld.shared.b8", 9),
    ("life", ".local", 0),
    ("matmul", "fma.rn.f32", 16),
    ("matmul", ".local", 0),
    ("monte_carlo", "shfl.sync.bfly.b32", 5),
    ("monte_carlo", "atom.global.add.u64", 1),
    ("nbody", "ld.global.v4", 2),
    ("nbody", "rsqrt.approx.f32", 1),
    ("radix", "match.any.sync.b32", 1),
    ("ray_spheres", "fma.rn.f32", 20),
    ("ray_spheres", ".local", 0),
    ("reduction", "shfl.sync.down.b32", 25),
    ("smith_waterman", "atom.shared.max.s32", 1),
    ("spmv", "shfl.sync.down.b32", 10),
    ("transpose", "ld.shared.b32", 4),
]
"""A program, what its PTX has, and how often at least; 0 is never."""


def source(module: str) -> SourceFile | None:
    """The source of a module that a program imports from."""
    path = importlib.import_module(module).__file__
    return SourceFile(path, Path(path).read_text(encoding="utf-8"), module) if path else None


@cache
def ssa(program: str) -> ir.Module:
    """A program's `ssa` module, made once for all targets."""
    kernels = source(f"tests.programs.kernels.{program}")
    assert kernels is not None
    return to_ssa(kernels, resolve=source)


@pytest.fixture(scope="session")
def ptx(generator: CodeGenerator) -> Callable[[str, str], str]:
    """A program's PTX for a target, made once."""
    options = Options()

    @cache
    def emit(program: str, target: str) -> str:
        llvm_ir = to_llvm_ir(ssa(program), TARGETS[target], options)
        return generator.emit_ptx(program, llvm_ir, TARGETS[target], options).result()

    return emit


@pytest.mark.parametrize("target", GENERATIONS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_ptxas_accepts(program: str, target: str, ptx: Callable[[str, str], str], ptxas: Callable[[str], str]) -> None:
    ptxas(ptx(program, target))


@pytest.mark.parametrize(("program", "instruction", "count"), INSTRUCTIONS)
def test_instructions(program: str, instruction: str, count: int, ptx: Callable[[str, str], str]) -> None:
    found = ptx(program, "sm_90").count(instruction)
    assert found >= count if count else found == 0
