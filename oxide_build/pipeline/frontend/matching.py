"""`match` to `mir`: a chain of comparisons with constants.

In: a `match` on a number or a struct. Out: the subject computed once, each case's constants compared in order, guards
after them. Its own room because a pattern is no expression: what a name in it means differs. What takes structs apart
is in `patterns`.
"""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, Struct
from oxide_build.pipeline.frontend.builder import STATEMENTS, FunctionBuilder, translates
from oxide_build.pipeline.frontend.constants import Folded
from oxide_build.pipeline.frontend.conversions import coerce, materialise, scalar
from oxide_build.pipeline.frontend.operands import Constant, describe
from oxide_build.pipeline.frontend.patterns import match_pattern
from oxide_build.pipeline.frontend.statements import branch_on
from oxide_build.pipeline.frontend.structs import struct_of


@translates(STATEMENTS, ast.Match)
def match(f: FunctionBuilder, node: ast.Match) -> None:
    """`match` on an integer or a bool; where the compiler knows the subject, only the case it meets is translated."""
    known = f.known(node.subject)
    if isinstance(known, Constant) and f.is_compile_time(node.subject):
        _chosen(f, node, known)
        return
    subject = _subject(f, node.subject)
    done = ir.Block()
    for case in node.cases:
        body, following = ir.Block(), ir.Block()
        with f.recover(), f.at(case.pattern):
            _branch(f, subject, case, body, following)
        f.start(body)
        f.statements(case.body)
        f.branch(done)
        f.start(following)
    f.branch(done)
    f.start(done)


def _subject(f: FunctionBuilder, node: ast.expr) -> ir.Value:
    operand = f.expression(node)
    with f.at(node):
        value = materialise(f, operand) if struct_of(operand) is not None else scalar(f, operand)
        if isinstance(value.type, Scalar) and value.type.is_float:
            raise CompileError(f"`match` on {describe(operand)}", help="compare floats with `if`")
        return value


def _branch(f: FunctionBuilder, subject: ir.Value, case: ast.match_case, body: ir.Block, following: ir.Block) -> None:
    """Go to the case's body where one of its constants is the subject and its guard holds."""
    guarded = ir.Block() if case.guard is not None else body
    if isinstance(subject.type, Struct):
        match_pattern(f, subject, case.pattern, guarded, following)
    else:
        _compare(f, subject, case.pattern, guarded, following)
    if case.guard is not None:
        f.start(guarded)
        branch_on(f, case.guard, body, following)


def _compare(
    f: FunctionBuilder, subject: ir.Value, pattern: ast.pattern, guarded: ir.Block, following: ir.Block
) -> None:
    constants = _constants(f, pattern)
    if constants is None:
        f.branch(guarded)
    for constant in constants or ():
        otherwise = ir.Block()
        value = coerce(f, constant, _type(subject), "the subject of `match`")
        f.branch_if(f.value(mir.cmp(subject, value, predicate="eq")), guarded, otherwise)
        f.start(otherwise)
    if constants is not None:
        f.branch(following)


def _type(subject: ir.Value) -> Scalar:
    assert isinstance(subject.type, Scalar)
    return subject.type


def _chosen(f: FunctionBuilder, node: ast.Match, known: Constant) -> None:
    """Translate the case that a subject known to the compiler meets; guards must be known too."""
    for case in node.cases:
        with f.at(case.pattern):
            constants = _constants(f, case.pattern)
        if constants is not None and not any(constant.value == known.value for constant in constants):
            continue
        guard: Folded | None = Constant(True) if case.guard is None else f.known(case.guard)
        if not isinstance(guard, Constant) or not isinstance(guard.value, bool):
            assert case.guard is not None
            with f.at(case.guard):
                raise CompileError(
                    "a guard in a `match` on a compile-time constant is one too", help="write `if` in the case"
                )
        if guard.value:
            f.decided_suite(case.body)
            return


def _constants(f: FunctionBuilder, pattern: ast.pattern) -> list[Constant] | None:
    """The constants a pattern stands for; None for `_`, which is every one."""
    if isinstance(pattern, ast.MatchOr):
        found = [_constants(f, part) for part in pattern.patterns]
        return None if None in found else [constant for part in found for constant in part or ()]
    if isinstance(pattern, ast.MatchSingleton) and isinstance(pattern.value, bool):
        return [Constant(pattern.value)]
    if isinstance(pattern, ast.MatchAs) and pattern.name is None:
        return None  # `_`
    with f.at(pattern):
        if isinstance(pattern, ast.MatchValue):
            return [_constant(f, pattern.value)]
        raise _refused(f, pattern)


def _constant(f: FunctionBuilder, node: ast.expr) -> Constant:
    folded = f.known(node)
    if isinstance(folded, Constant) and not isinstance(folded.value, float):
        return folded
    if folded is None:
        f.expression(node)  # says what is wrong with a name that means nothing
    raise CompileError(
        f"`case {ast.unparse(node)}` is no integer constant", help="write an integer, `Op.ADD` of an IntEnum, or `_`"
    )


def _refused(f: FunctionBuilder, pattern: ast.pattern) -> CompileError:
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        name = pattern.name
        if name in f.module.constants:
            return CompileError(
                f"`case {name}` does not compare with `{name}`: Python takes a bare name in a pattern for a new one",
                help=f"write `case _ if subject == {name}:`, or make it a member of an IntEnum",
            )
        return CompileError(f"`case {name}` gives the subject a name", help="write `case _:`, and name it before")
    return CompileError(
        f"`case {ast.unparse(pattern)}` is not part of the kernel language",
        help="patterns are integers, `Op.ADD` of an IntEnum, `A | B`, and `_`; for others write `if`/`elif`",
    )
