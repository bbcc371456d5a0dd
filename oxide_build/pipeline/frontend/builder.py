"""One function of a kernel module on its way to `mir`: the state every translation rule shares.

Rules for statements, expressions and calls stand in files named after Python's grammar and
register themselves in the tables here; locals are slots, so no rule thinks about SSA.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import Collector, CompileError, Span
from oxide_build.ir.dominance import reverse_postorder
from oxide_build.ir.types import Element, Scalar, Struct, Type, View, i32
from oxide_build.pipeline.frontend.constants import Folded, fold
from oxide_build.pipeline.frontend.library import Definition
from oxide_build.pipeline.frontend.operands import Constant, Operand, Record, Witness, describe
from oxide_build.pipeline.frontend.outside import refuse
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule
from oxide_build.pipeline.frontend.tables import table

_EXITS = (ast.Return, ast.Break, ast.Continue)
"""Statements behind which nothing of their suite runs."""

Rule: TypeAlias = "Callable[[FunctionBuilder, Any], Any]"
AnyRule = TypeVar("AnyRule", bound=Callable[..., Any])

STATEMENTS: dict[type[ast.stmt], Rule] = {}
EXPRESSIONS: dict[type[ast.expr], Rule] = {}
INTRINSICS: dict[str, Rule] = {}


def translates(table: dict[Any, Rule], *keys: Any) -> Callable[[AnyRule], AnyRule]:
    """Register a rule for syntax nodes or canonical paths; each has one rule."""

    def register(rule: AnyRule) -> AnyRule:
        for key in keys:
            assert key not in table, f"two rules for {key}"
            table[key] = rule
        return rule

    return register


class PoisonedError(CompileError):
    """A name whose own definition was wrong: reported there, silent here."""


@dataclass(frozen=True)
class Variable:
    """A local: its slot, its type for life, and the line that gave it that type."""

    slot: ir.Value
    type: Element | Witness | View
    line: int


class Poison:
    """What a name stands for after its definition failed."""


Binding: TypeAlias = "Variable | ir.Value | Poison | Folded | Definition"
"""A local name: a slot, a view that is the same for the whole function (no slot), nothing usable, or a constant or
function the compiler knows."""

InstanceKey: TypeAlias = "tuple[object, ...]"
"""A device function's module and name, and what each parameter is."""


@dataclass(frozen=True)
class Loop:
    """Where `continue` and `break` go."""

    next: ir.Block
    exit: ir.Block


@dataclass
class ModuleBuilder:
    """The module being built: its syntax, the IR so far, the mistakes so far.

    `symbols` are the names that entries have; `overrides` the project's options that the kernel being translated has
    its own way, and every function it calls with it.
    """

    syntax: KernelModule
    module: ir.Module
    errors: Collector = field(default_factory=Collector)
    instances: dict[InstanceKey, FunctionBuilder] = field(default_factory=dict)
    symbols: set[str] = field(default_factory=set)
    overrides: tuple[tuple[str, bool], ...] = ()


class FunctionBuilder:
    """Builds one `ir.Function`; rules call `emit`, `expression`, `statement` and the block helpers."""

    def __init__(
        self, program: ModuleBuilder, module: KernelModule, syntax: FunctionSyntax, function: ir.Function
    ) -> None:
        self.program = program
        self.module = module
        self.syntax = syntax
        self.function = function
        self.block = ir.Block()
        function.blocks.append(self.block)
        self.slots: list[ir.Op] = []
        self.names: dict[str, Binding] = {}
        self.loops: list[Loop] = []
        self.unrolled = 0
        self.unrolled_names: set[str] = set()
        self.index_dims = 0
        self.failed = False
        self.cut = False
        self.finished = False
        self.span: Span | None = function.span

    # places

    @contextmanager
    def at(self, node: ast.AST) -> Iterator[None]:
        """Give `node`'s place to the operations emitted and the errors raised inside."""
        outer, self.span = self.span, self.module.span(node)
        try:
            with self.span:
                yield
        finally:
            self.span = outer

    @contextmanager
    def recover(self) -> Iterator[None]:
        """Record a mistake made inside and go on behind it, so that one report holds them all."""
        try:
            yield
        except PoisonedError:
            self.failed = True
        except RecursionError:
            self.failed = True
            self.program.errors.errors.append(CompileError("nested too deeply to translate", span=self.span))
        except CompileError as error:
            self.failed = True
            self.program.errors.errors.append(error)

    # operations

    def emit(self, op: ir.Op) -> ir.Op:
        """Place `op` in the current block."""
        op.span = self.span
        return self.block.append(op)

    def value(self, op: ir.Op) -> ir.Value:
        """Place `op` and give its result."""
        return self.emit(op).result

    def constant(self, value: int | float | bool, type: Scalar = i32) -> ir.Value:
        """A constant of the IR."""
        return self.value(mir.constant(value=value, type=type))

    def zero(self, type: Element) -> ir.Value:
        """A value of a type where any would do."""
        if isinstance(type, Struct):
            return self.value(mir.struct(*(self.zero(field) for _, field in type.fields), type=type))
        return self.constant(0, type)

    def slot(self, type: Type, name: str | None = None) -> ir.Value:
        """A new local slot, placed at the function's top."""
        op = mir.local(type=type, name=name, span=self.span)
        self.slots.append(op)
        return op.result

    # blocks

    def start(self, block: ir.Block) -> None:
        """Continue in `block`, appended to the function."""
        self.function.blocks.append(block)
        self.block = block

    def branch(self, target: ir.Block) -> None:
        """End the current block by going to `target`, unless it has ended already."""
        if self.block.terminator is None:
            self.emit(mir.br(to=[ir.Successor(target)]))

    def branch_if(self, condition: ir.Value, then: ir.Block, otherwise: ir.Block) -> None:
        """End the current block by a choice."""
        self.emit(mir.cond_br(condition, to=[ir.Successor(then), ir.Successor(otherwise)]))

    def leave(self, op: ir.Op) -> None:
        """End the current block by `op`; what follows in the source goes to a block nobody reaches."""
        self.emit(op)
        self.start(ir.Block())

    # syntax

    def statements(self, nodes: list[ast.stmt]) -> None:
        """Translate a suite, going on behind each mistake, as far as compile-time conditions let it come."""
        for node in nodes:
            with self.recover(), self.at(node):
                self.statement(node)
            if self.cut:
                self.cut = False
                return

    def decided_suite(self, nodes: list[ast.stmt]) -> None:
        """Translate the side a compile-time condition chose; where that never ends, what follows it is left out."""
        leaves = any(isinstance(part, _EXITS) for node in nodes for part in ast.walk(node))
        was_reachable = leaves and self._is_reachable()
        self.statements(nodes)
        self.cut = was_reachable and not self._is_reachable()

    def _is_reachable(self) -> bool:
        return self.block in reverse_postorder(self.function)

    def statement(self, node: ast.stmt) -> None:
        """Translate one statement by its rule."""
        try:
            self._rule(STATEMENTS, node)(self, node)
        except CompileError:
            self._poison(node)
            raise

    def expression(self, node: ast.expr) -> Operand:
        """Translate one expression by its rule."""
        with self.at(node):
            operand: Operand = self._rule(EXPRESSIONS, node)(self, node)
            return operand

    def known(self, node: ast.expr) -> Folded | None:
        """The value of an expression the compiler can work out, locals that stand for constants included; else None."""
        local: dict[str, Folded] = {}
        for name in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & self.names.keys():
            binding = self.names[name]
            if not isinstance(binding, (Constant, Record, tuple)):
                return None
            local[name] = binding
        return fold(node, self.module, local=local)

    def decided(self, test: ast.expr) -> bool | None:
        """What a condition is in this copy of a loop's body, or for these compile-time parameters; None if in no other.

        Only the side it chooses is translated: the other may make no sense here.
        """
        folded = self.known(test) if self.is_compile_time(test) else None
        return folded.value if isinstance(folded, Constant) and isinstance(folded.value, bool) else None

    def is_compile_time(self, node: ast.expr) -> bool:
        """Whether an expression names a `gpu.Const` parameter or an unrolled loop's variable."""
        names = (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        return any(isinstance(self.names.get(name), Constant) for name in names)

    def _rule(self, table: dict[Any, Rule], node: ast.AST) -> Rule:
        if type(node) in table:
            return table[type(node)]
        raise refuse(node)

    def _poison(self, node: ast.stmt) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id not in self.names:
                self.names[part.id] = Poison()

    # the end

    def finish(self) -> None:
        """Put slots first, drop what cannot be reached, order blocks so that definitions come first."""
        entry = self.function.blocks[0]
        for op in self.slots:
            op.block = entry
        entry.ops[:0] = self.slots
        self.function.blocks[:] = reverse_postorder(self.function)
        self.finished = True

    def use_index(self, dims: int) -> None:
        """Note that the thread's own index in `dims` dimensions is used, so the launch must have no more."""
        self.index_dims = min(self.index_dims or dims, dims)

    def table(self, operand: tuple[Operand, ...]) -> ir.Value:
        """The view of a constant table, made at the function's top; CompileError for a tuple that is none."""
        type, values = table(operand)
        op = mir.table(values=values, type=type, span=self.span)
        made = (slot for slot in self.slots if slot.definition is mir.table and slot.attributes == op.attributes)
        known = next(made, None)
        if known is None:
            self.slots.append(op)
        return (known or op).result

    def view(self, node: ast.expr) -> ir.Value:
        """The view that an expression names; CompileError for anything else."""
        return self.as_view(node, self.expression(node))

    def as_view(self, node: ast.expr, operand: Operand) -> ir.Value:
        """The view that an expression's operand is; CompileError for anything else."""
        if isinstance(operand, tuple):
            with self.at(node):
                return self.table(operand)
        if isinstance(operand, ir.Value) and isinstance(operand.type, View):
            return operand
        with self.at(node):
            raise CompileError(
                f"`{ast.unparse(node)}` is {describe(operand)}, not an array",
                help="only views (Slice, DisjointSlice, MutSlice, shared arrays) have elements and extents",
            )
