"""One function as LLVM IR: names, blocks with phis, one line an instruction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from oxide_build.dialects import llvm, nvvm
from oxide_build.ir import Block, Function, Op, OpDefinition, Value
from oxide_build.ir.dominance import predecessors
from oxide_build.pipeline.llvm_ir.debug import Metadata
from oxide_build.pipeline.llvm_ir.literals import constant_text, results_text, string_text, symbol_text, type_text

_INLINING = {True: "alwaysinline", False: "noinline"}
_FOREIGN = re.compile(r"[^A-Za-z0-9_]")


class FunctionWriter:
    """Writes one function, with the lines of its source where `line_info` is wanted."""

    def __init__(self, function: Function, metadata: Metadata, line_info: bool) -> None:
        self.function = function
        self.metadata = metadata
        self.subprogram = metadata.subprogram(function) if line_info else None
        self.labels = {block: f"bb{index}" for index, block in enumerate(function.blocks)}
        self.names: dict[Value, str] = {}
        self.extra = 0

    def lines(self) -> Iterator[str]:
        """The definition, line by line."""
        for value in self._definitions():
            self._name(value)
        yield f"{self._head()} {{"
        before = predecessors(self.function)
        for block in self.function.blocks:
            yield f"{self.labels[block]}:"
            if block is not self.function.blocks[0]:
                yield from (f"  {self._phi(block, index, before[block])}" for index in range(len(block.arguments)))
            for op in block.ops:
                yield from (f"  {line}{self._location(op)}" for line in _WRITERS[op.definition](self, op))
        yield "}"

    def _definitions(self) -> Iterator[Value]:
        for block in self.function.blocks:
            yield from block.arguments
            for op in block.ops:
                yield from op.results

    def _name(self, value: Value) -> None:
        if isinstance(value.owner, Op) and value.owner.definition is llvm.constant:
            attributes = value.owner.attributes
            self.names[value] = constant_text(attributes["value"], attributes["type"])
        elif isinstance(value.owner, Op) and value.owner.definition is llvm.addressof:
            self.names[value] = symbol_text(value.owner.attributes["symbol"])
        else:
            self.names[value] = f"%{_FOREIGN.sub('_', value.name or 'v')}.{len(self.names)}"

    def _head(self) -> str:
        function = self.function
        start = "define ptx_kernel" if function.kind == "kernel" else "define internal"
        attributes = function.attributes["parameters"]
        parameters = (
            f"{self.typed(value)}" if not attribute else f"{type_text(value.type)} {attribute} {self[value]}"
            for value, attribute in zip(function.parameters, attributes, strict=True)
        )
        inline = "" if function.kind == "kernel" else f" {_INLINING[function.attributes.get('inline', True)]}"
        strings = "".join(f' "{key}"="{value}"' for key, value in function.attributes["attributes"])
        debug = "" if self.subprogram is None else f" !dbg !{self.subprogram}"
        name = f"{symbol_text(function.name)}({', '.join(parameters)})"
        return f"{start} {results_text(function.results)} {name} convergent{inline}{strings}{debug}"

    def _phi(self, block: Block, index: int, before: list[Block]) -> str:
        value = block.arguments[index]
        incoming = (
            f"[ {self[successor.arguments[index]]}, %{self.labels[source]} ]"
            for source in before
            for successor in source.ops[-1].successors
            if successor.block is block
        )
        return f"{self[value]} = phi {type_text(value.type)} {', '.join(incoming)}"

    def _location(self, op: Op) -> str:
        if self.subprogram is None:
            return ""
        return f", !dbg !{self.metadata.location(op.span, self.subprogram)}"

    def __getitem__(self, value: Value) -> str:
        return self.names[value]

    def fresh(self, hint: str) -> str:
        """A name for what no value of the module stands for."""
        self.extra += 1
        return f"%{hint}.x{self.extra}"

    def typed(self, value: Value) -> str:
        """A value behind its type, as most instructions take it."""
        return f"{type_text(value.type)} {self[value]}"

    def label(self, op: Op) -> str:
        """The label of the block an operation stands in."""
        assert op.block is not None
        return f"%{self.labels[op.block]}"

    def arguments(self, op: Op) -> str:
        """An operation's operands, each behind its type."""
        return ", ".join(map(self.typed, op.operands))


_Writer = Callable[[FunctionWriter, Op], Iterator[str]]
_WRITERS: dict[OpDefinition, _Writer] = {}


def _writes(*definitions: OpDefinition) -> Callable[[_Writer], _Writer]:
    def register(writer: _Writer) -> _Writer:
        _WRITERS.update(dict.fromkeys(definitions, writer))
        return writer

    return register


def _opcode(op: Op) -> str:
    """LLVM's name of the instruction, with its fast-math flags."""
    return " ".join([op.name.removeprefix("llvm."), *op.attributes.get("fast_math", ())])


@_writes(llvm.constant, llvm.addressof)
def _write_nothing(writer: FunctionWriter, op: Op) -> Iterator[str]:
    """What is written where it is used."""
    yield from ()


@_writes(
    *(llvm.add, llvm.sub, llvm.mul, llvm.sdiv, llvm.udiv, llvm.srem, llvm.urem),
    *(llvm.and_, llvm.or_, llvm.xor, llvm.shl, llvm.lshr, llvm.ashr),
    *(llvm.fadd, llvm.fsub, llvm.fmul, llvm.fdiv),
)
def _write_binary(writer: FunctionWriter, op: Op) -> Iterator[str]:
    left, right = op.operands
    yield f"{writer[op.result]} = {_opcode(op)} {writer.typed(left)}, {writer[right]}"


@_writes(llvm.icmp, llvm.fcmp)
def _write_comparison(writer: FunctionWriter, op: Op) -> Iterator[str]:
    left, right = op.operands
    yield f"{writer[op.result]} = {_opcode(op)} {op.attributes['predicate']} {writer.typed(left)}, {writer[right]}"


@_writes(llvm.select, llvm.freeze, llvm.fneg)
def _write_regular(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"{writer[op.result]} = {_opcode(op)} {writer.arguments(op)}"


@_writes(
    *(llvm.trunc, llvm.zext, llvm.sext, llvm.fptrunc, llvm.fpext),
    *(llvm.sitofp, llvm.uitofp, llvm.addrspacecast, llvm.bitcast),
)
def _write_conversion(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"{writer[op.result]} = {_opcode(op)} {writer.arguments(op)} to {type_text(op.result.type)}"


@_writes(llvm.getelementptr)
def _write_getelementptr(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"{writer[op.result]} = getelementptr {type_text(op.attributes['element'])}, {writer.arguments(op)}"


@_writes(llvm.load)
def _write_load(writer: FunctionWriter, op: Op) -> Iterator[str]:
    type, alignment = type_text(op.result.type), op.attributes["alignment"]
    yield f"{writer[op.result]} = load {type}, {writer.arguments(op)}, align {alignment}"


@_writes(llvm.store)
def _write_store(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"store {writer.arguments(op)}, align {op.attributes['alignment']}"


@_writes(llvm.load_vector)
def _write_load_vector(writer: FunctionWriter, op: Op) -> Iterator[str]:
    first = op.results[0]
    vector = f"<{len(op.results)} x {type_text(first.type)}>"
    whole = f"{writer[first]}.all"
    yield f"{whole} = load {vector}, {writer.arguments(op)}, align {op.attributes['alignment']}"
    for index, result in enumerate(op.results):
        yield f"{writer[result]} = extractelement {vector} {whole}, i32 {index}"


@_writes(llvm.store_vector)
def _write_store_vector(writer: FunctionWriter, op: Op) -> Iterator[str]:
    """Fill a vector element by element, and store it."""
    *values, pointer = op.operands
    vector, whole = f"<{len(values)} x {type_text(values[0].type)}>", "poison"
    for index, value in enumerate(values):
        filled = writer.fresh("vector")
        yield f"{filled} = insertelement {vector} {whole}, {writer.typed(value)}, i32 {index}"
        whole = filled
    yield f"store {vector} {whole}, {writer.typed(pointer)}, align {op.attributes['alignment']}"


@_writes(llvm.alloca)
def _write_alloca(writer: FunctionWriter, op: Op) -> Iterator[str]:
    array = f"[{op.attributes['count']} x {type_text(op.attributes['element'])}]"
    yield f"{writer[op.result]} = alloca {array}, align {op.attributes['alignment']}"


@_writes(llvm.ptrtoint)
def _write_ptrtoint(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"{writer[op.result]} = ptrtoint {writer.arguments(op)} to i64"


@_writes(llvm.atomicrmw)
def _write_atomicrmw(writer: FunctionWriter, op: Op) -> Iterator[str]:
    operation, order = op.attributes["operation"], f'syncscope("{op.attributes["scope"]}") {op.attributes["ordering"]}'
    yield f"{writer[op.result]} = atomicrmw {operation} {writer.arguments(op)} {order}"


@_writes(llvm.call)
def _write_call(writer: FunctionWriter, op: Op) -> Iterator[str]:
    callee = symbol_text(op.attributes["callee"])
    yield from _call(writer, op, callee)


@_writes(llvm.inline_asm)
def _write_inline_asm(writer: FunctionWriter, op: Op) -> Iterator[str]:
    text, constraints = (string_text(op.attributes[key].encode()) for key in ("text", "constraints"))
    yield from _call(writer, op, f"asm sideeffect {text}, {constraints}", " convergent" * op.attributes["convergent"])


@_writes(llvm.intrinsic)
def _write_intrinsic(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield from _call(writer, op, f"@{op.attributes['intrinsic']}")


@_writes(*nvvm.INTRINSICS)
def _write_nvvm_intrinsic(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield from _call(writer, op, f"@llvm.{op.name}")


def _call(writer: FunctionWriter, op: Op, callee: str, attributes: str = "") -> Iterator[str]:
    """A call; the results of one with several come out of the struct it returns."""
    types = results_text(tuple(result.type for result in op.results))
    flags = "".join(f"{flag} " for flag in op.attributes.get("fast_math", ()))
    text = f"call {flags}{types} {callee}({writer.arguments(op)}){attributes}"
    if len(op.results) < 2:
        yield "".join(f"{writer[result]} = " for result in op.results) + text
        return
    struct = f"{writer[op.results[0]]}.all"
    yield f"{struct} = {text}"
    for index, result in enumerate(op.results):
        yield f"{writer[result]} = extractvalue {types} {struct}, {index}"


@_writes(nvvm.read_register)
def _write_read_register(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"{writer[op.result]} = call i32 @llvm.nvvm.read.ptx.sreg.{op.attributes['register']}()"


@_writes(nvvm.barrier)
def _write_barrier(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)"


@_writes(llvm.br)
def _write_br(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield f"br label %{writer.labels[op.successors[0].block]}"


@_writes(llvm.loop_br)
def _write_loop_br(writer: FunctionWriter, op: Op) -> Iterator[str]:
    loop = writer.metadata.loop(op.attributes["unroll"])
    yield f"br label %{writer.labels[op.successors[0].block]}, !llvm.loop !{loop}"


@_writes(llvm.cond_br)
def _write_cond_br(writer: FunctionWriter, op: Op) -> Iterator[str]:
    labels = ", ".join(f"label %{writer.labels[successor.block]}" for successor in op.successors)
    yield f"br {writer.arguments(op)}, {labels}"


@_writes(llvm.return_)
def _write_return(writer: FunctionWriter, op: Op) -> Iterator[str]:
    if len(op.operands) < 2:
        yield f"ret {writer.arguments(op) or 'void'}"
        return
    types, struct = results_text(tuple(value.type for value in op.operands)), "poison"
    for index, value in enumerate(op.operands):
        filled = f"{writer.label(op)}.result.{index}"
        yield f"{filled} = insertvalue {types} {struct}, {writer.typed(value)}, {index}"
        struct = filled
    yield f"ret {types} {struct}"


@_writes(llvm.unreachable)
def _write_unreachable(writer: FunctionWriter, op: Op) -> Iterator[str]:
    yield "unreachable"
