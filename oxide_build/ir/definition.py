"""What an operation is: one declaration, used by builder, verifier, printer and parser alike.

Calling a definition builds the operation: `mir.add(a, b).result`. Its type rule computes
the result types from operands and attributes, so builder and verifier cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oxide_build.errors import Span
from oxide_build.ir.core import Attribute, Op, Successor, Value
from oxide_build.ir.types import Type

TypeRule: TypeAlias = "Callable[[Sequence[Type], Mapping[str, Attribute]], tuple[Type, ...]]"
"""Operand types and attributes to result types; raises `RuleBroken` where they do not fit."""


class RuleBroken(Exception):
    """An operation's types or attributes break its definition; the verifier says where."""


@dataclass(frozen=True, eq=False)
class OpDefinition:
    """One operation of a dialect.

    `operands` is how many it takes, or None for any number; `attributes` maps each attribute's name to its Python
    type; `successors` is how many blocks it may go to. `pure` operations compute only from their operands.
    """

    name: str
    operands: int | None
    rule: TypeRule
    attributes: Mapping[str, type] = field(default_factory=dict)
    successors: int = 0
    terminator: bool = False
    pure: bool = True

    def __call__(
        self,
        *operands: Value,
        to: Iterable[Successor] = (),
        span: Span | None = None,
        name: str | None = None,
        **attributes: Attribute,
    ) -> Op:
        """Build the operation, unplaced; `to` are its successors, `name` a hint for its results."""
        op = Op(self, list(operands), attributes, list(to), span=span)
        op.results = [Value(type, op, name) for type in self.result_types(op)]
        return op

    def result_types(self, op: Op) -> tuple[Type, ...]:
        """The result types the type rule gives; raises RuleBroken when `op` does not fit this definition."""
        if self.operands is not None and len(op.operands) != self.operands:
            raise RuleBroken(f"{self.name} takes {self.operands} operands, got {len(op.operands)}")
        if len(op.successors) != self.successors:
            raise RuleBroken(f"{self.name} has {self.successors} successors, got {len(op.successors)}")
        if op.attributes.keys() != self.attributes.keys():
            raise RuleBroken(f"{self.name} has attributes {sorted(self.attributes)}, got {sorted(op.attributes)}")
        for key, kind in self.attributes.items():
            if not isinstance(op.attributes[key], kind):
                raise RuleBroken(f"{self.name}: attribute {key} must be {kind.__name__}, got {op.attributes[key]!r}")
        return self.rule([operand.type for operand in op.operands], op.attributes)


@dataclass(frozen=True)
class Dialect:
    """A named list of operations."""

    name: str
    ops: tuple[OpDefinition, ...]

    def by_name(self) -> dict[str, OpDefinition]:
        """Definitions by full name."""
        return {definition.name: definition for definition in self.ops}


def require(condition: bool, message: str) -> None:
    """State a condition of a type rule."""
    if not condition:
        raise RuleBroken(message)
