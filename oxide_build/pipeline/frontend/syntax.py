"""The `ast` stage: a kernel module's source to its kernels, device functions and constants.

In: source text, read and never run. Out: a `KernelModule` with Python's syntax trees and
what every module-level name means. Host code in the same file is left alone. Modules that
it imports from are read by `library`, when a kernel asks for something of theirs.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from oxide_build.errors import Collector, CompileError, CompileErrors, SourceFile, Span
from oxide_build.pipeline.frontend.decorators import inline_option, kernel_options
from oxide_build.pipeline.frontend.scope import dotted
from oxide_build.pipeline.imports import imported_names

if TYPE_CHECKING:
    from oxide_build.pipeline.frontend.library import Library


@dataclass(frozen=True)
class FunctionSyntax:
    """One decorated function; `options` are those of a kernel's decorator, not evaluated yet.

    `inline` is false for a device function that stays a function of its own in the image.
    """

    name: str
    kind: Literal["kernel", "device"]
    node: ast.FunctionDef
    options: dict[str, ast.expr] = field(default_factory=dict)
    inline: bool = True


@dataclass(frozen=True)
class KernelModule:
    """A parsed kernel module: `names` maps imported names to canonical paths, `constants` to unevaluated values.

    An enum's members are constants too, under `Op.ADD`. `structs` are classes so marked, not read any further yet.
    `mistakes` are those of decorators: they wait for the report that `translate` makes of everything. `library` finds
    the modules that imported names come from.
    """

    source: SourceFile
    names: dict[str, str]
    constants: dict[str, ast.expr]
    functions: dict[str, FunctionSyntax]
    host_names: frozenset[str]
    library: Library = field(repr=False, compare=False)
    mistakes: tuple[CompileError, ...] = ()
    structs: dict[str, ast.ClassDef] = field(default_factory=dict)

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands in the source."""
        return span_of(self.source, node)

    def __str__(self) -> str:
        dumps = [ast.dump(function.node, indent=2) for function in self.functions.values()]
        return "\n\n".join(dumps) + "\n"


def read_module(source: SourceFile, library: Library) -> KernelModule:
    """Read a kernel module, or one that kernels import from; raises CompileErrors for what is not Python."""
    tree = _tree(source)
    names = imported_names(tree, source.package)
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
    constants = _constants(tree, names)
    structs = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef) and _is_struct(node, names)}
    known = names.keys() | constants.keys() | functions.keys() | structs.keys()
    host_names = frozenset(_bound_names(tree)) - known
    return KernelModule(source, names, constants, functions, host_names, library, tuple(errors.errors), structs)


def span_of(source: SourceFile, node: ast.AST) -> Span:
    """Where `node` stands; Python counts UTF-8 bytes, reports count characters. A function or class is one line."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        text = source.line(node.lineno)
        return Span(source, node.lineno, node.col_offset + 1, node.lineno, len(text.rstrip()) + 1)
    if not isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.pattern)):
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
    options: dict[str, ast.expr] = {}
    with errors.collect(), span_of(source, decorator):
        if len(marks) > 1:
            raise CompileError(
                f"`{node.name}` has {len(marks)} decorators", help="keep only `@gpu.kernel` or `@gpu.device`"
            )
        if path == "gpu.device":
            return FunctionSyntax(node.name, "device", node, inline=inline_option(decorator))
        options = kernel_options(decorator)
    return FunctionSyntax(node.name, "kernel" if path == "gpu.kernel" else "device", node, options)


def _is_struct(node: ast.ClassDef, names: dict[str, str]) -> bool:
    marks = (mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list)
    return any(dotted(mark, names) == "gpu.struct" for mark in marks)


def _constants(tree: ast.Module, names: dict[str, str]) -> dict[str, ast.expr]:
    """Module-level `NAME = value`, and members of enums; a name assigned twice, or by anything else, is no constant."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in tree.body:
        for name, value in _assignments(node):
            found.setdefault(name, []).append(value)
        if isinstance(node, ast.ClassDef) and any(_is_enum(base, names) for base in node.bases):
            for name, value in _enum_members(node, names):
                found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _bindings(target, node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, (ast.AugAssign, ast.For)) and isinstance(node.target, ast.Name):
        yield node.target.id, None


def _bindings(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """The names of a target and what each gets: `A, B = 1, 2` is two; None for a part of something computed."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        parts = value.elts if isinstance(value, ast.Tuple) else []
        known = len(parts) == len(target.elts) and not any(isinstance(part, ast.Starred) for part in parts)
        for index, part in enumerate(target.elts):
            yield from _bindings(part, parts[index] if known else None)


def _is_enum(base: ast.expr, names: dict[str, str]) -> bool:
    return dotted(base, names) in ("enum.IntEnum", "enum.IntFlag")


def _enum_members(node: ast.ClassDef, names: dict[str, str]) -> Iterator[tuple[str, ast.expr | None]]:
    """`Op.ADD` and its value for each member; `enum.auto()` counts on from the member before."""
    members: set[str] = set()
    previous: ast.expr = ast.Constant(0)
    for statement in node.body:
        for name, written in _assignments(statement):
            value = written
            if isinstance(value, ast.Call) and dotted(value.func, names) == "enum.auto":
                value = ast.BinOp(previous, ast.Add(), ast.Constant(1))
            if value is not None and written is not None:
                value = ast.fix_missing_locations(
                    ast.copy_location(_Qualified(node.name, members).visit(value), written)
                )
                previous = value
            members.add(name)
            yield f"{node.name}.{name}", value


class _Qualified(ast.NodeTransformer):
    """Gives an enum's members, where its own body names them, the enum's name in front."""

    def __init__(self, enum: str, members: set[str]) -> None:
        self.enum = enum
        self.members = members

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.members:
            return node
        owner = ast.copy_location(ast.Name(self.enum, ast.Load()), node)
        return ast.copy_location(ast.Attribute(owner, node.id, ast.Load()), node)


def _bound_names(tree: ast.Module) -> set[str]:
    """Every name the module binds at its top level, host functions and classes included."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in tree.body if isinstance(node, definitions)}
    statements = (node for node in tree.body if not isinstance(node, definitions))
    stores = (n for statement in statements for n in ast.walk(statement) if isinstance(n, ast.Name))
    return names | {n.id for n in stores if isinstance(n.ctx, ast.Store)}
