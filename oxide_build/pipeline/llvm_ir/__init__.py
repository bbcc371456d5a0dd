"""The llvm dialect as LLVM IR text.

In: a module at the `llvm` stage. Out: text that LLVM parses, the same for the same
module. It is text because LLVM's Python binding has no builder for opaque pointers; its
own room because nothing but syntax happens here.

Only `__nv_*`, `__assertfail` and `vprintf` are declared. LLVM declares its intrinsics itself, and
would take one we declare and it does not know for an ordinary function.
"""

from __future__ import annotations

from collections.abc import Iterator

from oxide_build.dialects import llvm
from oxide_build.errors import InternalError
from oxide_build.ir import Module
from oxide_build.pipeline.llvm_ir.debug import Metadata
from oxide_build.pipeline.llvm_ir.function import FunctionWriter
from oxide_build.pipeline.llvm_ir.literals import global_text, results_text, string_text, symbol_text, type_text
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import Target

TRIPLE = "nvptx64-nvidia-cuda"

_EXTERNAL_ATTRIBUTES = {"__assertfail": " convergent noreturn nounwind"}
_OVERRIDE = 4
"""LLVM's number for a module flag that wins over another module's."""


def emit_llvm_ir(module: Module, target: Target, options: Options) -> str:
    """Write `module` as LLVM IR; which SM it is for stands in its head."""
    metadata = Metadata()
    bodies = [
        "\n".join(FunctionWriter(function, metadata, options.line_info).lines())
        for function in module.functions.values()
    ]
    flags = [(_OVERRIDE, "nvvm-reflect-ftz", 1)] if _flushes_subnormals(module, options) else []
    sections = [
        [f"; {module.name} for {target}", f"source_filename = {string_text(module.name.encode())}"],
        [f'target triple = "{TRIPLE}"'],
        [global_text(item) for item in module.globals.values()],
        list(_declarations(module)),
        ["\n\n".join(bodies)],
        metadata.lines(flags),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _flushes_subnormals(module: Module, options: Options) -> bool:
    """Whether libdevice's functions are to flush subnormals: kernels with `fast_math` their own way lie apart."""
    chosen = {dict(kernel.attributes.get("overrides", ())).get("fast_math") for kernel in module.kernels()}
    own = chosen - {None}
    return any(own) if own else options.fast_math


def _declarations(module: Module) -> Iterator[str]:
    """The external functions that are called, each once, in order of name."""
    calls = {
        op.attributes["callee"]: op
        for function in module.functions.values()
        for op in function.ops()
        if op.definition is llvm.call and op.attributes["callee"] not in module.functions
    }
    for name, op in sorted(calls.items()):
        if name not in ("__assertfail", "vprintf") and not name.startswith("__nv_"):
            raise InternalError(f"{module.name}: call of @{name}, which no module defines")
        operands = ", ".join(type_text(operand.type) for operand in op.operands)
        results = results_text(op.attributes["results"])
        yield f"declare {results} {symbol_text(name)}({operands}){_EXTERNAL_ATTRIBUTES.get(name, '')}"
