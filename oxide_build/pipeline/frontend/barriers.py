"""Barriers beyond the block's own to `mir`: between kernels, the grid's, a cluster's, numbered ones within a block."""

from __future__ import annotations

import ast
from collections.abc import Container
from functools import partial

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import i32, u32
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import cast, coerce, scalar
from oxide_build.pipeline.frontend.operands import Constant, Operand

_NUMBER = "a named barrier's number is 1 to 15"
_COUNT = "a named barrier waits for 32 to 1024 threads, in whole warps: a multiple of 32"


@translates(INTRINSICS, "gpu.sync_grid")
def sync_grid(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The barrier of all the grid's threads."""
    arguments(node)
    f.emit(mir.sync_grid())
    return ()


@translates(INTRINSICS, "gpu.sync_cluster")
def sync_cluster(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The barrier of all threads of a cluster's blocks."""
    arguments(node)
    f.emit(mir.sync_cluster())
    return ()


@translates(INTRINSICS, "gpu.cluster_rank")
def cluster_rank(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The block's place in its cluster."""
    arguments(node)
    return f.value(mir.cluster_rank())


@translates(INTRINSICS, "gpu.wait_for_previous_kernel")
def wait_for_previous_kernel(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The end of what may overlap with the kernel before."""
    arguments(node)
    f.emit(mir.wait_for_previous_kernel())
    return ()


@translates(INTRINSICS, "gpu.let_next_kernel_start")
def let_next_kernel_start(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The start of what may overlap with the kernel after."""
    arguments(node)
    f.emit(mir.let_next_kernel_start())
    return ()


def _named_barrier(operation: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """Arrive at a numbered barrier, and wait there where `operation` is `sync`."""
    number_node, count_node = arguments(node, "barrier", "count")
    number = _checked(f, number_node, "the barrier's number", vocabulary.BARRIER_NUMBERS, _NUMBER)
    count = _checked(f, count_node, "the barrier's count", vocabulary.BARRIER_COUNTS, _COUNT)
    f.emit(mir.named_barrier(number, count, operation=operation))
    return ()


for _operation in vocabulary.NAMED_BARRIERS:
    translates(INTRINSICS, f"gpu.barrier_{_operation}")(partial(_named_barrier, _operation))


def _checked(f: FunctionBuilder, node: ast.expr, what: str, allowed: range, rule: str) -> ir.Value:
    """A number that must be one of those allowed: an error where it is known, a check where it is not."""
    operand = f.expression(node)
    with f.at(node):
        if isinstance(operand, Constant):
            value = coerce(f, operand, i32, what)
            if operand.value not in allowed:
                raise CompileError(f"{rule}, this is {operand.value}", help=_remedy(allowed))
            return value
        found = scalar(f, operand)
        if found.type == u32:
            found = cast(f, found, i32)
        number = coerce(f, found, i32, what)
        f.emit(mir.check(_inside(f, number, allowed), message=rule))
        return number


def _remedy(allowed: Container[int]) -> str:
    if allowed is vocabulary.BARRIER_NUMBERS:
        return "write a number from 1 to 15; gpu.sync_threads() is the barrier of the whole block"
    return "count the threads of all warps that come here: 32 times the number of warps"


def _inside(f: FunctionBuilder, number: ir.Value, allowed: range) -> ir.Value:
    """Whether a number is in a range: compared as an offset from its start, unsigned."""
    offset = cast(f, f.value(mir.sub(number, f.constant(allowed.start))), u32)
    below = f.value(mir.cmp(offset, f.constant(allowed.stop - allowed.start, u32), predicate="lt"))
    if allowed.step == 1:
        return below
    rest = f.value(mir.and_(offset, f.constant(allowed.step - 1, u32)))
    even = f.value(mir.cmp(rest, f.constant(0, u32), predicate="eq"))
    return f.value(mir.and_(below, even))
