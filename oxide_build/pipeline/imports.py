"""What a kernel module's imports mean, without importing anything.

In: a source. Out: the names it binds, as canonical paths, and the modules that may be read for them. Its own room
because the build's plan asks it of every module, also of those that need not be compiled.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType

from oxide_build.errors import SourceFile

NOT_SOURCE = ("gpu", "math", "oxide_build", "enum", "typing")
"""Modules the compiler knows by heart, or only for their marks."""

_CANONICAL_MODULES: Mapping[str, str] = MappingProxyType(
    {"oxide_build": "oxide_build", "oxide_build.gpu": "gpu", "oxide_build.gpu.math": "gpu.math", "math": "math"}
)


def imported_names(tree: ast.Module, package: str = "") -> dict[str, str]:
    """Local names that imports bind, to canonical paths; `package` is what relative imports start from."""
    names: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                bound = alias.name if alias.asname else alias.name.partition(".")[0]
                names[alias.asname or bound] = canonical(bound)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                path = [*_base(statement.level, package), *filter(None, [statement.module]), alias.name]
                names[alias.asname or alias.name] = canonical(".".join(path))
    return names


def _base(level: int, package: str) -> list[str]:
    """Where `from ..module import` starts: one dot is the package itself, each further one a step up."""
    parts = package.split(".") if level and package else []
    return parts[: max(0, len(parts) + 1 - level)]


def canonical(path: str) -> str:
    """A dotted path with the longest known module at its front replaced by that module's short name."""
    for module in sorted(_CANONICAL_MODULES, key=len, reverse=True):
        if path == module or path.startswith(module + "."):
            return _CANONICAL_MODULES[module] + path[len(module) :]
    return path


def imported_modules(source: SourceFile) -> tuple[str, ...]:
    """Every module a source's imports may mean, in order of name; none where it is not Python."""
    try:
        paths = imported_names(ast.parse(source.text), source.package).values()
    except (SyntaxError, ValueError, RecursionError):
        return ()
    dotted = [path.split(".") for path in paths if path.split(".")[0] not in NOT_SOURCE]
    return tuple(sorted({".".join(parts[:length]) for parts in dotted for length in range(1, len(parts) + 1)}))
