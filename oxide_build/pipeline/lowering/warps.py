"""Warps: votes and barriers are intrinsics, shuffles and matches PTX of ours for every type alike.

A reduction is one instruction from sm_80 on. Before, values run along the chain of lanes
that are there, each step twice as far as the one before (list ranking), since a plain
butterfly would lose values where lanes have returned.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Scalar, bool_, i32
from oxide_build.pipeline.lowering.arithmetic import scalar
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import CONSTRAINTS

LANES = 32
FULL_MASK = 0xFFFFFFFF

_REDUX = 80
"""The first SM that reduces over a warp in one instruction."""

_MODES = {"idx": ("idx", 31), "up": ("up", 0), "down": ("down", 31), "xor": ("bfly", 31)}
"""PTX's name of each shuffle, and the last lane it may read from."""

_COMBINE = {"add": llvm.add, "and": llvm.and_, "or": llvm.or_, "xor": llvm.xor}


@lowers(mir.lane_id)
def lower_lane_id(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.compute(nvvm.lane_id)


@lowers(mir.active_mask)
def lower_active_mask(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.compute(nvvm.active_mask)


@lowers(mir.sync_warp)
def lower_sync_warp(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(nvvm.warp_barrier, lowering.operand(op))
    return ()


@lowers(mir.vote)
def lower_vote(lowering: FunctionLowering, op: Op) -> Value:
    condition, mask = lowering.operands(op)
    return lowering.compute(nvvm.votes[op.attributes["operation"]], mask, condition)


@lowers(mir.shuffle)
def lower_shuffle(lowering: FunctionLowering, op: Op) -> Value:
    return _shuffle(lowering, op.attributes["mode"], *lowering.operands(op))


def _shuffle(lowering: FunctionLowering, mode: str, value: Value, lane: Value, mask: Value) -> Value:
    name, last = _MODES[mode]
    move = f"shfl.sync.{name}.b32 {{0}}, {{0}}, $2, {last}, $3;"
    type = scalar(value)
    if type.bits == LANES:
        text = f"shfl.sync.{name}.b32 $0, $1, $2, {last}, $3;"
    else:
        halves = f"{move.format('low')} {move.format('high')}"
        text = f"{{ .reg .b32 low, high; mov.b64 {{low, high}}, $1; {halves} mov.b64 $0, {{low, high}}; }}"
    letter = CONSTRAINTS[type.name]
    return _together(lowering, text, f"={letter},{letter},r,r", type, value, lane, mask)


@lowers(mir.match_any)
def lower_match_any(lowering: FunctionLowering, op: Op) -> Value:
    value, mask = lowering.operands(op)
    type = scalar(value)
    text = f"match.any.sync.b{type.bits} $0, $1, $2;"
    return _together(lowering, text, f"=r,{CONSTRAINTS[type.name]},r", i32, value, mask)


def _together(lowering: FunctionLowering, text: str, constraints: str, result: Scalar, *operands: Value) -> Value:
    """PTX that the threads of a warp run together."""
    return lowering.compute(
        llvm.inline_asm, *operands, text=text, constraints=constraints, results=(result,), convergent=True
    )


@lowers(mir.warp_reduce)
def lower_warp_reduce(lowering: FunctionLowering, op: Op) -> Value:
    operation, type = op.attributes["operation"], scalar(op.result)
    name = f"u{operation}" if operation in ("min", "max") and type.kind == "uint" else operation
    if lowering.target.number >= _REDUX:
        mask = lowering.constant(FULL_MASK, i32)
        return lowering.compute(nvvm.warp_reductions[name], lowering.operand(op), mask)
    return _reduce_along_lanes(lowering, name, lowering.operand(op))


def _reduce_along_lanes(lowering: FunctionLowering, name: str, value: Value) -> Value:
    """Each lane takes in what the next one there has gathered, five times; the first one then has all."""
    mask, lanes = lowering.constant(FULL_MASK, i32), lowering.constant(LANES, i32)
    there = lowering.compute(nvvm.votes["ballot"], mask, lowering.constant(True, bool_))
    above = lowering.compute(llvm.shl, lowering.constant(-2, i32), lowering.compute(nvvm.lane_id))
    next = _lowest(lowering, lowering.compute(llvm.and_, there, above))
    for _ in range(LANES.bit_length() - 1):
        follows = lowering.compute(llvm.icmp, next, lanes, predicate="ult")
        gathered = _combine(lowering, name, value, _shuffle(lowering, "idx", value, next, mask))
        further = _shuffle(lowering, "idx", next, next, mask)
        value = lowering.compute(llvm.select, follows, gathered, value)
        next = lowering.compute(llvm.select, follows, further, next)
    return _shuffle(lowering, "idx", value, _lowest(lowering, there), mask)


def _lowest(lowering: FunctionLowering, mask: Value) -> Value:
    """The number of the lowest bit set, 32 where none is."""
    return lowering.intrinsic("llvm.cttz", mask, lowering.constant(False, bool_))


def _combine(lowering: FunctionLowering, name: str, left: Value, right: Value) -> Value:
    if name in _COMBINE:
        return lowering.compute(_COMBINE[name], left, right)
    return lowering.intrinsic(f"llvm.{name if name.startswith('u') else f's{name}'}", left, right)
