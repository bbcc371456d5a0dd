"""The `ast` stage: a kernel module's source to its kernels, device functions and constants.

In: source text, read and never run. Out: a `KernelModule` with Python's syntax trees and
what every module-level name means. Host code in the same file is left alone.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Literal

from oxide_build.errors import Collector, CompileError, CompileErrors, SourceFile, Span
from oxide_build.pipeline.frontend.scope import dotted, imported_names


@dataclass(frozen=True)
class FunctionSyntax:
    """One decorated function; `block` is the `block=` option of a kernel's decorator, not evaluated yet."""

    name: str
    kind: Literal["kernel", "device"]
    node: ast.FunctionDef
    block: ast.expr | None = None


@dataclass(frozen=True)
class KernelModule:
    """A parsed kernel module: `names` maps imported names to canonical paths, `constants` to unevaluated values.

    `mistakes` are those of decorators: they wait for the report that `translate` makes of everything.
    """

    source: SourceFile
    names: dict[str, str]
    constants: dict[str, ast.expr]
    functions: dict[str, FunctionSyntax]
    host_names: frozenset[str]
    mistakes: tuple[CompileError, ...] = ()

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands in the source."""
        return span_of(self.source, node)

    def __str__(self) -> str:
        dumps = [ast.dump(function.node, indent=2) for function in self.functions.values()]
        return "\n\n".join(dumps) + "\n"


def parse(source: SourceFile) -> KernelModule:
    """Read a kernel module; raises CompileErrors for what is not Python."""
    tree = _tree(source)
    names = imported_names(tree)
    errors = Collector()
    functions: dict[str, FunctionSyntax] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        with errors.collect(), span_of(source, node):
            function = _function(source, node, names, errors)
            if function is not None:
                _check_unique(source, functions, function)
                functions[node.name] = function
    if not errors.errors and not any(function.kind == "kernel" for function in functions.values()):
        errors.errors.append(_no_kernels(source))
    constants = _constants(tree)
    host_names = frozenset(_bound_names(tree)) - names.keys() - constants.keys() - functions.keys()
    return KernelModule(source, names, constants, functions, host_names, tuple(errors.errors))


def span_of(source: SourceFile, node: ast.AST) -> Span:
    """Where `node` stands; Python counts UTF-8 bytes, reports count characters. A function is its `def` line."""
    if isinstance(node, ast.FunctionDef):
        text = source.line(node.lineno)
        return Span(source, node.lineno, node.col_offset + 1, node.lineno, len(text.rstrip()) + 1)
    if not isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)):
        return Span(source, 1, 1, 1, 2)
    end_line, end_offset = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset + 1
    return Span(
        source,
        node.lineno,
        _column(source, node.lineno, node.col_offset),
        end_line,
        _column(source, end_line, end_offset),
    )


def _column(source: SourceFile, line: int, offset: int) -> int:
    return len(source.line(line).encode()[:offset].decode(errors="replace")) + 1


def _tree(source: SourceFile) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.text)
            compile(tree, source.path, "exec", dont_inherit=True)  # finds what the grammar alone allows; runs nothing
        return tree
    except SyntaxError as error:
        line, column = error.lineno or 1, max(1, error.offset or 1)
        span = Span(source, line, column, line, column + 1)
        raise CompileErrors([CompileError(f"not Python: {error.msg}", span=span)]) from None
    except ValueError as error:
        raise CompileErrors([CompileError(f"not Python: {error}", span=Span(source, 1, 1, 1, 2))]) from None
    except RecursionError:
        message = "not readable: expressions are nested too deeply"
        raise CompileErrors([CompileError(message, span=Span(source, 1, 1, 1, 2))]) from None


def _no_kernels(source: SourceFile) -> CompileError:
    return CompileError(
        "no kernel in this module",
        help="decorate a function with `@gpu.kernel` (after `from oxide_build import gpu`), "
        "or take the module out of `kernels` under [tool.oxide]",
        span=Span(source, 1, 1, 1, 2),
    )


def _check_unique(source: SourceFile, functions: dict[str, FunctionSyntax], function: FunctionSyntax) -> None:
    if function.name in functions:
        line = functions[function.name].node.lineno
        raise CompileError(f"`{function.name}` is defined twice, first in line {line}", help="rename one of them")


def _function(
    source: SourceFile, node: ast.FunctionDef, names: dict[str, str], errors: Collector
) -> FunctionSyntax | None:
    marks = [(d, dotted(d.func if isinstance(d, ast.Call) else d, names)) for d in node.decorator_list]
    ours = [(decorator, path) for decorator, path in marks if path in ("gpu.kernel", "gpu.device")]
    if not ours:
        return None
    decorator, path = ours[0]
    block: ast.expr | None = None
    with errors.collect(), span_of(source, decorator):
        if len(marks) > 1:
            raise CompileError(
                f"`{node.name}` has {len(marks)} decorators", help="keep only `@gpu.kernel` or `@gpu.device`"
            )
        if path == "gpu.device" and isinstance(decorator, ast.Call):
            raise CompileError("`@gpu.device` takes no options", help="write `@gpu.device`")
        block = _block_option(decorator)
    return FunctionSyntax(node.name, "kernel" if path == "gpu.kernel" else "device", node, block)


def _block_option(decorator: ast.expr) -> ast.expr | None:
    """The `block=` option of `@gpu.kernel(...)`."""
    if not isinstance(decorator, ast.Call):
        return None
    if decorator.args:
        raise CompileError("`@gpu.kernel` takes options by name only", help="write `@gpu.kernel(block=256)`")
    for keyword in decorator.keywords:
        if keyword.arg != "block":
            raise CompileError(
                f"`@gpu.kernel` has no option `{keyword.arg}`", help="the options are: block (`block=256`)"
            )
    return decorator.keywords[0].value if decorator.keywords else None


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Module-level `NAME = value`; a name assigned twice, or by anything else, is no constant."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, (ast.AugAssign, ast.For)) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(None)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def _bound_names(tree: ast.Module) -> set[str]:
    """Every name the module binds at its top level, host functions and classes included."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, definitions)}
    statements = (node for node in tree.body if not isinstance(node, definitions))
    stores = (n for statement in statements for n in ast.walk(statement) if isinstance(n, ast.Name))
    return names | {n.id for n in stores if isinstance(n.ctx, ast.Store)}
