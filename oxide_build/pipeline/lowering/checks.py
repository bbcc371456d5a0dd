"""Checks and contracts: what must hold goes on, all else meets the function's one trap.

The trap is `__assertfail`, which the driver prints with file, line, block and thread. It
is one block a function, placed last, so that the way without a fault falls through; the
message and the line come to it as block arguments.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Block, Op, Successor, Value
from oxide_build.ir.types import Pointer, i32, i64
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

OUT_OF_BOUNDS = "index out of bounds"


@lowers(mir.bounds_check)
def lower_bounds_check(lowering: FunctionLowering, op: Op) -> tuple[()]:
    if lowering.options.bounds_checks:
        # Unsigned, a negative index lies beyond every extent.
        inside = lowering.compute(llvm.icmp, *lowering.operands(op), predicate="ult")
        trap_unless(lowering, inside, OUT_OF_BOUNDS)
    return ()


@lowers(mir.assume_inside)
def lower_assume_inside(lowering: FunctionLowering, op: Op) -> tuple[()]:
    """Nothing: LLVM is told no more than it knows, so a wrong index reads or writes where it points."""
    return ()


@lowers(mir.check)
def lower_check(lowering: FunctionLowering, op: Op) -> tuple[()]:
    if lowering.options.bounds_checks:
        trap_unless(lowering, lowering.operand(op), op.attributes["message"])
    return ()


@lowers(mir.assume)
def lower_assume(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(llvm.intrinsic, lowering.operand(op), intrinsic="llvm.assume", results=(), fast_math=())
    return ()


def trap_unless(lowering: FunctionLowering, condition: Value, message: str) -> None:
    """Go on where `condition` holds; elsewhere the kernel ends with `message`."""
    line = lowering.constant(0 if lowering.span is None else lowering.span.line, i32)
    trap = Successor(_trap(lowering), [lowering.text(message), line])
    onward = Block()
    lowering.emit(llvm.cond_br, condition, to=[Successor(onward), trap])
    lowering.open(onward)


def _trap(lowering: FunctionLowering) -> Block:
    """The function's trap block, made when first needed."""
    if lowering.trap is None:
        lowering.trap = Block()
        checked, lowering.block = lowering.block, lowering.trap
        _fail(lowering)
        lowering.block = checked
    return lowering.trap


def _fail(lowering: FunctionLowering) -> None:
    message = lowering.block.add_argument(Pointer(None, "generic"), "message")
    line = lowering.block.add_argument(i32, "line")
    file, function = lowering.text(_file(lowering)), lowering.text(lowering.function.name)
    character_size = lowering.constant(1, i64)
    lowering.call("__assertfail", message, file, line, function, character_size)
    lowering.emit(llvm.unreachable)


def _file(lowering: FunctionLowering) -> str:
    return lowering.module.name if lowering.span is None else lowering.span.source.path
