"""Every program's PTX passes ptxas for each generation it is for."""

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


@pytest.mark.parametrize("target", GENERATIONS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_ptxas_accepts(program: str, target: str, generator: CodeGenerator, ptxas: Callable[[str], str]) -> None:
    sm, options = TARGETS[target], Options()
    ptxas(generator.emit_ptx(program, to_llvm_ir(ssa(program), sm, options), sm, options).result())
