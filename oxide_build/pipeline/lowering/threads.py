"""Threads: coordinates and clocks are special registers, synchronisation is a barrier."""

from __future__ import annotations

from oxide_build.dialects import mir, nvvm
from oxide_build.ir import Op, Value
from oxide_build.ir.types import i32
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

_REGISTERS = {"thread_idx": "tid", "block_dim": "ntid", "block_idx": "ctaid", "grid_dim": "nctaid"}


@lowers(mir.coordinate)
def lower_coordinate(lowering: FunctionLowering, op: Op) -> Value:
    register = f"{_REGISTERS[op.attributes['register']]}.{op.attributes['axis']}"
    return lowering.compute(nvvm.read_register, register=register)


@lowers(mir.sync_threads)
def lower_sync_threads(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(nvvm.barrier)
    return ()


@lowers(mir.sync_threads_reduce)
def lower_sync_threads_reduce(lowering: FunctionLowering, op: Op) -> Value:
    barrier = lowering.constant(0, i32)
    return lowering.compute(nvvm.barrier_reductions[op.attributes["operation"]], barrier, lowering.operand(op))


@lowers(mir.clock)
def lower_clock(lowering: FunctionLowering, op: Op) -> Value:
    return lowering.compute(nvvm.clocks[op.attributes["clock"]])


@lowers(mir.nanosleep)
def lower_nanosleep(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(nvvm.nanosleep, lowering.operand(op))
    return ()
