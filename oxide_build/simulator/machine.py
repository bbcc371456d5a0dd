"""The machine: runs a program for all threads of a chunk at once.

In: a program, a chunk of threads, the arguments. Out: memory changed in place. Its own
room because scheduling is the simulator's one algorithm: always run the earliest segment
that has runnable threads, for exactly those threads. Bodies precede what follows them, so
threads that parted at a branch meet again where its sides join.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.simulator.barriers import BARRIERS, complete_parties, gathered, waits_in_vain
from oxide_build.simulator.memory import Memory
from oxide_build.simulator.named_barriers import NamedBarriers, arrivals
from oxide_build.simulator.program import Instruction, Program, Segment
from oxide_build.simulator.threads import Array, Chunk, Group, merged
from oxide_build.simulator.warps import FULL_MASK, mask_of
from oxide_build.simulator.warps import MEETINGS as WARP_MEETINGS


class Registers:
    """What threads hold between segments: for each value an array over the chunk's threads, or one scalar for all.

    An array that was handed out whole may be held elsewhere; it is copied before some threads' part of it changes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.values: dict[ir.Value, Array] = {}
        self.private: set[ir.Value] = set()

    def read(self, value: ir.Value, group: Group) -> Array:
        """The group's part of a value."""
        if isinstance(group.index, slice):
            self.private.discard(value)
        return group.of(self.values[value])

    def write(self, value: ir.Value, group: Group, array: Array) -> None:
        """Give the group's threads new values, an array over the group or a scalar."""
        if isinstance(group.index, slice):
            self.values[value] = array
            self.private.discard(value)
            return
        if value not in self.private:
            self.values[value] = self._copy(value, array.dtype)
            self.private.add(value)
        self.values[value][group.index] = array

    def _copy(self, value: ir.Value, dtype: np.dtype[np.generic]) -> Array:
        if value not in self.values:
            return np.empty(self.size, dtype)
        copy: Array = np.broadcast_to(self.values[value], self.size).copy()
        return copy


class Frame:
    """One run of a segment: a group of threads and what it has read and computed so far, packed."""

    def __init__(self, group: Group, memory: Memory, registers: Registers) -> None:
        self.group = group
        self.memory = memory
        self.registers = registers
        self.values: dict[ir.Value, Array] = {}

    def read(self, value: ir.Value) -> Array:
        if value not in self.values:
            self.values[value] = self.registers.read(value, self.group)
        return self.values[value]

    def execute(self, instruction: Instruction) -> None:
        computed = instruction.run(self.memory, self.group, *map(self.read, instruction.reads))
        if not instruction.results or computed is None:
            return
        arrays = computed if isinstance(computed, tuple) else (computed,)
        for result, array in zip(instruction.results, arrays, strict=True):
            self.values[result] = array
            if result in instruction.kept:
                self.registers.write(result, self.group, array)


class Machine:
    """One chunk's run."""

    def __init__(self, program: Program, chunk: Chunk, arguments: Sequence[Array], dynamic: int = 0) -> None:
        self.program = program
        self.chunk = chunk
        self.memory = Memory(dynamic, program.dynamic_unit)
        self.registers = Registers(chunk.size)
        for parameter, argument in zip(program.parameters, arguments, strict=True):
            self.registers.values[parameter] = self.memory.add(argument) if argument.ndim else argument
        self.ready: dict[int, list[Group]] = {0: [chunk.everyone()]}
        self.waiting: dict[int, list[Group]] = {}
        self.named_barriers = NamedBarriers(chunk)

    def run(self) -> None:
        """Run until every thread has returned; raises KernelFault."""
        self._compute_uniform()
        while self.ready:
            while self.ready:
                number = min(self.ready)
                self._step(number, merged(self.ready.pop(number)))
            if self.waiting:
                self._release()

    def _compute_uniform(self) -> None:
        frame = Frame(self.chunk.everyone(), self.memory, self.registers)
        for instruction in self.program.uniform:
            frame.execute(instruction)
        self.registers.values.update(frame.values)

    def _step(self, number: int, group: Group) -> None:
        segment = self.program.segments[number]
        frame = Frame(group, self.memory, self.registers)
        for instruction in segment.instructions:
            frame.execute(instruction)
        self._leave(segment, number, frame)

    def _leave(self, segment: Segment, number: int, frame: Frame) -> None:
        end = segment.end
        if segment.meeting is not None:
            self.waiting.setdefault(number, []).append(frame.group)
        elif end.definition in (mir.br, mir.loop_br):
            self._go(end.successors[0], frame)
        elif end.definition is mir.cond_br:
            self._branch(end, frame)

    def _branch(self, end: ir.Op, frame: Frame) -> None:
        condition = frame.read(end.operands[0])
        yes, no = end.successors
        if condition.all():
            self._go(yes, frame)
        elif not condition.any():
            self._go(no, frame)
        else:
            self._go(yes, frame, condition)
            self._go(no, frame, ~condition)

    def _go(self, successor: ir.Successor, frame: Frame, chosen: Array | None = None) -> None:
        """Send the frame's threads, or the chosen ones, on their way, with the values the branch passes."""
        group = frame.group if chosen is None else frame.group.where(chosen)
        passed = [frame.read(value) for value in successor.arguments]
        for argument, array in zip(successor.block.arguments, passed, strict=True):
            part = array if chosen is None or array.ndim == 0 else array[chosen]
            self.registers.write(argument, group, part)
        self.ready.setdefault(self.program.entries[successor.block], []).append(group)

    def _release(self) -> None:
        """Nobody can run: let those go on who wait for lanes of their warp, then those who wait for more."""
        waiting = {n: (self.program.segments[n].end, merged(groups)) for n, groups in self.waiting.items()}
        masks = {n: self._mask(op, group) for n, (op, group) in waiting.items() if op.definition in WARP_MEETINGS}
        self.waiting = {n: [group] for n, (_, group) in waiting.items() if n not in masks} if masks else {}
        if masks:
            for number, complete in complete_parties(self.chunk, waiting, masks).items():
                self._part(number, waiting[number][1], complete)
            return
        going = self._complete(waiting)
        if not any(threads.any() for threads in going.values()):
            raise waits_in_vain(self.chunk, list(waiting.values()))
        self.waiting = {}
        for number, (_, group) in waiting.items():
            self._part(number, group, going[number])

    def _complete(self, waiting: Mapping[int, tuple[ir.Op, Group]]) -> dict[int, Array]:
        """For each barrier where threads wait, by segment, which of them may go on."""
        present = np.zeros(self.chunk.size, bool)
        for _, group in waiting.values():
            present[group.index] = True
        named = {
            number: arrivals(op, group, present, *map(Frame(group, self.memory, self.registers).read, op.operands))
            for number, (op, group) in waiting.items()
            if op.definition not in BARRIERS
        }
        return {
            **{n: gathered(self.chunk, op, g) for n, (op, g) in waiting.items() if op.definition in BARRIERS},
            **self.named_barriers.complete(named),
        }

    def _mask(self, op: ir.Op, group: Group) -> Array:
        mask = mask_of(op)
        return Frame(group, self.memory, self.registers).read(mask) if mask is not None else FULL_MASK

    def _part(self, number: int, group: Group, complete: Array) -> None:
        if complete.all():
            self._meet(number, group)
            return
        if complete.any():
            self._meet(number, group.where(complete))
        self.waiting[number] = [group.where(~complete)]

    def _meet(self, number: int, group: Group) -> None:
        meeting = self.program.segments[number].meeting
        assert meeting is not None
        Frame(group, self.memory, self.registers).execute(meeting)
        self.ready.setdefault(number + 1, []).append(group)
