"""The simulator, on one page: runs a kernel's `ssa` stage on NumPy arrays, without a GPU.

In: a module at the `ssa` stage, what the manifest says of one of its kernels, a launch.
Out: the arrays, changed as the device would change them, or a KernelFault. All threads of
many blocks run at once, as arrays over threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from oxide_build import ir, manifest
from oxide_build.errors import KernelError
from oxide_build.signature import Dims, bind, check_geometry, check_shared_memory, normalize

try:
    import numpy as np

    from oxide_build.simulator.arguments import check_arguments
    from oxide_build.simulator.inline import inline_calls
    from oxide_build.simulator.machine import Machine
    from oxide_build.simulator.program import prepare
    from oxide_build.simulator.threads import chunks
    from oxide_build.simulator.watch import Watch, is_wanted
except ModuleNotFoundError as error:
    if error.name != "numpy":
        raise
    raise KernelError("the simulator needs NumPy, which is not installed", help="pip install numpy") from None

THREADS_AT_ONCE = 1 << 17
BYTES_AT_ONCE = 1 << 28
NEWEST_ARCH = 90
"""What `gpu.arch` is where the caller does not say."""


def simulate(
    module: ir.Module,
    kernel: manifest.Kernel,
    grid: object,
    block: object,
    arguments: Sequence[Any],
    shared_memory: int = 0,
    *,
    arch: int = NEWEST_ARCH,
) -> None:
    """Run a kernel of an `ssa` module for every thread of `grid` blocks of `block` threads.

    `grid` and `block` are an int or up to three; `arguments` are NumPy arrays (changed in place) and scalars, in
    declared order; `shared_memory` is dynamic shared memory in bytes, `arch` what `gpu.arch` is. Raises LaunchError,
    KernelArgumentError, or KernelFault when a check fails on the way.
    """
    blocks, threads = normalize(grid, "grid"), normalize(block, "block")
    check_geometry(kernel, blocks, threads)
    check_shared_memory(kernel, shared_memory)
    values = check_arguments(kernel, bind(kernel, tuple(arguments), {}))
    whole = inline_calls(module, module.functions[kernel.symbol], arch)
    program = prepare(whole, Watch(whole, blocks, threads).over) if is_wanted() else prepare(whole)
    at_once = _blocks_at_once(threads, program.shared_memory + shared_memory, program.local_memory)
    if kernel.cooperative:
        at_once = prod(blocks)
    with np.errstate(all="ignore"):
        for chunk in chunks(blocks, threads, at_once, kernel.cluster or (1, 1, 1)):
            Machine(program, chunk, values, shared_memory).run()


def _blocks_at_once(block: Dims, shared_memory: int, local_memory: int) -> int:
    """As many as keep memory bounded: threads, and the bytes that blocks and threads have of their own."""
    threads = prod(block)
    own = shared_memory + threads * local_memory
    return max(1, min(THREADS_AT_ONCE // threads, BYTES_AT_ONCE // max(1, own)))
