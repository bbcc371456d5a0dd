"""Patterns that take structs apart: `case Vec3(x=0.0, y=Hit(t, _)) as v`.

In: a value and a pattern. Out: the way to one block where the pattern fits, captures assigned, and to another where it
does not. Its own room because a pattern on a number is only a list of constants.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, Struct
from oxide_build.pipeline.frontend.assignments import assign_to
from oxide_build.pipeline.frontend.builder import FunctionBuilder, Poison
from oxide_build.pipeline.frontend.conversions import coerce
from oxide_build.pipeline.frontend.operands import Constant, describe, describe_type
from oxide_build.pipeline.frontend.struct_types import struct_named, struct_type
from oxide_build.pipeline.frontend.structs import check_field


def match_pattern(f: FunctionBuilder, value: ir.Value, pattern: ast.pattern, yes: ir.Block, no: ir.Block) -> None:
    """End the current block by going to `yes` where `pattern` fits `value`, else to `no`."""
    with f.at(pattern):
        rule = _PATTERNS.get(type(pattern))
        if rule is None:
            raise CompileError(
                f"`case {ast.unparse(pattern)}` is not part of the kernel language",
                help="patterns are structs, `Vec3(x=0.0)`, numbers, names, `A | B`, and `_`; for others write `if`",
            )
        try:
            rule(f, value, pattern, yes, no)
        except CompileError:
            _poison(f, pattern)
            raise


def _poison(f: FunctionBuilder, pattern: ast.pattern) -> None:
    """A wrong pattern's names are reported once: what uses them is not wrong too."""
    for part in ast.walk(pattern):
        if isinstance(part, ast.MatchAs) and part.name is not None:
            f.names.setdefault(part.name, Poison())


def _constant(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchValue, yes: ir.Block, no: ir.Block) -> None:
    folded = f.known(pattern.value)
    if folded is None:
        f.expression(pattern.value)  # says what is wrong with a name that means nothing
    if not isinstance(folded, Constant):
        raise CompileError(f"`{ast.unparse(pattern.value)}` is no number known at compile time", help="write `if`")
    _compare(f, value, folded, yes, no)


def _singleton(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchSingleton, yes: ir.Block, no: ir.Block) -> None:
    if not isinstance(pattern.value, bool):
        raise CompileError("`None` is no value of the kernel language", help="use a number, or a bool and an `if`")
    _compare(f, value, Constant(pattern.value), yes, no)


def _compare(f: FunctionBuilder, value: ir.Value, constant: Constant, yes: ir.Block, no: ir.Block) -> None:
    if isinstance(value.type, Struct):
        name = value.type.plain_name
        raise CompileError(f"a {name} is matched with {describe(constant)}", help=f"write `{name}(…)` or a name")
    assert isinstance(value.type, Scalar)
    other = coerce(f, constant, value.type, "what is matched")
    f.branch_if(f.value(mir.cmp(value, other, predicate="eq")), yes, no)


def _capture(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchAs, yes: ir.Block, no: ir.Block) -> None:
    """`_`, a name, or `pattern as name`."""
    if pattern.pattern is not None:
        inside = ir.Block()
        match_pattern(f, value, pattern.pattern, inside, no)
        f.start(inside)
    _name(f, value, pattern)
    f.branch(yes)


def _name(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchAs) -> None:
    """Give the value its name, where the pattern has one."""
    if pattern.name is not None:
        if pattern.name in f.module.constants:
            raise CompileError(
                f"`{pattern.name}` in a pattern does not compare with the constant: Python takes a bare name for a "
                "new one",
                help="compare in a guard, `case Vec3(x=x) if x == …`, or make it a member of an IntEnum",
            )
        assign_to(f, ast.copy_location(ast.Name(pattern.name, ast.Store()), pattern), value)


def _any_of(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchOr, yes: ir.Block, no: ir.Block) -> None:
    for part in pattern.patterns[:-1]:
        following = ir.Block()
        match_pattern(f, value, part, yes, following)
        f.start(following)
    match_pattern(f, value, pattern.patterns[-1], yes, no)


def _struct(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchClass, yes: ir.Block, no: ir.Block) -> None:
    for name, part in _fields(f, value, pattern):
        if isinstance(part, ast.MatchAs) and part.name is None:
            continue  # `_`
        found = f.value(mir.field(value, field=name))
        if isinstance(part, ast.MatchAs) and part.pattern is None:
            with f.at(part):
                _name(f, found, part)
            continue
        following = ir.Block()
        match_pattern(f, found, part, following, no)
        f.start(following)
    f.branch(yes)


def _fields(f: FunctionBuilder, value: ir.Value, pattern: ast.MatchClass) -> Iterator[tuple[str, ast.pattern]]:
    """The fields a class pattern looks at, each with its pattern."""
    text, found = ast.unparse(pattern.cls), struct_named(pattern.cls, f.module)
    if found is None:
        f.expression(pattern.cls)  # says what is wrong with a name that means nothing
        raise CompileError(f"`{text}` is no struct", help="a pattern with parentheses names a `@gpu.struct` class")
    struct = struct_type(found)
    if value.type != struct:
        message = f"`case {text}(…)` of {describe_type(value.type)}, which is never a {text}"
        raise CompileError(message, help="a value has one type, known at compile time: leave the case out")
    names = [name for name, _ in struct.fields]
    if len(pattern.patterns) > len(names):
        message = f"`{text}` has {len(names)} fields, this pattern {len(pattern.patterns)}"
        raise CompileError(message, help=f"write `{text}({', '.join(names)})`")
    yield from zip(names, pattern.patterns, strict=False)
    for name, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
        check_field(struct, name)
        if name in names[: len(pattern.patterns)]:
            raise CompileError(f"`{name}` of `{text}` is matched twice", help="leave one of the two out")
        yield name, part


_Rule = Callable[[FunctionBuilder, ir.Value, Any, ir.Block, ir.Block], None]
_PATTERNS: Mapping[type[ast.pattern], _Rule] = {
    ast.MatchValue: _constant,
    ast.MatchSingleton: _singleton,
    ast.MatchAs: _capture,
    ast.MatchOr: _any_of,
    ast.MatchClass: _struct,
}
