"""Statements to `mir`: branches, returns, assertions, calls for their effect."""

from __future__ import annotations

import ast

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.errors import CompileError
from oxide_build.ir.types import Scalar, Struct
from oxide_build.pipeline.frontend.builder import (
    STATEMENTS,
    FunctionBuilder,
    translates,
)
from oxide_build.pipeline.frontend.conditions import condition
from oxide_build.pipeline.frontend.conversions import coerce
from oxide_build.pipeline.frontend.operands import (
    Constant,
    Operand,
)


@translates(STATEMENTS, ast.Expr)
def expression_statement(f: FunctionBuilder, node: ast.Expr) -> None:
    """A call for its effect; a docstring."""
    if isinstance(node.value, ast.Constant) and (isinstance(node.value.value, str) or node.value.value is ...):
        return
    if not isinstance(node.value, ast.Call):
        with f.at(node.value):
            f.expression(node.value)
            raise CompileError("this computes a value and drops it", help="assign it, or remove the line")
    f.expression(node.value)


@translates(STATEMENTS, ast.Pass)
def pass_(f: FunctionBuilder, node: ast.Pass) -> None:
    """Nothing."""


@translates(STATEMENTS, ast.Assert)
def assert_(f: FunctionBuilder, node: ast.Assert) -> None:
    """`assert condition, "message"` stops the kernel where it fails."""
    message = ast.unparse(node.test)
    if node.msg is not None:
        if not isinstance(node.msg, ast.Constant) or not isinstance(node.msg.value, str):
            raise CompileError("an assertion's message is a plain string", help='write assert condition, "message"')
        message = node.msg.value
    f.emit(mir.check(condition(f, node.test), message=message))


@translates(STATEMENTS, ast.Return)
def return_(f: FunctionBuilder, node: ast.Return) -> None:
    """`return`, with the values a device function declares."""
    wanted = f.function.results
    operand: Operand = () if node.value is None or _is_none(node.value) else f.expression(node.value)
    items = operand if isinstance(operand, tuple) else (operand,)
    if len(items) != len(wanted):
        raise CompileError(_return_mismatch(f, len(items)), help="make the `return` and the annotation agree")
    values = [
        coerce(f, item, type, f"the result of `{f.syntax.name}`")
        for item, type in zip(items, wanted, strict=True)
        if isinstance(type, (Scalar, Struct))
    ]
    f.leave(mir.return_(*values))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _return_mismatch(f: FunctionBuilder, found: int) -> str:
    if f.syntax.kind == "kernel":
        return "a kernel returns nothing: its results go into its arrays"
    return f"`{f.syntax.name}` declares {len(f.function.results)} results, this returns {found}"


@translates(STATEMENTS, ast.If)
def if_(f: FunctionBuilder, node: ast.If) -> None:
    """`if`, `elif`, `else`."""
    decided = f.decided(node.test)
    if decided is not None:
        f.decided_suite(node.body if decided else node.orelse)
        return
    then, otherwise, done = ir.Block(), ir.Block(), ir.Block()
    branch_on(f, node.test, then, otherwise if node.orelse else done)
    f.start(then)
    f.statements(node.body)
    f.branch(done)
    if node.orelse:
        f.start(otherwise)
        f.statements(node.orelse)
        f.branch(done)
    f.start(done)


def branch_on(f: FunctionBuilder, test: ast.expr, then: ir.Block, otherwise: ir.Block) -> None:
    """Go to `then` where `test` holds; a wrong test is reported, and both sides are still looked at."""
    with f.recover():
        known = f.known(test)
        if isinstance(known, Constant) and isinstance(known.value, bool):
            f.branch(then if known.value else otherwise)
        else:
            f.branch_if(condition(f, test), then, otherwise)
