"""Loops the compiler writes out: `gpu.static_range`, constant tuples.

In: a `for` over constants. Out: its body once an item, the variable a constant in each. Its own room because what
these loops visit is known before anything runs, unlike those of `loops`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence

from oxide_build import ir
from oxide_build.errors import CompileError
from oxide_build.pipeline.frontend.builder import FunctionBuilder, Loop, Poison
from oxide_build.pipeline.frontend.constants import Folded
from oxide_build.pipeline.frontend.operands import Constant
from oxide_build.pipeline.frontend.scope import dotted

MOST_ITERATIONS = 4096
"""The most copies of loop bodies in one function."""


def unrolled(f: FunctionBuilder, node: ast.For) -> bool:
    """Write the loop out if it is over constants; False leaves it to the other kinds of loops."""
    with f.at(node.iter):
        items = _static_range(f, node.iter) if _is_static_range(f, node.iter) else f.known(node.iter)
        if not isinstance(items, (tuple, range)):
            return False
        copies = f.unrolled + _count(items)
        if copies > MOST_ITERATIONS:
            raise CompileError(
                f"unrolled loops of this function make {copies} copies of their bodies, the most is {MOST_ITERATIONS}",
                help="write `for i in range(…)`, which stays a loop",
            )
        f.unrolled = copies
    names = _names(f, node.target)
    _write_out(f, node, [Constant(item) if isinstance(item, int) else item for item in items])
    for name in names:
        del f.names[name]
    f.unrolled_names |= names
    return True


def _count(items: Sequence[object]) -> int:
    """How many items there are; `len` fails for a range longer than any sequence."""
    if not isinstance(items, range):
        return len(items)
    return max(0, -((items.start - items.stop) // items.step))


def _is_static_range(f: FunctionBuilder, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func, f.module.names) == "gpu.static_range"


def _static_range(f: FunctionBuilder, node: ast.expr) -> range:
    assert isinstance(node, ast.Call)
    bounds = [f.known(argument) for argument in node.args]
    values = [bound.value for bound in bounds if isinstance(bound, Constant) and type(bound.value) is int]
    if node.keywords or not 1 <= len(node.args) <= 3 or len(values) != len(node.args):
        raise CompileError(
            "`gpu.static_range` counts between integers known at compile time",
            help="write numbers or module-level constants, or `range(…)` for a loop that counts on the GPU",
        )
    if len(values) == 3 and values[2] == 0:
        raise CompileError("the step of `gpu.static_range` is zero")
    return range(*map(int, values))


def _names(f: FunctionBuilder, target: ast.expr) -> set[str]:
    """The loop's variables, which must be new names, since they stand for constants."""
    nodes = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    names: set[str] = set()
    for node in nodes:
        with f.at(node):
            if not isinstance(node, ast.Name):
                raise CompileError("an unrolled loop's variables are names", help="write `for a, b in …`")
            if not isinstance(f.names.get(node.id, Poison()), Poison):
                raise CompileError(
                    f"`{node.id}` has a value already, and an unrolled loop's variable is a constant",
                    help="use another name",
                )
            names.add(node.id)
            f.names[node.id] = Poison()
    return names


def _write_out(f: FunctionBuilder, node: ast.For, items: Sequence[Folded]) -> None:
    exit = ir.Block()
    for item in items:
        following = ir.Block()
        outside = set(f.names)
        _bind(f, node.target, item)
        f.loops.append(Loop(following, exit))
        f.statements(node.body)
        f.loops.pop()
        f.branch(following)
        f.start(following)
        _forget_views(f, outside)
        if f.failed:
            break  # the other copies would make the same mistakes
    f.branch(exit)
    f.start(exit)


def _bind(f: FunctionBuilder, target: ast.expr, item: Folded) -> None:
    if isinstance(target, ast.Name):
        f.names[target.id] = item
        return
    assert isinstance(target, (ast.Tuple, ast.List))
    with f.at(target):
        if not isinstance(item, tuple) or len(item) != len(target.elts):
            found = f"{len(item)} values" if isinstance(item, tuple) else "one number"
            raise CompileError(f"{found} for {len(target.elts)} names")
        for name, part in zip(target.elts, item, strict=True):
            _bind(f, name, part)


def _forget_views(f: FunctionBuilder, outside: Container[str]) -> None:
    """A view named inside the body is another one in the next copy."""
    inside = [name for name, binding in f.names.items() if isinstance(binding, ir.Value) and name not in outside]
    for name in inside:
        del f.names[name]
