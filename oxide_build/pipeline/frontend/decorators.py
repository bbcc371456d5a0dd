"""The decorators of kernels and device functions as written: which options they have.

In: a decorator's syntax. Out: its options by name, or an error that names the nearest. Its own room because it is
read with the module's other syntax, before any name has a meaning; `launches` works out what the options are.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping

from oxide_build.errors import CompileError

KERNEL_OPTIONS: Mapping[str, str] = {
    "block": "block=256",
    "cluster": "cluster=2",
    "values": 'values={"BLOCK": (64, 128)}',
    "max_threads": "max_threads=256",
    "min_blocks": "min_blocks=2",
    "bounds_checks": "bounds_checks=False",
    "fast_math": "fast_math=True",
}
"""The options of `@gpu.kernel`, each with an example."""


def kernel_options(decorator: ast.expr) -> dict[str, ast.expr]:
    """The options of `@gpu.kernel(...)` as written, by name; raises CompileError for others."""
    if not isinstance(decorator, ast.Call):
        return {}
    if decorator.args:
        raise CompileError("`@gpu.kernel` takes options by name only", help="write `@gpu.kernel(block=256)`")
    for keyword in decorator.keywords:
        if keyword.arg not in KERNEL_OPTIONS:
            raise _unknown_option(keyword.arg or "**")
    return {str(keyword.arg): keyword.value for keyword in decorator.keywords}


def _unknown_option(name: str) -> CompileError:
    near = difflib.get_close_matches(name, KERNEL_OPTIONS, n=1)
    listed = f"the options are: {', '.join(KERNEL_OPTIONS)}"
    hint = f"did you mean `{KERNEL_OPTIONS[near[0]]}`? {listed}" if near else listed
    return CompileError(f"`@gpu.kernel` has no option `{name}`", help=hint)


def inline_option(decorator: ast.expr) -> bool:
    """The `inline=` option of `@gpu.device(...)`."""
    if not isinstance(decorator, ast.Call):
        return True
    values = [keyword.value for keyword in decorator.keywords if keyword.arg == "inline"]
    if decorator.args or len(values) != len(decorator.keywords):
        raise CompileError("`@gpu.device` has one option, `inline`", help="write `@gpu.device(inline=False)`")
    for value in values:
        if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
            raise CompileError("`inline` is True or False, written out", help="write `@gpu.device(inline=False)`")
        return value.value
    return True
