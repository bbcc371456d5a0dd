"""The compiled helper, where it was built: a kernel and its recipes in the terms of `launcher/`, its source.

In: a kernel, a configuration, recipes. Out: `Plans` and `Launcher` of the helper, or None where it cannot do it: the
helper was not built, OXIDE_PURE_LAUNCH is set, or the kernel asks for more than C can say for certain. Its own room
because everything else works without it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oxide_build.manifest import Expression, Kernel, Parameter
from oxide_build.runtime import device, packing, scalars
from oxide_build.runtime.plan import Recipe, alignment
from oxide_build.signature import LARGEST_FLOATS

if TYPE_CHECKING:
    from oxide_build.runtime import _launch

PURE = "OXIDE_PURE_LAUNCH"
"""Set to anything but nothing, it keeps launches in Python."""

MOST_SLOTS, MOST_PARAMETERS, MOST_RANK, MOST_DEPTH = 128, 64, 8, 32
"""What the helper has room for, as in its source."""

STEPS = (
    *("number", "constant", "require", "neg", "not", "add", "sub", "mul", "floordiv", "mod"),
    *("eq", "ne", "lt", "le", "gt", "ge", "and", "or"),
)
"""The operations of its stack machine in their order there."""

LIBRARIES = ("torch", "cupy", "oxide_build")
"""The libraries it reads in their order there."""

DLPACK_CODES = {"i": 0, "u": 1, "f": 2, "bf": 4, "bool": 6}
NO_CODE = 255
"""Of structs, which DLPack has not."""


@functools.cache
def compiled() -> Any:
    """The helper; None where it was not built, or is not wanted."""
    if os.environ.get(PURE):
        return None
    try:
        from oxide_build.runtime import _launch
    except ImportError:
        return None
    return _launch


@functools.cache
def is_connected() -> bool:
    """Whether the helper has what it needs of the driver; asked for at the first launch that teaches a plan."""
    addresses = device.entry_points()
    if addresses is not None:
        compiled().connect(*addresses, scalars.INTEGERS, scalars.REALS, scalars.BOOLEANS)
    return addresses is not None


def plans(kernel: Kernel) -> _launch.Plans | None:
    """The helper's idea of a kernel; None where it has none."""
    if compiled() is None or kernel.cooperative or has_struct_scalars(kernel) or not _has_room(kernel):
        return None
    steps = _steps(kernel)
    return None if steps is None else compiled().Plans(tuple(map(_parameter, kernel.parameters)), steps)


def has_struct_scalars(kernel: Kernel) -> bool:
    """Whether a parameter is a struct by value, which no plan takes apart."""
    return any(parameter.kind == "scalar" and parameter.struct is not None for parameter in kernel.parameters)


def launcher(plans: _launch.Plans, configuration: Any) -> Any:
    """The callable that launches by these plans, and asks the configuration for all the rest."""
    return compiled().Launcher(plans, configuration, configuration.geometry, configuration.stream)


def add(plans: _launch.Plans, recipe: Recipe) -> bool:
    """Take a recipe into the plans; False where the helper has no driver to launch with."""
    if is_connected():
        kinds = tuple((kind.type, kind.mark, LIBRARIES.index(kind.library)) for kind in recipe.kinds)
        plans.add(kinds, recipe.ordinal, recipe.function, recipe.context, recipe.find_stream, recipe.most_shared)
    return is_connected()


def _has_room(kernel: Kernel) -> bool:
    slots = sum(1 + parameter.rank for parameter in kernel.parameters)
    most_rank = max((parameter.rank for parameter in kernel.parameters), default=0)
    return slots <= MOST_SLOTS and len(kernel.parameters) <= MOST_PARAMETERS and most_rank <= MOST_RANK


def _parameter(parameter: Parameter) -> tuple[str, int, int, int, int, int, int]:
    if parameter.kind == "scalar":
        code = "g" if parameter.type == "bf16" else packing.SCALARS[parameter.type]
        return parameter.name, ord(code), 0, 0, 0, 0, 1
    family, bits = (NO_CODE, 0) if parameter.struct is not None else _dlpack_type(parameter.type)
    return parameter.name, 0, parameter.wide, family, bits, parameter.rank, alignment(parameter)


def _dlpack_type(name: str) -> tuple[int, int]:
    family = name.rstrip("0123456789")
    return DLPACK_CODES[family], int(name[len(family) :] or 8)


def _steps(kernel: Kernel) -> tuple[tuple[int, int], ...] | None:
    """The contracts for the stack machine; None where one is not of integers, or is too deep for it."""
    numbers, slot = dict[tuple[object, ...], int](), 0
    for parameter in kernel.parameters:
        if parameter.kind == "scalar" and parameter.type not in LARGEST_FLOATS:
            numbers["scalar", parameter.name] = slot
        for dimension in range(parameter.rank):
            numbers["extent", parameter.name, dimension] = slot + 1 + dimension
        slot += 1 + parameter.rank
    try:
        return tuple(
            step
            for contract in kernel.contracts
            for step in (*_expression(contract.expression, numbers, 1), (STEPS.index("require"), 0))
        )
    except (KeyError, ValueError):
        return None


def _expression(
    expression: Expression, numbers: dict[tuple[object, ...], int], depth: int
) -> Iterator[tuple[int, int]]:
    """Steps that leave the value on the stack. Raises KeyError, ValueError for what the machine has not."""
    head, *operands = expression
    if depth > MOST_DEPTH:
        raise ValueError(depth)
    if head in ("extent", "scalar"):
        yield STEPS.index("number"), numbers[expression]
    elif head == "constant":
        if not isinstance(operands[0], int) or abs(operands[0]) >= 2**63:
            raise ValueError(operands[0])
        yield STEPS.index("constant"), int(operands[0])
    else:
        yield from _operation(head, operands, numbers, depth)


def _operation(
    head: str, operands: list[Expression], numbers: dict[tuple[object, ...], int], depth: int
) -> Iterator[tuple[int, int]]:
    operation = STEPS.index(head)
    yield from _expression(operands[0], numbers, depth)
    if head in ("neg", "not"):
        yield operation, 0
    for operand in operands[1:]:
        yield from _expression(operand, numbers, depth + 1)
        yield operation, 0
