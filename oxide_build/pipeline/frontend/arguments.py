"""The arguments of a call in declared order, and options that are one of a few words."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping

from oxide_build.errors import CompileError
from oxide_build.pipeline.frontend.builder import FunctionBuilder


def arguments(node: ast.Call, *names: str) -> list[ast.expr]:
    """The positional and named arguments of an intrinsic in declared order; CompileError where they do not match."""
    given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    wrong = len(node.args) > len(names)
    for keyword in node.keywords:
        if keyword.arg in names and keyword.arg not in given:
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


def split_options(node: ast.Call, *names: str) -> tuple[ast.Call, dict[str, ast.expr]]:
    """The call without the keyword arguments of these names, and those that were given."""
    options = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg in names}
    rest = [keyword for keyword in node.keywords if keyword.arg not in names]
    return ast.Call(node.func, list(node.args), rest), {str(name): value for name, value in options.items()}


def choice(
    f: FunctionBuilder, call: ast.Call, options: Mapping[str, ast.expr], name: str, words: tuple[str, ...], default: str
) -> str:
    """The word an option names, which must be written out; CompileError with all there are otherwise."""
    if name not in options:
        return default
    node = options[name]
    word = node.value if isinstance(node, ast.Constant) else None
    if isinstance(word, str) and word in words:
        return word
    with f.at(node):
        known = ", ".join(repr(known) for known in words)
        if not isinstance(word, str):
            raise CompileError(f"`{name}` is a word written out, known at compile time", help=f"write one of {known}")
        near = difflib.get_close_matches(word, words, n=1, cutoff=0.8)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise CompileError(f"`{ast.unparse(call.func)}` has no {name} {word!r}", help=f"{hint}there are: {known}")
