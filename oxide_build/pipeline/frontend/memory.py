"""Intrinsics on memory: `len`, and where a contract may stand."""

from __future__ import annotations

import ast

from oxide_build.errors import CompileError
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.elements import extent
from oxide_build.pipeline.frontend.operands import Constant, Operand


@translates(INTRINSICS, "len")
def length(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`len(x)`: the first extent; of a constant tuple, its length."""
    (argument,) = arguments(node, "x")
    known = f.known(argument)
    if isinstance(known, tuple):
        return Constant(len(known))
    return extent(f, f.view(argument), 0)


@translates(INTRINSICS, "gpu.require")
def misplaced_require(f: FunctionBuilder, node: ast.Call) -> Operand:
    """A contract anywhere but at the top of a kernel."""
    raise CompileError(
        "`gpu.require` stands at the top of a kernel, before its other statements",
        help="move it up; for a condition inside the kernel write `assert`",
    )
