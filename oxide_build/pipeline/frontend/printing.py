"""What leaves the language: `print`, and the author's own PTX."""

from __future__ import annotations

import ast
import re

from oxide_build.dialects import mir, vocabulary
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar
from oxide_build.pipeline.frontend.annotations import scalar_type as annotated_scalar
from oxide_build.pipeline.frontend.builder import INTRINSICS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.conversions import scalar
from oxide_build.pipeline.frontend.operands import Operand

_PRINT_HELP = 'write print("i =", i), with numbers, bools and plain strings'


@translates(INTRINSICS, "print")
def print_(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`print("i =", i, sep=" ", end="\\n")`: numbers, bools and literal strings."""
    separators = {"sep": " ", "end": "\n"}
    for keyword in node.keywords:
        with f.at(keyword):
            if keyword.arg not in separators or not _is_text(keyword.value):
                raise CompileError("`print` in a kernel takes `sep` and `end`, plain strings", help=_PRINT_HELP)
            separators[keyword.arg] = _text(keyword.value)
    texts, values = [""], []
    for number, argument in enumerate(node.args):
        texts[-1] += separators["sep"] if number else ""
        if _is_text(argument):
            texts[-1] += _text(argument)
            continue
        if isinstance(argument, ast.JoinedStr):
            with f.at(argument):
                raise CompileError("`print` in a kernel does not format strings", help=_with_commas(argument))
        operand = f.expression(argument)
        with f.at(argument):
            values.append(scalar(f, operand))
        texts.append("")
    texts[-1] += separators["end"]
    if any("\0" in text for text in texts):
        raise CompileError("a printed string holds no NUL character", help="leave `\\0` out")
    f.emit(mir.print_(*values, texts=tuple(texts)))
    return ()


def _with_commas(node: ast.JoinedStr) -> str:
    """What to write instead of a formatted string: its parts, side by side."""
    parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
    return f"write its parts: `print({', '.join(map(ast.unparse, parts))}, sep='')`"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    return str(node.value)


_PTX_HELP = 'write y = gpu.ptx("add.u32 %0, %1, %2;", u32, a, b): text, result type (or None, or a tuple), inputs'


@translates(INTRINSICS, "gpu.ptx")
def ptx(f: FunctionBuilder, node: ast.Call) -> Operand:
    """`gpu.ptx(text, results, *inputs)`: results are `%0`, …, then the inputs."""
    if len(node.args) < 2 or node.keywords or not _is_text(node.args[0]):
        raise CompileError("`gpu.ptx` takes its text, the types of its results, then its inputs", help=_PTX_HELP)
    text, (results, *inputs) = _text(node.args[0]), node.args[1:]
    types = tuple(_result_types(f, results))
    values = [scalar(f, f.expression(argument)) for argument in inputs]
    for place, type in zip([*[results] * len(types), *inputs], [*types, *(v.type for v in values)], strict=True):
        with f.at(place):
            if not isinstance(type, Scalar) or type.kind == "bool" or type.name in vocabulary.NOT_IN_PTX:
                raise CompileError(f"inline PTX has no operands of {type}", help="convert it: u32(…), f32(…)")
    with f.at(node.args[0]):
        _check_places(text, len(types) + len(values))
    op = f.emit(mir.ptx(*values, text=text, results=types))
    return op.results[0] if len(op.results) == 1 else tuple(op.results)


def _result_types(f: FunctionBuilder, node: ast.expr) -> list[Scalar]:
    if isinstance(node, ast.Constant) and node.value is None:
        return []
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return [annotated_scalar(item, f.module) for item in items]


def _check_places(text: str, operands: int) -> None:
    named = {int(number) for number in re.findall(r"%(\d+)", text)}
    if named != set(range(operands)):
        places = ", ".join(f"%{number}" for number in range(operands)) or "none"
        raise CompileError(f"this PTX has {operands} operands to name, {places}", help=_PTX_HELP)
