"""The process LLVM runs in: jobs in on stdin, answers out on stdout.

In: a job, which is `generate`'s parameters. Out: `{"ptx": text}`, or `{"stage": …, "error": …}` for IR that LLVM
refuses. A process of its own because LLVM aborts on much that it cannot compile, and its settings are process-wide.
"""

from __future__ import annotations

import pickle
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from oxide_build.pipeline.ptx.process import pipes

TRIPLE = "nvptx64-nvidia-cuda"

EXTERNAL = {"__assertfail", "vprintf"}
"""The functions the driver itself provides; any other that stays external was not resolved."""

_SIGNED = re.compile(r"\b(abs|neg)\.s(16|32|64)\s+(%\w+), (%\w+);")

_ABS = "shr.s{0} %sign, {2}, {3}; xor.b{0} %flipped, {2}, %sign; sub.s{0} {1}, %flipped, %sign;"
"""Absolute value of {2} in {1}, {0} bits wide, {3} the place of the sign."""

_EXTERN = re.compile(r"^\s*\.extern \.func\s+(?:\([^)]*\)\s*)?(\S+)", re.MULTILINE)


class JobError(Exception):
    """IR that LLVM refuses at a stage; it lives on and takes the next job."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def initialize() -> None:
    """Start LLVM, once a process."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    # It costs registers in tiled kernels and gains little elsewhere; ptxas reduces strength itself.
    llvm.set_option("oxide-build", "-disable-lsr")


def generate(ir: str, cpu: str, ptx_version: str, opt_level: int, libdevice: str | None) -> str:
    """The PTX of a module for an SM (`sm_90a`), in exactly this PTX version (`8.0`); raises JobError."""
    machine = _machine(cpu, ptx_version, opt_level)
    module = _parse(ir, machine)
    _link_libdevice(module, machine, libdevice)
    _optimize(module, machine, opt_level)
    ptx = _wrap_least(str(machine.emit_assembly(module)))
    _check(ptx, cpu, ptx_version)
    return ptx


def _machine(cpu: str, ptx_version: str, opt_level: int) -> llvm.TargetMachine:
    feature = f"+ptx{ptx_version.replace('.', '')}"
    return llvm.Target.from_triple(TRIPLE).create_target_machine(cpu=cpu, features=feature, opt=opt_level)


def _parse(ir: str, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    try:
        module = _retarget(llvm.parse_assembly(ir), machine)
        module.verify()
    except RuntimeError as error:
        raise JobError("ll", str(error).strip()) from None
    return module


def _retarget(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module.triple = TRIPLE
    module.data_layout = str(machine.target_data)
    return module


def _passes(machine: llvm.TargetMachine, opt_level: int) -> llvm.PassBuilder:
    """Vector and interleaving passes are off: a GPU's vectors are its threads."""
    tuning = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    tuning.loop_vectorization = tuning.loop_interleaving = tuning.slp_vectorization = False
    tuning.loop_unrolling = opt_level > 0
    return llvm.create_pass_builder(machine, tuning)


def _optimize(module: llvm.ModuleRef, machine: llvm.TargetMachine, opt_level: int) -> None:
    passes = _passes(machine, opt_level)
    passes.getModulePassManager().run(module, passes)


def _remove_unused(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    passes, manager = _passes(machine, 0), llvm.create_new_module_pass_manager()
    manager.add_global_dead_code_eliminate_pass()
    manager.run(module, passes)


def _link_libdevice(module: llvm.ModuleRef, machine: llvm.TargetMachine, libdevice: str | None) -> None:
    """Add the libdevice functions the module calls, as its own internal ones."""
    names = frozenset(f.name for f in module.functions if f.is_declaration and f.name.startswith("__nv_"))
    if not names or libdevice is None:
        return
    module.link_in(_retarget(llvm.parse_bitcode(_extract(libdevice, names)), machine))
    for function in module.functions:
        if function.name in names and not function.is_declaration:
            function.linkage = "internal"
    _remove_unused(module, machine)


@lru_cache(maxsize=64)
def _extract(libdevice: str, names: frozenset[str]) -> bytes:
    """These functions of libdevice and what they call, as bitcode: parsing the whole takes 30 ms."""
    machine = _machine("sm_75", "6.3", 3)
    module = _retarget(llvm.parse_bitcode(Path(libdevice).read_bytes()), machine)
    for function in module.functions:
        if not function.is_declaration and function.name not in names:
            function.linkage = "internal"
    _remove_unused(module, machine)
    return bytes(module.as_bitcode())


def _wrap_least(ptx: str) -> str:
    """Absolute values and negations that wrap for the least number, which ptxas takes for positive.

    It believes `abs` to be no less than 0, and drops sign extensions behind `abs.s16` and `neg.s16`.
    """
    return _SIGNED.sub(_wrapping, ptx)


def _wrapping(found: re.Match[str]) -> str:
    operation, bits, result, operand = found[1], int(found[2]), found[3], found[4]
    if bits == 16:
        widened = _ABS.format(32, "%wide", "%wide", 31) if operation == "abs" else "sub.s32 %wide, 0, %wide;"
        names = ".reg .b32 %wide, %sign, %flipped;"
        return f"{{ {names} cvt.s32.s16 %wide, {operand}; {widened} cvt.u16.u32 {result}, %wide; }}"
    if operation == "neg":
        return found[0]
    return f"{{ .reg .b{bits} %sign, %flipped; {_ABS.format(bits, result, operand, bits - 1)} }}"


def _check(ptx: str, cpu: str, ptx_version: str) -> None:
    """LLVM only warns of an SM or version it does not know, and declares functions it does not resolve."""
    head = re.search(r"^\.version (\S+)\s+\.target ([^\s,]+)", ptx, re.MULTILINE)
    if head is None or head.groups() != (ptx_version, cpu):
        found = "none" if head is None else f"PTX {head[1]} for {head[2]}"
        raise JobError("ptx", f"asked for PTX {ptx_version} for {cpu}, LLVM wrote {found}")
    unresolved = sorted(set(_EXTERN.findall(ptx)) - EXTERNAL)
    if unresolved:
        raise JobError("ptx", f"unresolved functions: {', '.join(unresolved)}")


def answer(job: dict[str, Any]) -> dict[str, str]:
    """One job done, or why not."""
    try:
        return {"ptx": generate(**job)}
    except JobError as error:
        return {"stage": error.stage, "error": str(error)}


def serve() -> None:
    """Answer jobs until stdin ends, or nobody listens any more."""
    inbox, outbox = pipes()
    initialize()
    with suppress(EOFError, BrokenPipeError):
        while True:
            pickle.dump(answer(pickle.load(inbox)), outbox)
            outbox.flush()
