"""Clocks and waiting to `mir`."""

from __future__ import annotations

import ast

from oxide_build.dialects import mir
from oxide_build.ir.types import u32
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import coerce
from oxide_build.pipeline.frontend.operands import Operand


@translates(INTRINSICS, "gpu.clock64")
def clock64(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The multiprocessor's cycle counter."""
    arguments(node)
    return f.value(mir.clock(clock="clock64"))


@translates(INTRINSICS, "gpu.global_timer")
def global_timer(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Nanoseconds of the whole GPU's clock."""
    arguments(node)
    return f.value(mir.clock(clock="global_timer"))


@translates(INTRINSICS, "gpu.nanosleep")
def nanosleep(f: FunctionBuilder, node: ast.Call) -> Operand:
    """Let the thread rest."""
    (given,) = arguments(node, "ns")
    operand = f.expression(given)
    with f.at(given):
        f.emit(mir.nanosleep(coerce(f, operand, u32, "the time to sleep")))
    return ()
