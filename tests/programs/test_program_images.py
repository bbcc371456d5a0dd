"""Every program's PTX, for each GPU generation it is meant for, goes through ptxas."""

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
PROGRAMS = sorted(path for path in KERNELS.glob("*.py") if path.stem != "__init__")


@cache
def module_of(path: Path) -> ir.Module:
    """The `ssa` stage, made once for all targets."""
    return to_ssa(SourceFile(path.name, path.read_text(encoding="utf-8"), f"tests.programs.kernels.{path.stem}"))


@pytest.mark.parametrize("target", ["sm_75", "sm_80", "sm_90", "sm_100"])
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_image(path: Path, target: str, generator: CodeGenerator, ptxas: Callable[[str], str]) -> None:
    llvm_ir = to_llvm_ir(module_of(path), TARGETS[target], Options())
    ptxas(generator.emit_ptx(path.stem, llvm_ir, TARGETS[target], Options()).result())
