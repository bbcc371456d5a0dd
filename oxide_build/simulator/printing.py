"""`print` in the simulator: a line a thread on standard output, in the order of threads.

Its own room because how a number is written must agree with the GPU's vprintf, and nothing else here writes any.
"""

from __future__ import annotations

import numpy as np

from oxide_build import ir
from oxide_build.errors import KernelError
from oxide_build.simulator.memory import Memory
from oxide_build.simulator.threads import Array, Group


def print_values(op: ir.Op, memory: Memory, group: Group, *operands: Array) -> None:
    """Write what each thread of the group prints."""
    first, *texts = op.attributes["texts"]
    columns = [np.broadcast_to(operand, group.count) for operand in operands]
    for thread in range(group.count):
        parts = (written(column[thread]) + text for column, text in zip(columns, texts, strict=True))
        print(first + "".join(parts), end="")


def written(value: np.generic) -> str:
    """A number as vprintf writes it: floats as `%g`."""
    return f"{float(value):g}" if isinstance(value, np.floating) else str(value)


def refuse_ptx(op: ir.Op, memory: Memory, group: Group, *operands: Array) -> None:
    """KernelError: inline PTX is the GPU's own language."""
    where = "" if op.span is None else f"{op.span}: "
    raise KernelError(f"{where}inline PTX cannot be simulated", help="run the kernel on a GPU")
