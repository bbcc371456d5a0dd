"""The pipeline, on one page: kernel source to PTX, each stage one call with one printable product.

    source -> ast -> mir -> ssa -> llvm -> ll -> ptx

The first half runs once per kernel module and knows no target; the second once per SM
target. `ptx` itself is made by `pipeline.ptx`, in a worker process, since LLVM may abort.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from oxide_build import ir
from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.errors import InternalError, SourceFile, Warn, unheard
from oxide_build.ir.verifier import VerificationError, verify
from oxide_build.pipeline.alignment import note_alignments
from oxide_build.pipeline.analysis import check_convergence, note_accidental_f64
from oxide_build.pipeline.description import check_shared_memory, describe, describe_generics
from oxide_build.pipeline.frontend import Resolve, note_doubts, nowhere, parse, translate
from oxide_build.pipeline.llvm_ir import emit_llvm_ir
from oxide_build.pipeline.lowering import lower
from oxide_build.pipeline.mem2reg import promote_slots
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target

__all__ = [
    "LEGAL",
    "Observer",
    "Resolve",
    "Stage",
    "describe",
    "describe_generics",
    "ignore",
    "to_llvm_ir",
    "to_ssa",
    "verified",
]


class Stage(str, Enum):
    """The named products, in order; the word is the same in `--stage`, dumps, case files and errors."""

    AST = "ast"
    MIR = "mir"
    SSA = "ssa"
    LLVM = "llvm"
    LL = "ll"
    PTX = "ptx"


Observer: TypeAlias = Callable[[Stage, object], None]
"""Called with each stage's product as soon as it is verified; `str(product)` is its text."""


def ignore(stage: Stage, product: object) -> None:
    """The observer that looks at nothing."""


def to_ssa(
    source: SourceFile, observe: Observer = ignore, resolve: Resolve = nowhere, warn: Warn = unheard
) -> ir.Module:
    """Read a kernel module: source to `ssa`; `resolve` gives the source of modules its kernels import from.

    `warn` hears of what is legal but surely wrong. Raises CompileErrors with every mistake in the file, and in what
    its kernels call elsewhere.
    """
    kernels = parse(source, resolve)
    observe(Stage.AST, kernels)
    module = translate(kernels)
    observe(Stage.MIR, verified(module, Stage.MIR))
    promote_slots(module)
    note_alignments(module)
    observe(Stage.SSA, verified(module, Stage.SSA))
    check_shared_memory(module)
    check_convergence(module, warn)
    note_accidental_f64(module, warn)
    note_doubts(kernels, warn)
    return module


def to_llvm_ir(module: ir.Module, target: Target, options: Options, observe: Observer = ignore) -> str:
    """Write an `ssa` module as LLVM IR text for one target; `module` itself is left as it was."""
    lowered = lower(module, target, options)
    observe(Stage.LLVM, verified(lowered, Stage.LLVM))
    text = emit_llvm_ir(lowered, target, options)
    observe(Stage.LL, text)
    return text


LEGAL: dict[Stage, Collection[ir.OpDefinition]] = {
    Stage.MIR: frozenset(mir.DIALECT.ops),
    Stage.SSA: mir.SSA_OPS,
    Stage.LLVM: frozenset(llvm.DIALECT.ops + nvvm.DIALECT.ops),
}
"""The operations each stage of ours may hold."""


def verified(module: ir.Module, stage: Stage) -> ir.Module:
    """`module`, once it keeps the rules of `stage`; otherwise InternalError, with the module kept in a file."""
    try:
        verify(module, LEGAL[stage])
    except VerificationError as error:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix=f"oxide-{stage.value}-", suffix=".txt", delete=False
        ) as kept:
            kept.write(str(module))
        raise InternalError(
            f"{module.name}: invalid {stage.value} stage: {error}; module kept in {Path(kept.name)}"
        ) from error
    return module
