"""f64 arithmetic by accident: f32 values widened because a neighbour is f64, and the result narrowed again.

In: an `ssa` module. Out: warnings. `f32(x[i] * scale)` with `scale: f64` runs at the GPU's f64 rate, often 1/64 of the
f32 rate, and then throws the digits away. Its own room because it looks at types, not at threads.

The rule, made to have next to no false alarms: within one expression that is converted from f64 to a narrower float,
an f32 is widened without being asked (`f64(x)` is asking), and every f64 it meets is a parameter, a table's element or
a constant. Sums that are kept in f64 from statement to statement, and arrays of f64, are taken for meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from oxide_build.dialects import mir
from oxide_build.errors import CompileWarning, Note, Span, Warn
from oxide_build.ir import Block, Function, Module, Op, Value
from oxide_build.ir.types import Scalar, f32, f64

_ARITHMETIC = frozenset({mir.add, mir.sub, mir.mul, mir.div, mir.neg, mir.abs_, mir.min_, mir.max_, mir.math})


def note_accidental_f64(module: Module, warn: Warn) -> None:
    """Warn of every such expression, once."""
    seen: set[tuple[str, int, int]] = set()
    for function in module.functions.values():
        for op in function.ops():
            widened = _widened(function, op) if _narrows(op) else None
            span = op.span
            if widened is None or widened.span is None or span is None:
                continue
            key = span.source.path, span.line, span.column
            if key not in seen:
                seen.add(key)
                warn(_warning(op, widened.span, span))


def _warning(op: Op, widened: Span, span: Span) -> CompileWarning:
    type = op.attributes["type"]
    return CompileWarning(
        f"computed in f64 because of one f64 operand, then narrowed to {type}",
        help="convert the f64 operand instead, f32(…), which is many times faster on most GPUs; if you mean f64 "
        "here, convert the f32 operand yourself: f64(…)",
        span=span,
        notes=[Note("an f32 operand becomes f64 here", widened)],
    )


def _narrows(op: Op) -> bool:
    target = op.attributes["type"] if op.definition is mir.cast else None
    return isinstance(target, Scalar) and target.is_float and target != f64 and op.operands[0].type == f64


def _widened(function: Function, narrowing: Op) -> Op | None:
    """The f32 first widened unasked in the expression that is narrowed; None where there is none, or f64 is meant."""
    found: list[Op] = []
    for user, leaf in _leaves(narrowing):
        owner = leaf.owner
        if isinstance(owner, Op) and owner.definition is mir.cast:
            if owner.operands[0].type == f32:
                if owner.span != user.span:
                    return None
                found.append(user)
        elif not _is_given(function, owner):
            return None
    return found[-1] if found else None


def _leaves(narrowing: Op) -> Iterator[tuple[Op, Value]]:
    """The values that the arithmetic within the narrowed expression starts from, each with the operation it enters."""
    work = [narrowing]
    while work:
        user = work.pop()
        for value in user.operands:
            owner = value.owner
            inside = isinstance(owner, Op) and owner.definition in _ARITHMETIC and value.type == f64
            if inside and isinstance(owner, Op) and _contains(narrowing.span, owner.span):
                work.append(owner)
            elif value.type == f64:
                yield user, value


def _contains(outer: Span | None, inner: Span | None) -> bool:
    if outer is None or inner is None:
        return False
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def _is_given(function: Function, owner: Op | Block) -> bool:
    """Whether a value is a parameter, a constant or an element of a table."""
    if isinstance(owner, Block):
        return owner is function.blocks[0]
    if owner.definition is not mir.load:
        return owner.definition is mir.constant
    element = owner.operands[0].owner
    view = element.operands[0].owner if isinstance(element, Op) else None
    return isinstance(view, Op) and view.definition is mir.table
