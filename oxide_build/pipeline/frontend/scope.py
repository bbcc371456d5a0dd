"""What the names of a kernel module mean, without importing anything.

Every import, constant and function of the module becomes an entry; a dotted expression
such as `gpu.thread_idx.x` or an alias of it resolves to one canonical path. The tables of
types, intrinsics and math functions elsewhere in this room are keyed by those paths.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType

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


def dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """The canonical path of `a.b.c`, whose first name is looked up in `names`; empty for other expressions."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return canonical(f"{base}.{node.attr}") if base else ""
    return ""
