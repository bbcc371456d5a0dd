"""Warps to `mir`: shuffles, votes, matches and reductions among 32 threads."""

from __future__ import annotations

import ast
from functools import partial

from oxide_build import ir
from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, i32, u32
from oxide_build.pipeline.frontend.arguments import arguments, split_options
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conditions import condition
from oxide_build.pipeline.frontend.conversions import coerce, scalar
from oxide_build.pipeline.frontend.operands import Operand, describe
from oxide_build.pipeline.frontend.threads import coordinate

_FULL_MASK = 0xFFFFFFFF
_LANES_LOG2 = 5

_SHUFFLES = {
    "gpu.shuffle": ("idx", "lane"),
    "gpu.shuffle_up": ("up", "delta"),
    "gpu.shuffle_down": ("down", "delta"),
    "gpu.shuffle_xor": ("xor", "lane_mask"),
}
"""Each shuffle's mode, and what its second argument is called."""
_VOTES = {f"gpu.{operation}": operation for operation in vocabulary.VOTES}
_REDUCTIONS = {
    f"gpu.reduce_{operation}{'_' * (operation in ('and', 'or'))}": operation for operation in vocabulary.WARP_REDUCTIONS
}


@translates(INTRINSICS, "gpu.lane_id")
def lane_id(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The thread's place in its warp."""
    arguments(node)
    return f.value(mir.lane_id())


@translates(INTRINSICS, "gpu.warp_id")
def warp_id(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The warp's place in its block: warps take the block's threads in order, x fastest."""
    arguments(node)
    number = coordinate(f, "thread_idx", "z")
    for axis in ("y", "x"):
        rows = f.value(mir.mul(number, coordinate(f, "block_dim", axis)))
        number = f.value(mir.add(rows, coordinate(f, "thread_idx", axis)))
    return f.value(mir.shr(number, f.constant(_LANES_LOG2)))


@translates(INTRINSICS, "gpu.active_mask")
def active_mask(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The lanes that happen to run this together."""
    arguments(node)
    return f.value(mir.active_mask())


@translates(INTRINSICS, "gpu.sync_warp")
def sync_warp(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The barrier of the lanes a mask names."""
    call, options = split_options(node, "mask")
    if call.args and not options:
        (options["mask"],) = arguments(call, "mask")
    else:
        arguments(call)
    f.emit(mir.sync_warp(_mask(f, options)))
    return ()


def _shuffle(mode: str, second: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """Another lane's value."""
    call, options = split_options(node, "mask")
    given, lane_node = arguments(call, "value", second)
    value = _word(f, given, "shuffle", vocabulary.WORDS)
    lane = f.expression(lane_node)
    with f.at(lane_node):
        place = coerce(f, lane, i32, f"`{second}`")
    return f.value(mir.shuffle(value, place, _mask(f, options), mode=mode))


def _vote(operation: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """What the lanes' conditions come to."""
    call, options = split_options(node, "mask")
    (given,) = arguments(call, "condition")
    return f.value(mir.vote(condition(f, given), _mask(f, options), operation=operation))


@translates(INTRINSICS, "gpu.match_any")
def match_any(f: FunctionBuilder, node: ast.Call) -> Operand:
    """The lanes that have the same value."""
    call, options = split_options(node, "mask")
    (given,) = arguments(call, "value")
    return f.value(mir.match_any(_word(f, given, "match", vocabulary.WORDS), _mask(f, options)))


def _reduce(operation: str, f: FunctionBuilder, node: ast.Call) -> Operand:
    """All lanes' values combined."""
    (given,) = arguments(node, "value")
    return f.value(mir.warp_reduce(_word(f, given, f"warp-wide {operation}", (i32, u32)), operation=operation))


for _path, (_mode, _second) in _SHUFFLES.items():
    translates(INTRINSICS, _path)(partial(_shuffle, _mode, _second))
for _path, _operation in _VOTES.items():
    translates(INTRINSICS, _path)(partial(_vote, _operation))
for _path, _operation in _REDUCTIONS.items():
    translates(INTRINSICS, _path)(partial(_reduce, _operation))


def _word(f: FunctionBuilder, node: ast.expr, what: str, types: tuple[Scalar, ...]) -> ir.Value:
    """The value lanes exchange, of one of the types the operation exists for."""
    operand = f.expression(node)
    with f.at(node):
        value = scalar(f, operand)
        if value.type not in types:
            names = ", ".join(map(str, types))
            raise CompileError(
                f"there is no {what} of {describe(operand)}", help=f"there is one for {names}: convert the value"
            )
        return value


def _mask(f: FunctionBuilder, options: dict[str, ast.expr]) -> ir.Value:
    """The lanes that take part: all, where the author names none."""
    if "mask" not in options:
        return f.constant(_FULL_MASK, u32)
    operand = f.expression(options["mask"])
    with f.at(options["mask"]):
        return coerce(f, operand, u32, "a mask of lanes")
