"""Control flow and calls: the same shape, with views passed as their parts."""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Successor, Value
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import parts


@lowers(mir.call)
def lower_call(lowering: FunctionLowering, op: Op) -> list[Value]:
    results = tuple(part for type in op.attributes["results"] for part in parts(type))
    return lowering.call(op.attributes["callee"], *lowering.flat(op.operands), results=results)


@lowers(mir.br)
def lower_br(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(llvm.br, to=[lowering.successor(successor) for successor in op.successors])
    return ()


@lowers(mir.loop_br)
def lower_loop_br(lowering: FunctionLowering, op: Op) -> tuple[()]:
    successors = [lowering.successor(successor) for successor in op.successors]
    lowering.emit(llvm.loop_br, to=successors, unroll=op.attributes["unroll"])
    return ()


@lowers(mir.cond_br)
def lower_cond_br(lowering: FunctionLowering, op: Op) -> tuple[()]:
    assert op.block is not None
    ways = lowering.ways[op.block]
    if len(ways) == 1:
        lowering.emit(llvm.br, to=[lowering.successor(way) for way in ways])
        return ()
    condition = lowering.operand(op)
    yes, no = (lowering.successor(successor) for successor in op.successors)
    if yes.block is no.block:
        lowering.emit(llvm.br, to=[_merged(lowering, condition, yes, no)])
    else:
        lowering.emit(llvm.cond_br, condition, to=[yes, no])
    return ()


def _merged(lowering: FunctionLowering, condition: Value, yes: Successor, no: Successor) -> Successor:
    """One edge for two to the same block: LLVM allows but one value from one predecessor."""
    pairs = zip(yes.arguments, no.arguments, strict=True)
    return Successor(yes.block, [lowering.compute(llvm.select, condition, *pair) for pair in pairs])


@lowers(mir.return_)
def lower_return(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(llvm.return_, *lowering.flat(op.operands))
    return ()
