"""Warps: 32 consecutive threads of a block, and what those that a mask names do together.

In: an operation, the threads at it, their operands. Out: what each of them gets. A party
is the threads of one warp that name one mask; it acts once all of it is there, or has
returned. Its own room because the machine schedules parties and knows no lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.simulator import faults
from oxide_build.simulator.memory import Memory, spread
from oxide_build.simulator.threads import LANES, Array, Chunk, Group

FULL_MASK = np.uint32(0xFFFFFFFF)

MEETINGS = frozenset({mir.sync_warp, mir.shuffle, mir.vote, mir.match_any, mir.warp_reduce})
"""Operations at which the lanes of a warp wait for each other."""

_COMBINE: Mapping[str, np.ufunc] = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}

_SOURCES: Mapping[str, Callable[[Array, Array], Array]] = {
    "idx": lambda own, lane: lane,
    "up": lambda own, delta: own - delta,
    "down": lambda own, delta: own + delta,
    "xor": lambda own, mask: own ^ mask,
}


@dataclass(frozen=True)
class Parties:
    """For each thread of a group its lane and its party's number; for each party its warp and its mask."""

    lane: Array
    number: Array
    warp: Array
    mask: Array

    def bits(self, chosen: Array) -> Array:
        """For each party the lanes of the chosen threads, as a mask."""
        return lanes_set(self.number, self.lane, chosen, len(self.warp))


def lanes_set(number: Array, lane: Array, chosen: Array, count: int) -> Array:
    """For each of `count` numbers, the lanes of the chosen threads that have it; sums of 32 bits are exact in f64."""
    weights = np.where(chosen, np.exp2(lane), 0.0)
    return np.bincount(number, weights, minlength=count).astype(np.int64)


def parties(group: Group, mask: Array) -> Parties:
    """The group's threads by warp and mask."""
    (masks,) = spread(group, mask)
    warp, lane = group.of(group.chunk.warp_numbers), group.of(group.chunk.lane_numbers)
    keys, number = np.unique(warp << LANES | masks.astype(np.int64), return_inverse=True)
    return Parties(lane, number, keys >> LANES, keys & int(FULL_MASK))


def alive(chunk: Chunk, present: Array) -> Array:
    """For each warp of the chunk the lanes of the threads that are `present`, an array over the chunk."""
    return lanes_set(chunk.warp_numbers, chunk.lane_numbers, present, chunk.warps)


def mask_of(op: ir.Op) -> ir.Value | None:
    """The operand that names the lanes of a warp operation; None where it is all of them."""
    return None if op.definition is mir.warp_reduce else op.operands[-1]


# what a party does once it is complete


def lane_id(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The thread's place in its warp."""
    return group.of(group.chunk.lane_numbers).astype(np.int32)


def active_mask(op: ir.Op, memory: Memory, group: Group) -> Array:
    """The lanes that run this together."""
    everyone = parties(group, FULL_MASK)
    return _given(everyone, everyone.bits(np.ones(group.count, bool)))


def sync_warp(op: ir.Op, memory: Memory, group: Group, mask: Array) -> None:
    """Nothing is left to do once the lanes are there."""


def shuffle(op: ir.Op, memory: Memory, group: Group, value: Array, lane: Array, mask: Array) -> Array:
    """The value of another lane, the own one beyond the ends; KernelFault for that of a lane that is not there."""
    chunk, party = group.chunk, parties(group, mask)
    value, lane = spread(group, value, lane)
    own = party.lane.astype(np.int64)
    source = _SOURCES[op.attributes["mode"]](own, lane.astype(np.int64) & (LANES - 1))
    source = np.where((source >= 0) & (source < LANES), source, own)
    there = (party.bits(np.ones(group.count, bool))[party.number] >> source & 1).astype(bool)
    faults.check_source_lane(op, group, there, source)
    values = np.empty(chunk.size, value.dtype)
    values[group.index] = value
    numbers = group.of(np.arange(chunk.size))
    found: Array = values[numbers + source - own]
    return found


def vote(op: ir.Op, memory: Memory, group: Group, condition: Array, mask: Array) -> Array:
    """The lanes whose condition holds, or whether any's or all's does."""
    party = parties(group, mask)
    (holds,) = spread(group, condition)
    yes, present = party.bits(holds), party.bits(np.ones(group.count, bool))
    if op.attributes["operation"] == "ballot":
        return _given(party, yes)
    outcome: Array = (yes != 0 if op.attributes["operation"] == "any" else yes == present)[party.number]
    return outcome


def match_any(op: ir.Op, memory: Memory, group: Group, value: Array, mask: Array) -> Array:
    """The lanes that hold the same bits."""
    party = parties(group, mask)
    (values,) = spread(group, value)
    bits = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    kinds, kind = np.unique(bits, return_inverse=True)
    keys, number = np.unique(party.number * len(kinds) + kind, return_inverse=True)
    lanes = lanes_set(number, party.lane, np.ones(group.count, bool), len(keys))
    matched: Array = lanes[number].astype(np.uint32)
    return matched


def reduce(op: ir.Op, memory: Memory, group: Group, value: Array) -> Array:
    """The values of all lanes combined."""
    party = parties(group, FULL_MASK)
    (values,) = spread(group, value)
    order = np.argsort(party.number, kind="stable")
    starts = np.searchsorted(party.number[order], np.arange(len(party.warp)))
    combined = _COMBINE[op.attributes["operation"]].reduceat(values[order], starts, dtype=values.dtype)
    result: Array = combined[party.number]
    return result


def _given(party: Parties, lanes: Array) -> Array:
    """A mask a party, as each thread's u32."""
    masks: Array = lanes[party.number].astype(np.uint32)
    return masks
