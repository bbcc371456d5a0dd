"""Python outside the kernel language: for each construct, what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from oxide_build.errors import CompileError

_LOOP = "write a `for … in range(…)` loop"
INSTEAD: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Try: ("`try`", "a GPU thread cannot catch errors: test the condition with `if` beforehand"),
    ast.Raise: ("`raise`", 'write `assert condition, "message"`, which stops the kernel where it fails'),
    ast.With: ("`with`", "a kernel has no context managers: call what it would call"),
    ast.AsyncWith: ("`async with`", "kernels do not await"),
    ast.AsyncFor: ("`async for`", "kernels do not await"),
    ast.Await: ("`await`", "kernels do not await"),
    ast.AsyncFunctionDef: ("`async def`", "kernels do not await"),
    ast.ClassDef: ("a class", "define types at module level, outside the kernel"),
    ast.FunctionDef: ("a nested function", "move it to module level and decorate it with `@gpu.device`"),
    ast.Lambda: ("`lambda`", "define a function at module level and decorate it with `@gpu.device`"),
    ast.Import: ("`import`", "import at module level"),
    ast.ImportFrom: ("`import`", "import at module level"),
    ast.Global: ("`global`", "pass what the kernel needs as a parameter; results go into a MutSlice"),
    ast.Nonlocal: ("`nonlocal`", "pass what the kernel needs as a parameter"),
    ast.Delete: ("`del`", "leave it out: locals cost nothing once they are no longer used"),
    ast.ListComp: ("a list comprehension", _LOOP),
    ast.SetComp: ("a set comprehension", _LOOP),
    ast.DictComp: ("a dict comprehension", _LOOP),
    ast.GeneratorExp: ("a generator", _LOOP),
    ast.Yield: ("`yield`", "write results into a DisjointSlice or MutSlice parameter"),
    ast.YieldFrom: ("`yield from`", "write results into a DisjointSlice or MutSlice parameter"),
    ast.List: ("a list", "use `gpu.shared_array(shape, dtype)` for memory shared by the block, or single locals"),
    ast.Dict: ("a dict", "pass its values as parameters"),
    ast.Set: ("a set", "compare with `==` and `or`"),
    ast.JoinedStr: ("a formatted string", "kernels have no strings"),
    ast.Starred: ("`*` unpacking", "write the elements out"),
    ast.NamedExpr: ("`:=`", "write the assignment as a statement of its own"),
    ast.Slice: ("a slice with `:`", "index one element at a time"),
}
"""What each construct is called, and what to write instead; `docs/language/python.md` lists it."""

_BUILTINS_INSTEAD: Mapping[str, str] = {
    "all": "write `and` between the conditions; over a warp `gpu.all(…)`, over a block `gpu.sync_threads_and(…)`",
    "any": "write `or` between the conditions; over a warp `gpu.any(…)`, over a block `gpu.sync_threads_or(…)`",
    "bin": "kernels have no strings",
    "dict": "pass its values as parameters",
    "enumerate": "write `for i in range(len(x)):` and index, `x[i]`",
    "filter": _LOOP,
    "hash": "write the arithmetic out",
    "input": "pass what the kernel needs as a parameter",
    "isinstance": "every value has one type, known at compile time: leave it out",
    "iter": "write `for i in range(len(x)):` and index, `x[i]`",
    "list": "use `gpu.local_array(shape, dtype)`, or single locals",
    "map": _LOOP,
    "next": "write `for i in range(len(x)):` and index, `x[i]`",
    "reversed": "count down: `for i in range(n - 1, -1, -1):`",
    "sorted": "sort on the host, or write the sort out",
    "str": "kernels have no strings",
    "sum": _LOOP,
    "tuple": "write the elements out: `(a, b)`",
    "type": "every value has one type, known at compile time: name it, `f32`",
    "zip": "write `for i in range(len(x)):` and index each, `x[i]`, `y[i]`",
}

_ELSEWHERE: Mapping[str, str] = {
    "all_sync": "gpu.all(condition)",
    "any_sync": "gpu.any(condition)",
    "atomic.compare_and_swap": "gpu.atomic_cas(array, index, expected, value)",
    "atomicCAS": "gpu.atomic_cas(array, index, expected, value)",
    "barrier": "gpu.sync_threads()",
    "compare_and_swap": "gpu.atomic_cas(array, index, expected, value)",
    "ffs": "gpu.ctz(x)",
    "global_id": "gpu.index_1d()",
    "grid": "gpu.index_1d()",
    "gridsize": "gpu.grid_dim.x * gpu.block_dim.x",
    "program_id": "gpu.block_idx.x",
    "shfl_sync": "gpu.shuffle(value, lane)",
    "thread_id": "gpu.thread_idx.x",
}
"""What is called so where kernels are written otherwise, and too unlike our name to be taken for a slip."""


def known_elsewhere(name: str) -> str | None:
    """What to write for a function of `gpu` that other tools call `name`; None where they do not."""
    return _ELSEWHERE.get(name)


def refuse_builtin(name: str) -> CompileError | None:
    """The error for a builtin function of Python's that kernels do not have; None for what is none."""
    if name not in _BUILTINS_INSTEAD:
        return None
    return CompileError(f"Python's `{name}` is not part of the kernel language", help=_BUILTINS_INSTEAD[name])


def refuse(node: ast.AST) -> CompileError:
    """The error for a construct no rule translates."""
    what, instead = INSTEAD.get(type(node), (f"`{type(node).__name__}`", "write it with statements the language has"))
    return CompileError(f"{what} is not part of the kernel language", help=instead)
