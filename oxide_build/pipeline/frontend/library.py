"""The modules of one program: kernels use functions and constants of other modules, read from source.

In: a way to a module's source by its name. Out: what an imported name stands for, followed through as many modules as
it takes. Each module is read once, when a kernel first asks for something of it, and never imported.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from oxide_build.errors import CompileError, CompileErrors, SourceFile, Span
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.frontend.syntax import FunctionSyntax, KernelModule, read_module
from oxide_build.pipeline.imports import NOT_SOURCE

Resolve: TypeAlias = Callable[[str], "SourceFile | None"]
"""A module's source by its full name; None where there is none to read."""


def nowhere(module: str) -> SourceFile | None:
    """The resolver that finds nothing."""
    return None


def parse(source: SourceFile, resolve: Resolve = nowhere) -> KernelModule:
    """Read a kernel module; raises CompileErrors for what is not Python."""
    library = Library(resolve)
    module = library.modules[source.module] = read_module(source, library)
    if not module.mistakes and not any(function.kind == "kernel" for function in module.functions.values()):
        return replace(module, mistakes=(_no_kernels(source),))
    return module


def _no_kernels(source: SourceFile) -> CompileError:
    return CompileError(
        "no kernel in this module",
        help="decorate a function with `@gpu.kernel` (after `from oxide_build import gpu`), "
        "or take the module out of `kernels` under [tool.oxide]",
        span=Span(source, 1, 1, 1, 2),
    )


@dataclass(frozen=True)
class Definition:
    """Where something is defined: the module, and the name there (`TILE`, `Op.ADD`)."""

    module: KernelModule
    name: str

    @property
    def function(self) -> FunctionSyntax | None:
        """The kernel or device function of that name."""
        return self.module.functions.get(self.name)


class Library:
    """The modules read so far, by name; None for those that have no source."""

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.modules: dict[str, KernelModule | None] = {}

    def module(self, name: str) -> KernelModule | None:
        """The module called `name`; raises CompileError, placed in its file, when that is not Python."""
        if name not in self.modules:
            source = self.resolve(name)
            try:
                self.modules[name] = None if source is None else read_module(source, self)
            except CompileErrors as report:
                (mistake,) = report.errors
                raise mistake from None
        return self.modules[name]

    def find(self, path: str, seen: frozenset[str] = frozenset()) -> Definition | None:
        """What an imported name's path leads to; None where no module's source answers to it."""
        parts = path.split(".")
        if parts[0] in NOT_SOURCE or path in seen:
            return None
        for length in range(len(parts) - 1, 0, -1):
            module = self.module(".".join(parts[:length]))
            if module is None:
                continue
            head, *rest = parts[length:]
            further = module.names.get(head)
            if further is None:
                return Definition(module, ".".join([head, *rest]))
            return self.find(".".join([further, *rest]), seen | {path})
        return None


def function_of(module: KernelModule, node: ast.expr) -> Definition | None:
    """The kernel or device function that an expression names at module level: one of this module, or one imported."""
    if isinstance(node, ast.Name) and node.id in module.functions:
        return Definition(module.library.modules[module.source.module] or module, node.id)
    path = dotted(node, module.names)
    found = module.library.find(path) if path else None
    return found if found is not None and found.function is not None else None


def unknown_import(path: str, text: str, module: KernelModule) -> CompileError | None:
    """The error for an imported name that kernels cannot use; None for one of the compiler's own modules."""
    home = path.rpartition(".")[0]
    if not home or path.split(".")[0] in NOT_SOURCE:
        return None
    found = module.library.find(path)
    known: set[str] = set() if found is None else _defined(found.module)
    if found is None or ("." in found.name and found.name.partition(".")[0] not in known):
        return CompileError(
            f"`{text}` comes from `{home}`, whose source cannot be found",
            help="kernels use functions and constants of modules of their own package; pass other values as parameters",
        )
    there = found.module
    if found.name in there.host_names:
        return CompileError(
            f"`{text}` exists only on the host, in `{there.source.module}`",
            help=f"decorate a function with `@gpu.device`, in {there.source.path}, or make a value a constant assigned "
            "once",
        )
    if found.name in there.constants or found.name in there.functions or found.name in there.structs:
        return None
    near = difflib.get_close_matches(found.name, known, n=1)
    return CompileError(
        f"`{there.source.module}` has no `{found.name}`",
        help=f"did you mean `{near[0]}`?" if near else f"see what {there.source.path} defines at its top level",
    )


def _defined(module: KernelModule) -> set[str]:
    return {*module.functions, *module.constants, *module.structs, *module.names, *module.host_names}
