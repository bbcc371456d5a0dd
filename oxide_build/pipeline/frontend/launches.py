"""What a kernel's decorator says of its launches: block, threads, and the project's options it has its own way.

In: the options as written, and the constants of one variant. Out: `LaunchOptions`, or an error placed at the option.
Its own room because this holds for the whole kernel, before any of its body.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from oxide_build.dialects.vocabulary import MOST_BLOCKS_A_CLUSTER
from oxide_build.errors import CompileError
from oxide_build.pipeline.frontend.constants import fold
from oxide_build.pipeline.frontend.decorators import KERNEL_OPTIONS
from oxide_build.pipeline.frontend.operands import Constant
from oxide_build.pipeline.frontend.syntax import KernelModule

Block: TypeAlias = "tuple[int, int, int]"

MOST_THREADS = 1024
"""The most threads a block has on any GPU."""

_EXAMPLES = {"block": "`block=256` or `block=(16, 16)`", "cluster": "`cluster=2` or `cluster=(2, 2)`"}

MOST_RESIDENT_THREADS = 2048
"""The most threads a multiprocessor keeps at once, on any GPU."""

OVERRIDES = ("bounds_checks", "fast_math")
"""The options that take the place of the project's own for one kernel."""


@dataclass(frozen=True)
class LaunchOptions:
    """What a kernel's decorator says of one variant; `overrides` are (name, value) of the project's options."""

    block: Block | None
    cluster: Block | None
    max_threads: int | None
    min_blocks: int | None
    overrides: tuple[tuple[str, bool], ...]


def launch_options(
    module: KernelModule, options: Mapping[str, ast.expr], constants: Mapping[str, object]
) -> LaunchOptions:
    """What the decorator's options are; `constants` are the kernel's `gpu.Const` parameters in this variant.

    Raises CompileError, placed at the option, for the first that is wrong.
    """
    block = _sizes(module, options, "block", constants, MOST_THREADS)
    cluster = _sizes(module, options, "cluster", constants, MOST_BLOCKS_A_CLUSTER)
    max_threads = _count(module, options, "max_threads", MOST_THREADS)
    min_blocks = _count(module, options, "min_blocks", 32)
    if block is not None and max_threads is not None and math.prod(block) > max_threads:
        with module.span(options["max_threads"]):
            raise CompileError(
                f"`block` is {math.prod(block)} threads, `max_threads` is {max_threads}",
                help="drop `max_threads`: `block` says all",
            )
    threads = math.prod(block) if block is not None else max_threads or 1
    if min_blocks is not None and min_blocks * threads > MOST_RESIDENT_THREADS:
        with module.span(options["min_blocks"]):
            raise CompileError(
                f"{min_blocks} blocks of {threads} threads: a multiprocessor keeps at most {MOST_RESIDENT_THREADS}",
                help="ask for fewer blocks, or make them smaller",
            )
    return LaunchOptions(block, cluster, max_threads, min_blocks, overrides(module, options))


def overrides(module: KernelModule, options: Mapping[str, ast.expr]) -> tuple[tuple[str, bool], ...]:
    """The project's options that this kernel has its own way; raises CompileError where one is no bool."""
    found = []
    for name in OVERRIDES:
        if name in options:
            with module.span(options[name]):
                folded = fold(options[name], module)
                if not isinstance(folded, Constant) or not isinstance(folded.value, bool):
                    raise CompileError(
                        f"`{name}` is True or False", help=f"write `@gpu.kernel({KERNEL_OPTIONS[name]})`"
                    )
                found.append((name, folded.value))
    return tuple(found)


def _count(module: KernelModule, options: Mapping[str, ast.expr], name: str, most: int) -> int | None:
    if name not in options:
        return None
    with module.span(options[name]):
        folded = fold(options[name], module)
        value = folded.value if isinstance(folded, Constant) else None
        if type(value) is not int or not 1 <= value <= most:
            raise CompileError(
                f"`{name}` is an integer from 1 to {most}",
                help=f"write `@gpu.kernel({KERNEL_OPTIONS[name]})`, or a module-level constant",
            )
        return value


def _sizes(
    module: KernelModule, options: Mapping[str, ast.expr], name: str, constants: Mapping[str, object], most: int
) -> Block | None:
    """The block or cluster a kernel's decorator fixes: numbers, module constants, names of `gpu.Const` parameters."""
    if name not in options:
        return None
    node = options[name]
    with module.span(node):
        items = [_extent(module, name, item, constants) for item in _written(node)]
        flat = [item for group in items for item in group]
        sizes = [item for item in flat if type(item) is int]
        if len(sizes) != len(flat) or not 1 <= len(sizes) <= 3 or min(sizes) < 1 or math.prod(sizes) > most:
            found = f", this is {' x '.join(map(str, sizes))}" if constants and len(sizes) == len(flat) else ""
            raise CompileError(
                f"a {name} is one to three positive integers with a product of at most {most}{found}",
                help=f"write {_EXAMPLES[name]}, or module-level constants",
            )
        x, y, z = [*sizes, 1, 1][:3]
        return x, y, z


def _written(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _extent(module: KernelModule, name: str, node: ast.expr, constants: Mapping[str, object]) -> Sequence[object]:
    """One extent, or all of a constant tuple; what is no number stays None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        constant = constants.get(node.value)
        if not isinstance(constant, Constant) or type(constant.value) is not int:
            raise CompileError(
                f"`{name}` names {node.value!r}, which is no integer `gpu.Const` parameter of the kernel",
                help=f"name one of: {', '.join(constants)}"
                if constants
                else f"write a number, `{KERNEL_OPTIONS[name]}`",
            )
        return [constant.value]
    folded = fold(node, module)
    items = folded if isinstance(folded, tuple) else (folded,)
    return [item.value if isinstance(item, Constant) else None for item in items]
