"""Atomics and fences, each with exactly the order and scope its author wrote.

LLVM's code generator drops the order and scope of `atomicrmw`, so only what is relaxed at
device scope, which is what remains, goes that way. All else is PTX of ours, which the
code generator moves no memory access across. Sequential consistency is a `fence.sc`
before the acquiring or releasing form, as PTX's memory model maps it.
"""

from __future__ import annotations

from oxide_build.dialects import llvm, mir
from oxide_build.ir import Op, Value
from oxide_build.ir.types import Pointer, Scalar
from oxide_build.pipeline.lowering.arithmetic import scalar
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers
from oxide_build.pipeline.lowering.types import CONSTRAINTS, register

_CLUSTERS = 90
"""The first SM with clusters."""

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
    if (op.attributes["order"], op.attributes["scope"]) == ("relaxed", "device"):
        name = "xchg" if operation == "exch" else _RMW.get((operation, type.kind), operation)
        return lowering.compute(llvm.atomicrmw, pointer, value, operation=name, ordering="monotonic", scope="device")
    return _read_modify_write(lowering, op, operation, type, pointer, value)


@lowers(mir.atomic_cas)
def lower_atomic_cas(lowering: FunctionLowering, op: Op) -> Value:
    return _read_modify_write(lowering, op, "cas", scalar(op.result), *lowering.operands(op))


@lowers(mir.atomic_load)
def lower_atomic_load(lowering: FunctionLowering, op: Op) -> Value:
    type, pointer = register(scalar(op.result)), lowering.operand(op)
    text = f"{_instruction(lowering, op, 'ld', 'acquire')}.b{type.bits} $0, [$1];"
    constraints = f"={CONSTRAINTS[type.name]},l,~{{memory}}"
    return lowering.compute(
        llvm.inline_asm, pointer, text=text, constraints=constraints, results=(type,), convergent=False
    )


@lowers(mir.atomic_store)
def lower_atomic_store(lowering: FunctionLowering, op: Op) -> tuple[()]:
    value, pointer = lowering.operands(op)
    type = register(scalar(op.operands[0]))
    text = f"{_instruction(lowering, op, 'st', 'release', 1)}.b{type.bits} [$1], $0;"
    constraints = f"{CONSTRAINTS[type.name]},l,~{{memory}}"
    lowering.emit(llvm.inline_asm, value, pointer, text=text, constraints=constraints, results=(), convergent=False)
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


def _read_modify_write(
    lowering: FunctionLowering, op: Op, operation: str, type: Scalar, pointer: Value, *values: Value
) -> Value:
    """`atom` as text: the old value is $0, the address $1, the operands follow."""
    operands = ", ".join(f"${number}" for number in range(2, 2 + len(values)))
    text = f"{_instruction(lowering, op, 'atom', 'acq_rel')}.{operation}.{_type(operation, type)} $0, [$1], {operands};"
    letter = CONSTRAINTS[register(type).name]
    constraints = ",".join([f"={letter}", "l", *[letter] * len(values), "~{memory}"])
    return lowering.compute(
        llvm.inline_asm,
        *(pointer, *values),
        text=text,
        constraints=constraints,
        results=(register(type),),
        convergent=False,
    )


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
