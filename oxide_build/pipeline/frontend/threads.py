"""Where a thread stands: coordinates, its own index, the block's barriers."""

from __future__ import annotations

import ast
from functools import partial

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.pipeline.frontend.arguments import arguments
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conditions import condition
from oxide_build.pipeline.frontend.operands import (
    Operand,
    OwnIndex,
    Witness,
)


@translates(INTRINSICS, "gpu.index_1d")
def index_1d(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's own index in a 1-D launch."""
    arguments(node)
    f.use_index(1)
    return OwnIndex(_own_index(f, "x"), Witness(1, 0))


@translates(INTRINSICS, "gpu.index_2d")
def index_2d(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's own (row, column) in a 2-D launch: row along y, column along x."""
    arguments(node)
    f.use_index(2)
    return (OwnIndex(_own_index(f, "y"), Witness(2, 1)), OwnIndex(_own_index(f, "x"), Witness(2, 0)))


@translates(INTRINSICS, "gpu.index_3d")
def index_3d(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's own (plane, row, column): plane along z, row along y, column along x."""
    arguments(node)
    f.use_index(3)
    return tuple(OwnIndex(_own_index(f, axis), Witness(3, n)) for n, axis in ((2, "z"), (1, "y"), (0, "x")))


def coordinate(f: FunctionBuilder, register: str, axis: str) -> ir.Value:
    """One of the hardware's thread coordinates."""
    return f.value(mir.coordinate(register=register, axis=axis))


def global_index(f: FunctionBuilder, axis: str) -> ir.Value:
    """The thread's number in the whole grid along one axis; the launch keeps it within i32."""
    size = coordinate(f, "block_dim", axis)
    start = f.value(mir.mul(coordinate(f, "block_idx", axis), size))
    return f.value(mir.add(start, coordinate(f, "thread_idx", axis)))


def _own_index(f: FunctionBuilder, axis: str) -> ir.Value:
    """The global index, known not to be negative, so that `if i < len(x)` proves the bounds check."""
    index = global_index(f, axis)
    f.emit(mir.assume(f.value(mir.cmp(index, f.constant(0), predicate="ge"))))
    return index


@translates(INTRINSICS, "gpu.sync_threads")
def sync_threads(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The block's barrier."""
    arguments(node)
    f.emit(mir.sync_threads())
    return ()


def _sync_threads_reduce(operation: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """The block's barrier, which also tells every thread what the threads' conditions come to."""
    (given,) = arguments(node, "condition")
    return f.value(mir.sync_threads_reduce(condition(f, given), operation=operation))


for _operation in vocabulary.BARRIER_REDUCTIONS:
    translates(INTRINSICS, f"gpu.sync_threads_{_operation}")(partial(_sync_threads_reduce, _operation))
