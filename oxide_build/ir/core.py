"""The intermediate representation: values, operations, blocks, functions, modules.

One slotted `Op` serves every dialect; what an operation *is* stands in its definition
(`definition.py`). Blocks have arguments instead of phis: a branch passes values to the
block it goes to. The representation knows no dialect. `repr` is short, since each part
leads to the whole graph; `str(module)` is the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from oxide_build.errors import Span
from oxide_build.ir.types import Scalar, Space, Type

if TYPE_CHECKING:
    from oxide_build.ir.definition import OpDefinition

Attribute: TypeAlias = Any
"""An int, float, bool, str, None or Type, or a tuple of such: what the printer writes and the parser reads back."""


@dataclass(eq=False, slots=True, repr=False)
class Value:
    """What an operation computes or a block receives; `name` is only a hint for printing."""

    type: Type
    owner: Op | Block
    name: str | None = None

    def __repr__(self) -> str:
        return f"<value {self.name or ''}: {self.type}>"


@dataclass(eq=False, slots=True, repr=False)
class Successor:
    """Where a terminator may go, and the values it passes there."""

    block: Block
    arguments: list[Value] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<successor {self.block!r}>"


@dataclass(eq=False, slots=True, repr=False)
class Op:
    """One operation; `block` is None until it is placed in one."""

    definition: OpDefinition
    operands: list[Value]
    attributes: dict[str, Attribute]
    successors: list[Successor] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)
    span: Span | None = None
    block: Block | None = None

    def __repr__(self) -> str:
        return f"<op {self.name}{'' if self.span is None else f' from {self.span}'}>"

    @property
    def name(self) -> str:
        """The operation's full name, `mir.add`."""
        return self.definition.name

    @property
    def result(self) -> Value:
        """The one result of an operation that has exactly one."""
        (value,) = self.results
        return value


@dataclass(eq=False, slots=True, repr=False)
class Block:
    """A straight run of operations; the last one is a terminator."""

    arguments: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<block of {len(self.ops)} ops>"

    def add_argument(self, type: Type, name: str | None = None) -> Value:
        """Append and return a new argument."""
        value = Value(type, self, name)
        self.arguments.append(value)
        return value

    def append(self, op: Op) -> Op:
        """Place `op` at the end and return it."""
        op.block = self
        self.ops.append(op)
        return op

    @property
    def terminator(self) -> Op | None:
        """The operation that ends the block, or None while it is still open."""
        return self.ops[-1] if self.ops and self.ops[-1].definition.terminator else None

    @property
    def successors(self) -> list[Block]:
        """The blocks that may run next."""
        terminator = self.terminator
        return [] if terminator is None else [successor.block for successor in terminator.successors]


@dataclass(eq=False, slots=True, repr=False)
class Function:
    """A kernel or a device function; its parameters are the first block's arguments."""

    name: str
    kind: Literal["kernel", "device"]
    results: tuple[Type, ...] = ()
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    span: Span | None = None

    def __repr__(self) -> str:
        return f"<{self.kind} @{self.name}>"

    @property
    def parameters(self) -> list[Value]:
        """The values the caller gives."""
        return self.blocks[0].arguments

    def ops(self) -> Iterator[Op]:
        """Every operation, block by block."""
        for block in self.blocks:
            yield from block.ops


@dataclass(frozen=True)
class Global:
    """Memory a module owns: `count` elements in a space, with initial values or without."""

    name: str
    element: Scalar
    count: int
    space: Space
    alignment: int
    values: tuple[int | float, ...] | None = None


@dataclass(eq=False, slots=True, repr=False)
class Module:
    """All functions and memory compiled from one kernel module; `name` is its importable name."""

    name: str
    functions: dict[str, Function] = field(default_factory=dict)
    globals: dict[str, Global] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<module @{self.name}>"

    def kernels(self) -> list[Function]:
        """The functions a host can launch, in source order."""
        return [function for function in self.functions.values() if function.kind == "kernel"]

    def __str__(self) -> str:
        from oxide_build.ir.printer import print_module

        return print_module(self)
