"""What is legal but surely wrong, and shows in the syntax: unused kernel parameters, locals that atomics overwrite.

In: a parsed kernel module. Out: warnings. Its own room because these concern names, which the stages behind this one
no longer have, and because no translation depends on them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from oxide_build.errors import CompileWarning, Warn
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule

_COMBINING = frozenset(f"gpu.atomic_{name}" for name in ("add", "sub", "min", "max", "and_", "or_", "xor"))
"""Atomics whose old value is no substitute for the value given, as that of an exchange or compare-and-swap is."""


def note_doubts(kernels: KernelModule, warn: Warn) -> None:
    """Warn of what this module's own kernels and device functions do."""
    for syntax in kernels.functions.values():
        for warning in (*_unused_parameters(kernels, syntax), *_overwritten(kernels, syntax)):
            warn(warning)


def _unused_parameters(kernels: KernelModule, syntax: FunctionSyntax) -> Iterator[CompileWarning]:
    """A kernel's parameters that its body never reads: the host passes them at every launch for nothing."""
    nodes = (node for statement in syntax.node.body for node in ast.walk(statement))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    augmented = (node for node in ast.walk(syntax.node) if isinstance(node, ast.AugAssign))
    read.update(node.target.id for node in augmented if isinstance(node.target, ast.Name))
    for argument in syntax.node.args.args if syntax.kind == "kernel" else ():
        if argument.arg not in read and not argument.arg.startswith("_"):
            yield CompileWarning(
                f"`{syntax.name}` never uses its parameter `{argument.arg}`",
                help=f"remove it, or name it `_{argument.arg}` to keep it unused",
                span=kernels.span(argument),
            )


def _overwritten(kernels: KernelModule, syntax: FunctionSyntax) -> Iterator[CompileWarning]:
    """`total = gpu.atomic_add(view, i, total)`: what was to be added is lost, and the sum is elsewhere."""
    for node in ast.walk(syntax.node):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        path = dotted(node.value.func, kernels.names)
        given = {value.id for value in _values(node.value) if isinstance(value, ast.Name)}
        for target in node.targets:
            if path in _COMBINING and isinstance(target, ast.Name) and target.id in given:
                yield CompileWarning(
                    f"`{target.id}` is overwritten by the value that `{path}` found in memory",
                    help=f"leave out `{target.id} =` where the old value is not wanted, or give it a name of its own: "
                    f"`old = {ast.unparse(node.value)}`",
                    span=kernels.span(node),
                )


def _values(call: ast.Call) -> list[ast.expr]:
    """The operands of an atomic behind array and index."""
    return [*call.args[2:], *(keyword.value for keyword in call.keywords if keyword.arg == "value")]
