"""The rules every module keeps between stages: structure, types, dominance, legal operations.

In: a module and the operations its stage may hold. Out: nothing, or a VerificationError
naming function, block, operation and rule. A failure here is a fault of the stage before.
"""

from __future__ import annotations

from collections.abc import Collection

from oxide_build.ir.core import Block, Function, Module, Op, Successor, Value
from oxide_build.ir.definition import OpDefinition, RuleBroken, require
from oxide_build.ir.dominance import Dominance, dominance


class VerificationError(Exception):
    """A module that breaks a rule."""


def verify(module: Module, legal: Collection[OpDefinition]) -> None:
    """Check every function of `module`; `legal` are the operations allowed at this stage."""
    for function in module.functions.values():
        verifier = _FunctionVerifier(function, legal)
        try:
            verifier.verify()
        except RuleBroken as broken:
            raise VerificationError(f"@{function.name}{verifier.place()}: {broken}") from None


class _FunctionVerifier:
    def __init__(self, function: Function, legal: Collection[OpDefinition]) -> None:
        self.function = function
        self.legal = legal
        self.block: Block | None = None
        self.op: Op | None = None
        self.blocks = frozenset(function.blocks)
        self.positions = {op: index for block in function.blocks for index, op in enumerate(block.ops)}

    def place(self) -> str:
        """The block and operation being looked at, for the message."""
        block = "" if self.block is None else f", ^bb{self.function.blocks.index(self.block)}"
        op = "" if self.op is None else f", {self.op.name}"
        span = "" if self.op is None or self.op.span is None else f" from {self.op.span}"
        return f"{block}{op}{span}"

    def verify(self) -> None:
        require(bool(self.function.blocks), "a function has at least one block")
        for block in self.function.blocks:
            self.block, self.op = block, None
            require(block.terminator is not None, "a block ends in a terminator")
            for op in block.ops:
                self.op = op
                self._structure(block, op)
        self._dominance(dominance(self.function))

    def _structure(self, block: Block, op: Op) -> None:
        require(op.definition in self.legal, "not an operation of this stage")
        require(op.block is block, "the operation does not know its block")
        require(op.definition.terminator == (op is block.ops[-1]), "a terminator stands last, and only there")
        found = tuple(result.type for result in op.results)
        expected = op.definition.result_types(op)
        if found != expected:
            raise RuleBroken(f"results are {_list(found)}, the type rule gives {_list(expected)}")
        for successor in op.successors:
            self._successor(successor)

    def _successor(self, successor: Successor) -> None:
        require(successor.block in self.blocks, "branch to a block of another function")
        require(successor.block is not self.function.blocks[0], "branch to the first block")
        given = tuple(value.type for value in successor.arguments)
        taken = tuple(value.type for value in successor.block.arguments)
        if given != taken:
            raise RuleBroken(f"branch passes {_list(given)} to a block taking {_list(taken)}")

    def _dominance(self, tree: Dominance) -> None:
        printed: set[Block] = set()
        for block in self.function.blocks:
            self.block, self.op = block, None
            require(block in tree.immediate, "the block cannot be reached")
            printed.add(block)
            require(tree.immediate[block] in printed, "the block stands before one that dominates it")
            for op in block.ops:
                self.op = op
                for value in _used(op):
                    if not self._available(value, op, block, tree):
                        raise RuleBroken(f"a {value.type} used before it is made")

    def _available(self, value: Value, op: Op, block: Block, tree: Dominance) -> bool:
        owner = value.owner
        if isinstance(owner, Block):
            return owner in tree.immediate and tree.dominates(owner, block)
        if owner.block is block:
            return self.positions[owner] < self.positions[op]
        return owner.block in tree.immediate and tree.dominates(owner.block, block)


def _used(op: Op) -> list[Value]:
    return op.operands + [value for successor in op.successors for value in successor.arguments]


def _list(types: tuple[object, ...]) -> str:
    return f"({', '.join(map(str, types))})"
