"""Reads of memory that nobody has written: found in shared, dynamic and local arrays, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest

from oxide_build.errors import KernelFault

Written: TypeAlias = Callable[..., None]

ARRAYS = {
    "shared": "gpu.shared_array(64, i32)",
    "dynamic": "gpu.dynamic_shared_array(i32)",
    "local": "gpu.local_array(64, i32)",
}
BEFORE = """
@gpu.kernel
def k(limit: i32, out: MutSlice[i32]) -> None:
    a = {array}
    t = gpu.thread_idx.x
    {write}
    gpu.sync_threads()
    out[gpu.block_idx.x * 64 + t] = {read}
"""


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize(
    ("array", "read"),
    [
        *((array, read) for array in ARRAYS for read in ("a[t]", "gpu.load_vector(a, t // 4 * 4, 4)[1]")),
        # Atomics are for memory that threads share.
        *((array, "gpu.atomic_add(a, t, 1)") for array in ARRAYS if array != "local"),
    ],
)
def test_every_read_is_checked(written: Written, array: str, read: str) -> None:
    write = "for j in range(limit):\n        a[j] = 7" if array == "local" else "if t < limit:\n        a[t] = 7"
    source = BEFORE.format(array=ARRAYS[array], write=write, read=read)
    out = np.zeros(192, np.int32)
    written(source, 64, out, grid=3, block=64, shared_memory=256)
    assert (out == 7).all()
    space = "local" if array == "local" else "shared"
    message = rf"element 6[01] of {space} memory is read, .*, in block \(0, 0, 0\), thread \(6[01], 0, 0\)"
    with pytest.raises(KernelFault, match=message):
        written(source, 61 if read == "a[t]" else 60, out, grid=3, block=64, shared_memory=256)


def test_each_block_writes_its_own(written: Written) -> None:
    write = "if gpu.block_idx.x < limit:\n        a[t] = 7"
    source = BEFORE.format(array=ARRAYS["shared"], write=write, read="a[t]")
    out = np.zeros(192, np.int32)
    with pytest.raises(KernelFault, match=r"element 0 of shared memory is read, .* in block \(2, 0, 0\)"):
        written(source, 2, out, grid=3, block=64)


def test_an_atomic_store_writes(written: Written) -> None:
    source = BEFORE.format(array=ARRAYS["shared"], write="gpu.atomic_store(a, t, limit)", read="a[t]")
    out = np.zeros(64, np.int32)
    written(source, 5, out, grid=1, block=64)
    assert (out == 5).all()


def test_padding_needs_no_value(written: Written) -> None:
    source = """
    @gpu.struct
    class Padded:
        small: gpu.u8
        large: f64

    @gpu.kernel
    def k(out: MutSlice[f64]) -> None:
        own = gpu.local_array(2, Padded)
        rows = gpu.shared_array((2, 33), f64)
        t = gpu.thread_idx.x
        own[0].small = gpu.u8(t)
        own[0].large = 0.25
        whole = own[0]
        rows[0, t] = whole.large
        rows[1, t] = f64(whole.small)
        gpu.sync_warp()
        out[t] = rows[0, 31 - t] + rows[1, 31 - t]{more}
    """
    out = np.zeros(32)
    written(source.format(more=""), out, block=32)
    assert (out == np.arange(32)[::-1] + 0.25).all()
    with pytest.raises(KernelFault, match=r"element \[1, 32\] of shared memory is read"):
        written(source.format(more=" + rows[1, 32]"), out, block=32)
    with pytest.raises(KernelFault, match=r"element 1\.large of local memory is read, but the thread has not"):
        written(source.format(more=" + own[1].large"), out, block=32)
