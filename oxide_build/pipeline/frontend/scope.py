"""What the names of a kernel module mean, without importing anything.

Every import, constant and function of the module becomes an entry; a dotted expression
such as `gpu.thread_idx.x` or an alias of it resolves to one canonical path. The tables of
types, intrinsics and math functions elsewhere in this room are keyed by those paths.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from oxide_build.pipeline.imports import canonical


def dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """The canonical path of `a.b.c`, whose first name is looked up in `names`; empty for other expressions."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return canonical(f"{base}.{node.attr}") if base else ""
    return ""
