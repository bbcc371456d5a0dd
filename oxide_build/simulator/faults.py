"""Checks that fail while a kernel runs, as reports: source line, values, block and thread.

In: the checks' operands over a group of threads. Out: nothing, or a KernelFault that says
what a device could only hint at. Its own room because it alone words these reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from oxide_build import ir
from oxide_build.errors import KernelFault
from oxide_build.simulator.threads import LANES, Array, Chunk, Group, Nearness


def bounds_check(op: ir.Op, group: Group, index: Array, extent: Array) -> None:
    """KernelFault unless 0 <= index < extent for every thread."""
    # As unsigned numbers, one comparison finds negative indices too.
    unsigned = f"u{index.dtype.itemsize}"
    inside = index.view(unsigned) < extent.view(unsigned)
    if inside.all():
        return
    first = int(np.argmin(inside))
    found, limit = (np.broadcast_to(values, group.count)[first] for values in (index, extent))
    help = "compare the index with the extent first; negative indices are out of bounds too"
    _fail(op, group, ~inside, f"index {found} is out of bounds for extent {limit}", help)


def check_aligned(op: ir.Op, group: Group, offset: Array, width: int) -> None:
    """KernelFault unless every thread's vector starts at a multiple of its width."""
    aligned = np.asarray(offset % width == 0)
    if not aligned.all():
        help = f"the index of a vector of {width} elements, counted from the array's start, is a multiple of {width}"
        _fail(op, group, ~aligned, "vector access is not aligned", help)


def check(op: ir.Op, group: Group, condition: Array) -> None:
    """KernelFault with the operation's own message unless every thread's condition holds."""
    if not condition.all():
        _fail(op, group, ~condition, op.attributes["message"])


def assume(op: ir.Op, group: Group, condition: Array) -> None:
    """KernelFault unless the contract that the host checked before the launch holds."""
    if not condition.all():
        _fail(op, group, ~condition, "a gpu.require condition does not hold")


def assume_uniform(op: ir.Op, group: Group, value: Array) -> Array:
    """The value itself; KernelFault unless all threads of a block that run this together have the same bits."""
    if value.ndim == 0:
        return value
    blocks = group.of(group.chunk.block_numbers)
    _, first, number = np.unique(blocks, return_index=True, return_inverse=True)
    bits = value.view(f"u{value.dtype.itemsize}")
    same = bits == bits[first][number]
    if not same.all():
        position = int(np.argmin(same))
        other = int(first[number[position]])
        found = f"{value[position]} here, {value[other]} in {group.place(other)}"
        _fail(op, group, ~same, f"gpu.assume_uniform of a value that differs between threads, {found}", _NOT_UNIFORM)
    return value


_NOT_UNIFORM = (
    "assume it only of what all threads of a block compute alike; a barrier under it would not be reached by all"
)


def check_own_lane(op: ir.Op, group: Group, inside: Array) -> None:
    """KernelFault unless every thread's own lane is among those it waits for."""
    if not inside.all():
        help = "let only the lanes of the mask come here, or name more lanes in the mask"
        _fail(op, group, ~inside, "a lane runs a warp operation whose mask leaves it out", help)


def check_source_lane(op: ir.Op, group: Group, there: Array, source: Array) -> None:
    """KernelFault unless every thread shuffles from a lane that takes part: a GPU gives it anything at all."""
    if not there.all():
        lane = int(source[int(np.argmin(there))])
        help = (
            "all lanes that are read from must come here: launch whole warps, return after the shuffles, and let "
            "lanes without work pass a value that changes nothing"
        )
        message = f"shuffle from lane {lane}, which has returned, does not exist or is not in the mask"
        _fail(op, group, ~there, message, help)


def missing_lanes(op: ir.Op, warp: str, here: int, elsewhere: Sequence[tuple[ir.Op, int]]) -> KernelFault:
    """The report of a warp operation that lanes of its mask do not reach: who is here, who is where else."""
    places = [f"lanes {_lanes(here)} wait here", *(f"lanes {_lanes(mask)} at {_place(at)}" for at, mask in elsewhere)]
    return KernelFault(
        _located(op, f"warp operation not reached by all lanes of its mask in {warp}: {', '.join(places)}"),
        help="call it where every lane of the mask comes by, outside of conditions that differ between them, "
        "or name the lanes that do: mask=…",
    )


def _lanes(mask: int) -> str:
    """The lanes of a mask, runs of them as `4-7`."""
    runs: list[list[int]] = []
    for lane in (lane for lane in range(LANES) if mask >> lane & 1):
        if runs and runs[-1][-1] == lane - 1:
            runs[-1][1:] = [lane]
        else:
            runs.append([lane])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _fail(op: ir.Op, group: Group, failed: Array, message: str, help: str | None = None) -> None:
    everywhere = np.broadcast_to(failed, group.count)
    place = group.place(int(np.argmax(everywhere)))
    share = f"{everywhere.sum()} of the {group.count} threads running it together failed"
    raise KernelFault(_located(op, f"{message}, in {place}; {share}"), help=help)


_CALLS = {"block": "gpu.sync_threads()", "cluster": "gpu.sync_cluster()", "grid": "gpu.sync_grid()"}


def barrier_fault(
    chunk: Chunk, waiting: Sequence[tuple[ir.Op, Group]], what: str, party: Array, size: int
) -> KernelFault:
    """The report of a barrier that not all threads of a block, cluster or grid reach.

    `party` says which threads of the chunk belong to it, `size` are as many. No thread can run, so one that waits
    nowhere has returned.
    """
    arrived = [(op, int(np.count_nonzero(party[group.index]))) for op, group in waiting]
    places = [f"{count} of {size} threads wait at {_place(op)}" for op, count in arrived if count]
    returned = size - sum(count for _, count in arrived)
    if returned:
        places.append(f"{returned} have returned")
    first = next(op for op, count in arrived if count)
    block = f" {chunk.block_at(int(np.argmax(party)) // chunk.block_size)}"
    name = {"block": f"block{block}", "cluster": f"the cluster of block{block}", "grid": "the grid"}[what]
    return KernelFault(
        _located(first, f"barrier not reached by all threads of {name}: {', '.join(places)}"),
        help=f"call {_CALLS[what]} where every thread of the {what} comes by, outside of conditions that differ "
        "between them",
    )


def named_barrier_fault(op: ir.Op, group: Group) -> KernelFault:
    """The report of threads that wait at a named barrier to which nobody else comes."""
    message = f"named barrier waits in vain: {group.count} threads are at it, the first in {group.place(0)}"
    return KernelFault(
        _located(op, message),
        help="the warps that call gpu.barrier_sync or gpu.barrier_arrive for it are 32 threads each, and must be as "
        "many as its count says",
    )


def check_alike(op: ir.Op, group: Group, alike: Array) -> None:
    """KernelFault unless the threads of each warp name one barrier and one count."""
    if not alike.all():
        help = "a warp arrives as a whole: compute both from what all of its threads share, gpu.warp_id() for one"
        _fail(op, group, ~alike, "threads of one warp name different barriers or counts", help)


def check_same_count(op: ir.Op, group: Group, leaders: Array, same: Array) -> None:
    """KernelFault unless warps, by their first threads, name the count that others at their barrier do."""
    if not same.all():
        message = "warps name different counts for one barrier"
        _fail(op, group, _of(group, leaders[~same]), message, "all who come to a barrier name the same count")


def check_not_crowded(op: ir.Op, group: Group, leaders: Array, fits: Array) -> None:
    """KernelFault unless no more warps, by their first threads, have come than their barrier waits for."""
    if not fits.all():
        help = "count 32 threads for each warp that comes; another number is another barrier"
        _fail(op, group, _of(group, leaders[~fits]), "more threads come to a barrier than its count", help)


def _of(group: Group, positions: Array) -> Array:
    chosen = np.zeros(group.count, bool)
    chosen[positions] = True
    return chosen


@dataclass(frozen=True)
class Racer:
    """One side of a race: where in the source, which thread, and what it does."""

    op: ir.Op
    thread: str
    verb: str
    atomic: bool


_ORDERS: Mapping[Nearness, str] = {
    "warp": "put gpu.sync_threads() between the two, or gpu.sync_warp() if only threads of one warp share the array",
    "block": "put gpu.sync_threads(), to which all threads of the block come, between the two",
    "grid": "blocks run in any order: give each block elements of its own, leave one of the two to a second launch, or "
    "order them: gpu.thread_fence() before an atomic that tells of it, and after the atomic that learns of it",
}
_AT_ONCE = "give each thread an element of its own, let one of them write, or use an atomic such as gpu.atomic_add"
_ON_ONE_LINE = (
    "to change one element from many threads, use an atomic such as gpu.atomic_add; to pass elements on, read into a "
    "variable, call gpu.sync_threads(), and write then"
)


def race(where: str, one: Racer, other: Racer, nearness: Nearness) -> KernelFault:
    """The report of two accesses to one place that nothing orders."""
    when = "too, at once" if one.op is other.op else f"before, {_at(other.op, one.op)}"
    message = (
        f"race on {where}: {one.thread} {one.verb} it here, {other.thread} {other.verb} it {when}, "
        "and nothing orders the two"
    )
    return KernelFault(_located(one.op, message), help=_remedy(one, other, nearness))


def _remedy(one: Racer, other: Racer, nearness: Nearness) -> str:
    one_line = _on_one_line(one.op, other.op)
    if one.op is other.op or (one_line and nearness == "grid"):
        return _AT_ONCE
    if one.atomic or other.atomic:
        return f"{_ORDERS[nearness]}; or make both of them atomic"
    return _ON_ONE_LINE if one_line else _ORDERS[nearness]


def _on_one_line(one: ir.Op, other: ir.Op) -> bool:
    lines = [None if op.span is None else (op.span.source, op.span.line) for op in (one, other)]
    return lines[0] is not None and lines[0] == lines[1]


def unwritten(op: ir.Op, element: str, space: str, thread: str) -> KernelFault:
    """The report of a read from memory that nobody has written."""
    who = "the thread" if space == "local" else "no thread of the block"
    message = f"{element} of {space} memory is read, but {who} has {'not ' * (space == 'local')}written it, in {thread}"
    return KernelFault(
        _located(op, message),
        help="arrays start undefined: give each element a value first"
        + ("" if space == "local" else ", and put gpu.sync_threads() behind that"),
    )


def _at(op: ir.Op, here: ir.Op) -> str:
    """Where an operation is, seen from another."""
    if op.span is None:
        return "elsewhere"
    same_file = here.span is not None and here.span.source == op.span.source
    return f"at line {op.span.line}" if same_file else f"at {op.span}"


def _place(op: ir.Op) -> str:
    return "a barrier" if op.span is None else f"line {op.span.line}"


def _located(op: ir.Op, message: str) -> str:
    return message if op.span is None else f"{op.span}: {message}\n{op.span.excerpt()}"
