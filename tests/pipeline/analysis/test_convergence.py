"""Barriers that only some threads come to; what each report says is in tests/errors/barrier_*.py."""

from __future__ import annotations

import pytest

from oxide_build.errors import CompileErrors, SourceFile
from oxide_build.pipeline import to_ssa

HEAD = """from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.device(inline=False)
def swap(out: MutSlice[f32]) -> None:
    gpu.sync_threads()
    out[0] = 1.0
"""

KERNEL = """

@gpu.kernel
def k{number}(out: MutSlice[f32]) -> None:
    if gpu.thread_idx.x > {number}:
        gpu.sync_threads()
    out[0] = 1.0
"""


def test_every_kernel_of_a_module_is_checked() -> None:
    """However many there are: nothing of one that is done may be taken for the next."""
    kernels = [KERNEL.format(number=number) for number in range(40)]
    with pytest.raises(CompileErrors) as raised:
        to_ssa(SourceFile("many.py", HEAD + "".join(kernels), "test.many"))
    assert len(raised.value.errors) == len(kernels)


def test_a_function_is_checked_for_every_kernel_that_calls_it() -> None:
    """Its barrier is reported once, whichever of the kernels parts its threads."""
    kernels = [KERNEL.format(number=number).replace("gpu.sync_threads()", "swap(out)") for number in range(8)]
    right = [kernel.replace("gpu.thread_idx.x", "gpu.block_idx.x") for kernel in kernels[:-1]]
    with pytest.raises(CompileErrors) as raised:
        to_ssa(SourceFile("called.py", HEAD + "".join([*right, kernels[-1]]), "test.called"))
    assert len(raised.value.errors) == 1
