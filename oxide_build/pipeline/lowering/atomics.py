"""Atomics and fences, each with exactly the order and scope its author wrote.

LLVM's code generator drops the order and scope of `atomicrmw`, so only what is relaxed at
device scope, which is what remains, goes that way. All else is PTX of ours, which the
code generator moves no memory access across. Sequential consistency is a `fence.sc`
before the acquiring or releasing form, as PTX's memory model maps it.

Of the 16-bit types, PTX exchanges none and adds bf16 from sm_90 on only. Where it has no
instruction, the value is computed from the one found and put there by compare-and-swap, of
the order and scope asked for, until no other thread was faster.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Block, Op, Successor, Value
from oxide_build.ir.types import Pointer, Scalar, f16, i16
from oxide_build.pipeline.lowering.arithmetic import scalar
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import CONSTRAINTS, register

_CLUSTERS = 90
"""The first SM with clusters."""

_BF16_ADD = 90
"""The first SM that adds bf16 in memory."""
_HALF = 16

_SCOPES = {"block": "cta", "cluster": "cluster", "device": "gpu", "system": "sys"}

_RMW: dict[tuple[str, str], str] = {
    ("add", "float"): "fadd",
    ("min", "uint"): "umin",
    ("max", "uint"): "umax",
    ("inc", "uint"): "uinc_wrap",
    ("dec", "uint"): "udec_wrap",
}
"""LLVM's name of an operation on a kind where it is not ours; `exch` is `xchg` for all."""


@lowers(mir.atomic)
def lower_atomic(lowering: FunctionLowering, op: Op) -> Value:
    operation, type = op.attributes["operation"], scalar(op.result)
    pointer, value = lowering.operands(op)
    if operation == "sub":
        operation, value = "add", _negated(lowering, value, type)
    if type.bits == _HALF:
        return _half(lowering, op, operation, type, pointer, value)
    if (op.attributes["order"], op.attributes["scope"]) == ("relaxed", "device"):
        name = "xchg" if operation == "exch" else _RMW.get((operation, type.kind), operation)
        return lowering.compute(llvm.atomicrmw, pointer, value, operation=name, ordering="monotonic", scope="device")
    return _read_modify_write(lowering, op, operation, type, pointer, value)


@lowers(mir.atomic_cas)
def lower_atomic_cas(lowering: FunctionLowering, op: Op) -> Value:
    return _read_modify_write(lowering, op, "cas", scalar(op.result), *lowering.operands(op))


@lowers(mir.atomic_load)
def lower_atomic_load(lowering: FunctionLowering, op: Op) -> Value:
    text = _instruction(lowering, op, "ld", "acquire")
    return _load(lowering, text, register(scalar(op.result)), lowering.operand(op))


def _load(lowering: FunctionLowering, instruction: str, type: Scalar, pointer: Value) -> Value:
    text, bits = f"{instruction}.b{type.bits} $0, [$1];", _bits_type(type)
    constraints = f"={CONSTRAINTS[bits.name]},l,~{{memory}}"
    found = lowering.compute(
        llvm.inline_asm, pointer, text=text, constraints=constraints, results=(bits,), convergent=False
    )
    return _as(lowering, found, type)


@lowers(mir.atomic_store)
def lower_atomic_store(lowering: FunctionLowering, op: Op) -> tuple[()]:
    value, pointer = lowering.operands(op)
    type = register(scalar(op.operands[0]))
    bits = _as(lowering, value, _bits_type(type))
    text = f"{_instruction(lowering, op, 'st', 'release', 1)}.b{type.bits} [$1], $0;"
    constraints = f"{CONSTRAINTS[_bits_type(type).name]},l,~{{memory}}"
    lowering.emit(llvm.inline_asm, bits, pointer, text=text, constraints=constraints, results=(), convergent=False)
    return ()


@lowers(mir.thread_fence)
def lower_thread_fence(lowering: FunctionLowering, op: Op) -> tuple[()]:
    text = f"fence.acq_rel.{_scope(lowering, op)};"
    lowering.emit(llvm.inline_asm, text=text, constraints="~{memory}", results=(), convergent=False)
    return ()


def _negated(lowering: FunctionLowering, value: Value, type: Scalar) -> Value:
    if type.is_float:
        return lowering.compute(llvm.fneg, value, fast_math=())
    return lowering.compute(llvm.sub, lowering.constant(0, register(type)), value)


def _half(lowering: FunctionLowering, op: Op, operation: str, type: Scalar, pointer: Value, value: Value) -> Value:
    """An operation on 16 bits, by an instruction where the target has one."""
    if operation == "add" and (type == f16 or lowering.target.number >= _BF16_ADD):
        return _read_modify_write(lowering, op, "add.noftz", type, pointer, value)
    return _by_swapping(lowering, op, operation, type, pointer, value)


def _by_swapping(
    lowering: FunctionLowering, op: Op, operation: str, type: Scalar, pointer: Value, value: Value
) -> Value:
    """Replace what is found there, again and again, until no other thread came between."""
    kind, bits = op.operands[0].type, _bits_type(type)
    assert isinstance(kind, Pointer)
    first = _load(lowering, f"ld.relaxed.{_scope(lowering, op)}.{kind.space}", bits, pointer)
    again, done = Block(), Block()
    expected = again.add_argument(bits)
    lowering.emit(llvm.br, to=[Successor(again, [first])])
    lowering.open(again)
    new = value if operation == "exch" else _sum(lowering, _as(lowering, expected, type), value)
    found = _read_modify_write(lowering, op, "cas", bits, pointer, expected, _as(lowering, new, bits))
    alone = lowering.compute(llvm.icmp, found, expected, predicate="eq")
    lowering.emit(llvm.cond_br, alone, to=[Successor(done), Successor(again, [found])])
    lowering.open(done)
    return _as(lowering, found, type)


def _sum(lowering: FunctionLowering, left: Value, right: Value) -> Value:
    return lowering.compute(llvm.fadd, left, right, fast_math=())


def _bits_type(type: Scalar) -> Scalar:
    """The type that PTX of ours takes a value in: 16-bit floats as their bits."""
    return i16 if type.bits == _HALF else type


def _as(lowering: FunctionLowering, value: Value, type: Scalar) -> Value:
    """The same bits as another type."""
    wanted = register(type)
    return value if value.type == wanted else lowering.compute(llvm.bitcast, value, type=wanted)


def _read_modify_write(
    lowering: FunctionLowering, op: Op, operation: str, type: Scalar, pointer: Value, *values: Value
) -> Value:
    """`atom` as text: the old value is $0, the address $1, the operands follow."""
    operands = ", ".join(f"${number}" for number in range(2, 2 + len(values)))
    text = f"{_instruction(lowering, op, 'atom', 'acq_rel')}.{operation}.{_type(operation, type)} $0, [$1], {operands};"
    bits = _bits_type(register(type))
    letter = CONSTRAINTS[bits.name]
    constraints = ",".join([f"={letter}", "l", *[letter] * len(values), "~{memory}"])
    found = lowering.compute(
        llvm.inline_asm,
        *(pointer, *(_as(lowering, value, bits) for value in values)),
        text=text,
        constraints=constraints,
        results=(bits,),
        convergent=False,
    )
    return _as(lowering, found, register(type))


def _type(operation: str, type: Scalar) -> str:
    """PTX's type of an operation: bits where it only moves them; the sign matters to `min` and `max` alone."""
    if operation in ("exch", "cas", "and", "or", "xor"):
        return f"b{type.bits}"
    if type.is_float:
        return type.name
    signed = type.kind == "int" and operation in ("min", "max")
    return f"{'s' if signed else 'u'}{type.bits}"


def _instruction(lowering: FunctionLowering, op: Op, name: str, strongest: str, pointer: int = 0) -> str:
    """An instruction with order, scope and space, behind its fence where it is sequentially consistent."""
    type, order, scope = op.operands[pointer].type, op.attributes["order"], _scope(lowering, op)
    assert isinstance(type, Pointer)
    if order == "seq_cst":
        return f"fence.sc.{scope}; {name}.{strongest}.{scope}.{type.space}"
    return f"{name}.{order}.{scope}.{type.space}"


def _scope(lowering: FunctionLowering, op: Op) -> str:
    scope: str = op.attributes["scope"]
    if scope == "cluster":
        lowering.require(_CLUSTERS, "scope 'cluster'", help="write scope='device', which holds on every GPU")
    return _SCOPES[scope]
