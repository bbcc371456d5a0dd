"""Where the reference's threads wait for each other: barriers, and what the lanes of a warp do together.

In: the threads of a block, each a generator that yields what it came to. Out: nothing; every
thread is run to its end. Its own room because one thread alone knows nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import reduce
from typing import Any

Lanes = Mapping[int, Sequence[Any]]
"""The operands of each lane that is there."""

WARP = 32


class UndefinedError(Exception):
    """The program's result is nobody's promise: it shuffles from a lane that is not there."""


def _shuffled(source: Callable[[int, int], int]) -> Callable[[Lanes, int], Any]:
    def rule(lanes: Lanes, lane: int) -> Any:
        value, distance = lanes[lane]
        other = source(lane, distance % WARP)
        if not 0 <= other < WARP:
            return value
        if other not in lanes:
            raise UndefinedError
        return lanes[other][0]

    return rule


def _mask(lanes: Lanes, holds: Callable[[int], bool]) -> int:
    return sum(1 << lane for lane in lanes if holds(lane))


def _reduced(combine: Callable[[int, int], int]) -> Callable[[Lanes, int], Any]:
    return lambda lanes, lane: reduce(combine, (operands[0] for operands in lanes.values()))


RULES: Mapping[str, Callable[[Lanes, int], Any]] = {
    "shuffle": _shuffled(lambda lane, other: other),
    "shuffle_up": _shuffled(lambda lane, delta: lane - delta),
    "shuffle_down": _shuffled(lambda lane, delta: lane + delta),
    "shuffle_xor": _shuffled(lambda lane, bits: lane ^ bits),
    "ballot": lambda lanes, lane: _mask(lanes, lambda other: lanes[other][0]),
    "any": lambda lanes, lane: any(operands[0] for operands in lanes.values()),
    "all": lambda lanes, lane: all(operands[0] for operands in lanes.values()),
    "match_any": lambda lanes, lane: _mask(lanes, lambda other: lanes[other][0] == lanes[lane][0]),
    "reduce_add": _reduced(lambda a, b: a + b),  # wraps where it is used
    "reduce_min": _reduced(min),
    "reduce_max": _reduced(max),
    "reduce_and_": _reduced(lambda a, b: a & b),
    "reduce_or_": _reduced(lambda a, b: a | b),
    "reduce_xor": _reduced(lambda a, b: a ^ b),
}
"""What each warp operation gives a lane."""
RESULTS = {"ballot": "u32", "match_any": "u32", "any": "bool", "all": "bool"}
"""The types of results that are not their operand's."""


def run(threads: Sequence[Generator[Any, Any, None]]) -> None:
    """Run a block's threads from meeting to meeting; all that have not returned come to the same one."""
    answers: dict[int, Any] = dict.fromkeys(range(len(threads)))
    while answers:
        arrived: dict[int, Any] = {}
        for number, answer in answers.items():
            try:
                arrived[number] = threads[number].send(answer)
            except StopIteration:
                continue
        if len({operation for operation, *_ in arrived.values()}) > 1:
            raise RuntimeError("threads of a block came to different meetings")
        answers = {number: _answer(arrived, number) for number in arrived}


def _answer(arrived: Mapping[int, Any], number: int) -> Any:
    operation = arrived[number][0]
    if operation == "sync_threads":
        return None
    first = number // WARP * WARP
    lanes = {other - first: arrived[other][1:] for other in range(first, first + WARP) if other in arrived}
    return RULES[operation](lanes, number - first)
