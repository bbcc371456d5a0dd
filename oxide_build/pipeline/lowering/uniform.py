"""What the author said of threads: nothing is left of it on the machine."""

from __future__ import annotations

from oxide_build.dialects import mir
from oxide_build.ir import Op, Value
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers


@lowers(mir.assume_uniform)
def lower_assume_uniform(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.operand(op)
