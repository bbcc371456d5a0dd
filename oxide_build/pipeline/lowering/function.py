"""One function on its way from mir to llvm: what the families of operations build with.

In: an operation at a time, through the handler its family registered with `@lowers`.
Out: the new function. Its own file because every family needs it and none owns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from oxide_build.dialects import llvm
from oxide_build.errors import CompileError, Span
from oxide_build.ir import Attribute, Block, Function, Global, Module, Op, OpDefinition, Successor, Value
from oxide_build.ir.types import Scalar, Type, View, i8
from oxide_build.pipeline.lowering.types import parts
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target

Handler: TypeAlias = "Callable[[FunctionLowering, Op], Value | Sequence[Value]]"
"""Builds what one mir operation becomes; returns the parts of all its results, in order."""

_HANDLERS: dict[OpDefinition, Handler] = {}


def lowers(*definitions: OpDefinition) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of these operations."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(definitions, handler))
        return handler

    return register


class FunctionLowering:
    """The new function so far: `block` is where operations go, `span` the source of the one being lowered.

    `ways` are the source's blocks that the target can reach, and where each may go.
    """

    def __init__(
        self,
        source: Function,
        module: Module,
        options: Options,
        target: Target,
        ways: Mapping[Block, Sequence[Successor]],
    ) -> None:
        self.source = source
        self.module = module
        self.options = options
        self.target = target
        self.ways = ways
        results = tuple(part for type in source.results for part in parts(type))
        self.function = Function(source.name, source.kind, results, span=source.span)
        self.block = Block()
        self.span: Span | None = source.span
        self.trap: Block | None = None
        self._values: dict[Value, tuple[Value, ...]] = {}
        self._blocks = {block: _with_arguments(block) for block in source.blocks[1:]}

    def run(self) -> Function:
        """Lower every block the target can reach; the source's parameters must be bound and `block` open."""
        for block in self.source.blocks:
            if block not in self.ways:
                continue
            if block in self._blocks:
                self.open(self._blocks[block])
                self._bind_all(block.arguments, self.block.arguments)
            for op in block.ops:
                self._lower(op)
        if self.trap is not None:
            self.function.blocks.append(self.trap)
        return self.function

    def _lower(self, op: Op) -> None:
        self.span = op.span
        built = _HANDLERS[op.definition](self, op)
        self._bind_all(op.results, [built] if isinstance(built, Value) else built)

    # values

    def bind(self, old: Value, *new: Value) -> None:
        """State what a mir value became."""
        self._values[old] = new

    def _bind_all(self, olds: Iterable[Value], news: Sequence[Value]) -> None:
        rest = iter(news)
        for old in olds:
            self.bind(old, *islice(rest, len(parts(old.type))))

    def parts(self, value: Value) -> tuple[Value, ...]:
        """What a mir value became."""
        return self._values[value]

    def flat(self, values: Iterable[Value]) -> list[Value]:
        """What several mir values became, one after the other."""
        return [part for value in values for part in self.parts(value)]

    def operand(self, op: Op, index: int = 0) -> Value:
        """What a scalar or pointer operand became."""
        (value,) = self.parts(op.operands[index])
        return value

    def operands(self, op: Op) -> Iterator[Value]:
        """What all operands, scalars or pointers, became."""
        return (self.operand(op, index) for index in range(len(op.operands)))

    def extent(self, view: Value, dimension: int) -> Value:
        """A view's extent, i32; i64 of a wide view."""
        assert isinstance(view.type, View)
        fixed = view.type.shape[dimension]
        if fixed is not None:
            return self.constant(fixed, view.type.index)
        return self.parts(view)[1 + view.type.shape[:dimension].count(None)]

    # building

    def emit(
        self, definition: OpDefinition, *operands: Value, to: Iterable[Successor] = (), **attributes: Attribute
    ) -> Op:
        """Append an operation to the open block."""
        return self.block.append(definition(*operands, to=to, span=self.span, **attributes))

    def compute(self, definition: OpDefinition, *operands: Value, **attributes: Attribute) -> Value:
        """Append an operation with one result, and return that."""
        return self.emit(definition, *operands, **attributes).result

    def constant(self, value: int | float | bool, type: Scalar) -> Value:
        """A constant; an integer wraps to the type's width."""
        return self.compute(llvm.constant, value=wrapped(value, type), type=type)

    def intrinsic(self, name: str, *operands: Value, flags: tuple[str, ...] = ()) -> Value:
        """Call an intrinsic that is overloaded by, and gives, its first operand's type."""
        type = operands[0].type
        return self.compute(llvm.intrinsic, *operands, intrinsic=f"{name}.{type}", results=(type,), fast_math=flags)

    def call(self, callee: str, *operands: Value, results: tuple[Type, ...] = ()) -> list[Value]:
        """Call a function of the module or an external one."""
        return self.emit(llvm.call, *operands, callee=callee, results=results).results

    def text(self, text: str) -> Value:
        """A generic pointer to a C string in global memory; equal texts share it."""
        values = (*text.encode(), 0)
        known = (item for item in self.module.globals.values() if item.values == values)
        item = next(known, None) or Global(f"text.{len(self.module.globals)}", i8, len(values), "global", 1, values)
        self.module.globals[item.name] = item
        address = self.compute(llvm.addressof, symbol=item.name, space=item.space)
        return self.compute(llvm.addrspacecast, address, space="generic")

    def require(self, number: int, feature: str, help: str) -> None:
        """Raise CompileError where the target is older than the first SM that has what is lowered."""
        if self.target.number < number:
            raise CompileError(
                f"{feature} exists from sm_{number} on; this is compiled for {self.target}", help=help, span=self.span
            )

    # control

    def open(self, block: Block) -> None:
        """Place a block after those there are; operations go there from now on."""
        self.function.blocks.append(block)
        self.block = block

    def alloca(self, bytes: int, alignment: int) -> Value:
        """Memory of the thread's own, made once at the function's top."""
        op = llvm.alloca(element=i8, count=bytes, alignment=alignment, span=self.span)
        op.block = self.function.blocks[0]
        op.block.ops.insert(0, op)
        return op.result

    def successor(self, successor: Successor) -> Successor:
        """Where a mir branch leads now."""
        return Successor(self._blocks[successor.block], self.flat(successor.arguments))


def _with_arguments(source: Block) -> Block:
    block = Block()
    for value in source.arguments:
        for part in parts(value.type):
            block.add_argument(part, value.name)
    return block


def wrapped(value: int | float | bool, type: Scalar) -> int | float | bool:
    """A number as a constant of `type` holds it: an integer wraps to its width, signed."""
    if type.kind == "bool":
        return bool(value)
    if type.is_float:
        return float(value)
    half = 1 << (type.bits - 1)
    return (int(value) + half) % (2 * half) - half
