"""The arguments of a call in declared order."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from oxide_build.errors import CompileError


def arguments(node: ast.Call, *names: str, optional: Mapping[str, object] | None = None) -> list[ast.expr]:
    """The positional and named arguments of an intrinsic in declared order; CompileError where they do not match.

    `optional` maps keyword-only options to the one value they may have for now.
    """
    options = optional or {}
    given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    wrong = len(node.args) > len(names)
    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg in options:
            _check_option(keyword, options[keyword.arg])
        elif keyword.arg in names and keyword.arg not in given:
            given[keyword.arg] = keyword.value
        else:
            wrong = True
    if wrong or len(given) != len(names):
        text = ast.unparse(node.func)
        raise CompileError(
            f"`{text}` takes {len(names)} argument{'' if len(names) == 1 else 's'}",
            help=f"write `{text}({', '.join(names)})`",
        )
    return [given[name] for name in names]


def _check_option(keyword: ast.keyword, only: object) -> None:
    if not isinstance(keyword.value, ast.Constant) or keyword.value.value != only:
        raise CompileError(f"`{keyword.arg}` can only be {only!r} for now", help=f"leave `{keyword.arg}` out")
