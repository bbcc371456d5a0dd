"""Constant tables: a module's tuple of numbers as an array that a kernel indexes.

In: the tuple as folded. Out: the view's type and its values in order. Its own room because
the rules of one element type and equal rows are the table's alone.
"""

from __future__ import annotations

from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, View, bool_, f32, i32, i64
from oxide_build.pipeline.frontend.constants import typed_constant
from oxide_build.pipeline.frontend.operands import Constant, Operand

_TYPED = "give every number the same type: NAME = gpu.table((1, 2, 3), f64)"


def table(operand: tuple[Operand, ...]) -> tuple[View, tuple[int | float | bool, ...]]:
    """A tuple of numbers, or of rows of them, as a view and its values; CompileError for any other tuple."""
    rows = [item for item in operand if isinstance(item, tuple)]
    if not rows:
        shape: tuple[int, ...] = (len(operand),)
        numbers = _numbers(operand)
    elif len(rows) < len(operand) or len({len(row) for row in rows}) > 1:
        raise CompileError("a table's rows differ in length", help="give each row as many numbers")
    else:
        shape = (len(rows), len(rows[0]))
        numbers = _numbers(tuple(item for row in rows for item in row))
    element = _element(numbers)
    return View(element, shape, "read"), tuple(typed_constant(number, element).value for number in numbers)


def _numbers(items: tuple[Operand, ...]) -> list[Constant]:
    numbers = [item for item in items if isinstance(item, Constant)]
    if any(isinstance(item, tuple) for item in items):
        raise CompileError("a table has at most two dimensions", help="compute the place in a row: t[i][3 * j + k]")
    if len(numbers) < len(items):
        raise CompileError(
            "a tuple is unpacked, not indexed",
            help="write `a, b = …`, or index it by a constant; a table is a module-level tuple of numbers",
        )
    if not numbers:
        raise CompileError("an empty tuple has no elements")
    return numbers


def _element(numbers: list[Constant]) -> Scalar:
    """The one type typed numbers have; for literals alone f32 where one has a point, else i32 (i64 where needed)."""
    typed = {number.type for number in numbers if number.type is not None}
    kinds = {number.alone.kind for number in numbers}
    if len(typed) > 1 or (bool_.kind in kinds and len(kinds) > 1):
        found = ", ".join(sorted({str(number.alone) for number in numbers}))
        raise CompileError(f"a table of several types: {found}", help=_TYPED)
    weak = {number.alone for number in numbers if number.type is None}
    if not typed:
        return next(type for type in (bool_, f32, i64, i32) if type in weak)
    (element,) = typed
    if f32 in weak and not element.is_float:
        raise CompileError(f"a table of {element} and f32", help=_TYPED)
    return element


def as_table(operand: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """A tuple's items as those of the table it is, all of one type; a tuple that is no table as it was."""
    try:
        type, _ = table(operand)
    except CompileError:
        return operand
    assert isinstance(type.element, Scalar)
    return _typed(operand, type.element)


def _typed(operand: tuple[Operand, ...], element: Scalar) -> tuple[Operand, ...]:
    return tuple(
        _typed(item, element)
        if isinstance(item, tuple)
        else typed_constant(item, element)
        if isinstance(item, Constant)
        else item
        for item in operand
    )
