"""Absolute values and negations as ptxas may see them: it takes `abs` for positive, also where it wraps."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS


@pytest.mark.parametrize("name", ["i8", "i16", "i32", "i64"])
@pytest.mark.parametrize("expression", ["abs(x[0])", "-x[0]", "x[0] if x[0] >= 0 else -x[0]", "max(x[0], -x[0])"])
def test_nothing_tells_ptxas_that_an_absolute_value_is_positive(
    generator: CodeGenerator, ptxas: Callable[[str], str], name: str, expression: str
) -> None:
    source = f"""
from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, i8, i16, i32, i64

@gpu.kernel
def k(x: Slice[{name}], out: MutSlice[{name}]) -> None:
    out[0] = {expression}
"""
    target, options = TARGETS["sm_90"], Options()
    module = to_ssa(SourceFile("k.py", source, "tests.k"))
    ptx = ptxas(generator.emit_ptx("k", to_llvm_ir(module, target, options), target, options).result())
    assert not re.search(r"\babs\.s|\bneg\.s16", ptx)
