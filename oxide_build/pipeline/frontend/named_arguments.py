"""The arguments of a call by the names of what they are for.

In: a call, and the names in declared order. Out: the expression given for each, or what does not match. Its own room
because device functions and structs are called alike, and so must fail alike.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from oxide_build.errors import CompileError


def match_arguments(
    node: ast.Call, names: Sequence[str], optional: Collection[str], kind: str = "parameter"
) -> dict[str, ast.expr]:
    """What a call gives for each name, in declared order; only what is `optional` may be missing."""
    text = ast.unparse(node.func)
    help = f"write `{text}({', '.join(f'{name}=…' if name in optional else name for name in names)})`"
    if len(node.args) > len(names):
        takes = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
        raise CompileError(f"`{text}` takes {takes}, this gives {len(node.args)}", help=help)
    given = dict(zip(names, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise CompileError("`**` unpacking in a call", help="write the arguments out, by name")
        if keyword.arg not in names:
            raise CompileError(f"`{text}` has no {kind} `{keyword.arg}`", help=help)
        if keyword.arg in given:
            raise CompileError(f"`{text}` is given `{keyword.arg}` twice", help=help)
        given[keyword.arg] = keyword.value
    missing = [name for name in names if name not in given and name not in optional]
    if missing:
        raise CompileError(f"`{text}` is not given {', '.join(f'`{name}`' for name in missing)}", help=help)
    return {name: given[name] for name in names if name in given}
