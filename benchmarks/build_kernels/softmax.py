"""The softmax of every row, a block each."""

import math

from oxide_build import gpu
from oxide_build.gpu import MutSlice, MutSlice2D, Slice2D, f32, i32

BLOCK = 256
FACTOR = 3


@gpu.device
def block_max(values: MutSlice[f32], thread: i32) -> f32:
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            values[thread] = max(values[thread], values[thread + half])
        gpu.sync_threads()
        half //= 2
    largest = values[0]
    gpu.sync_threads()
    return largest


@gpu.device
def block_sum(values: MutSlice[f32], thread: i32) -> f32:
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            values[thread] += values[thread + half]
        gpu.sync_threads()
        half //= 2
    total = values[0]
    gpu.sync_threads()
    return total


@gpu.kernel(block=BLOCK)
def softmax(x: Slice2D[f32], y: MutSlice2D[f32]) -> None:
    gpu.require(x.shape[0] == y.shape[0] and x.shape[1] == y.shape[1])
    scratch = gpu.shared_array(BLOCK, f32)
    row, thread, columns = gpu.block_idx.x, gpu.thread_idx.x, x.shape[1]
    if row >= x.shape[0]:
        return
    largest = f32(-math.inf)
    for col in range(thread, columns, BLOCK):
        largest = max(largest, x[row, col])
    scratch[thread] = largest
    largest = block_max(scratch, thread)
    total = f32(0)
    for col in range(thread, columns, BLOCK):
        total += gpu.math.exp((x[row, col] - largest) * FACTOR)
    scratch[thread] = total
    total = block_sum(scratch, thread)
    for col in range(thread, columns, BLOCK):
        y[row, col] = gpu.math.exp((x[row, col] - largest) * FACTOR) / total
