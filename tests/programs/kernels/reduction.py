"""Parallel reduction: the classic steps from a naive tree in shared memory to one launch over any input.

Each kernel but the last reduces a stretch of `x` to one number a block in `out[block]`; the host launches it again over
those until one is left. The last needs one launch: blocks stride over the input and meet in an atomic.
"""

from collections.abc import Callable

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32

BLOCK = 256
WARP = 32
WARPS = BLOCK // WARP


@gpu.device
def add(a: f32, b: f32) -> f32:
    return a + b


@gpu.device
def larger(a: f32, b: f32) -> f32:
    return max(a, b)


@gpu.device
def load(x: Slice[f32], i: i32) -> f32:
    """An element, or what adds nothing past the end."""
    return x[i] if i < len(x) else f32(0)


@gpu.kernel(block=BLOCK)
def interleaved_divergent(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 1: neighbours first; every other thread idles, so that all warps diverge."""
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    sums[thread] = load(x, gpu.index_1d())
    gpu.sync_threads()
    step = 1
    while step < BLOCK:
        if thread % (2 * step) == 0:
            sums[thread] += sums[thread + step]
        gpu.sync_threads()
        step *= 2
    if thread == 0:
        out[gpu.block_idx.x] = sums[0]


@gpu.kernel(block=BLOCK)
def interleaved_strided(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 2: the same pairs by consecutive threads; warps stay whole, but banks of shared memory conflict."""
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    sums[thread] = load(x, gpu.index_1d())
    gpu.sync_threads()
    step = 1
    while step < BLOCK:
        first = 2 * step * thread
        if first < BLOCK:
            sums[first] += sums[first + step]
        gpu.sync_threads()
        step *= 2
    if thread == 0:
        out[gpu.block_idx.x] = sums[0]


@gpu.kernel(block=BLOCK)
def sequential(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 3: the upper half onto the lower; no conflicts."""
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    sums[thread] = load(x, gpu.index_1d())
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            sums[thread] += sums[thread + half]
        gpu.sync_threads()
        half //= 2
    if thread == 0:
        out[gpu.block_idx.x] = sums[0]


@gpu.kernel(block=BLOCK)
def first_add(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 4: two elements a thread, added while they are loaded, so that no thread idles from the start."""
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    i = gpu.block_idx.x * (2 * BLOCK) + thread
    sums[thread] = load(x, i) + load(x, i + BLOCK)
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if thread < half:
            sums[thread] += sums[thread + half]
        gpu.sync_threads()
        half //= 2
    if thread == 0:
        out[gpu.block_idx.x] = sums[0]


@gpu.kernel(block=BLOCK)
def unrolled_last_warp(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 5: the last warp exchanges registers and needs no barrier."""
    sums = gpu.shared_array(BLOCK, f32)
    thread = gpu.thread_idx.x
    i = gpu.block_idx.x * (2 * BLOCK) + thread
    sums[thread] = load(x, i) + load(x, i + BLOCK)
    gpu.sync_threads()
    half = BLOCK // 2
    while half >= WARP:
        if thread < half:
            sums[thread] += sums[thread + half]
        gpu.sync_threads()
        half //= 2
    if thread < WARP:
        total = warp_reduce(sums[thread], add)
        if thread == 0:
            out[gpu.block_idx.x] = total


@gpu.kernel(block=BLOCK)
def unrolled(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 6: every step of the tree is written out for this block."""
    i = gpu.block_idx.x * (2 * BLOCK) + gpu.thread_idx.x
    total = block_reduce(load(x, i) + load(x, i + BLOCK), BLOCK, add)
    if gpu.thread_idx.x == 0:
        out[gpu.block_idx.x] = total


@gpu.kernel(block=BLOCK)
def unrolled_max(x: Slice[f32], out: MutSlice[f32]) -> None:
    """The same for the largest element of an `x` that is not empty."""
    gpu.require(len(x) > 0)
    i = gpu.block_idx.x * (2 * BLOCK) + gpu.thread_idx.x
    last = len(x) - 1
    largest = block_reduce(max(x[min(i, last)], x[min(i + BLOCK, last)]), BLOCK, larger)
    if gpu.thread_idx.x == 0:
        out[gpu.block_idx.x] = largest


@gpu.kernel(block=BLOCK)
def grid_stride(x: Slice[f32], out: MutSlice[f32]) -> None:
    """Step 7: as many elements a thread as there are, registers until the warps meet; adds to `out[0]`."""
    sums = gpu.shared_array(WARPS, f32)
    total = f32(0)
    for i in gpu.grid_stride(len(x)):
        total += x[i]
    total = warp_reduce(total, add)
    if gpu.lane_id() == 0:
        sums[gpu.warp_id()] = total
    gpu.sync_threads()
    if gpu.warp_id() == 0:
        lane = gpu.lane_id()
        total = warp_reduce(sums[lane] if lane < WARPS else f32(0), add)
        if lane == 0:
            gpu.atomic_add(out, 0, total)


@gpu.device
def warp_reduce(value: f32, op: gpu.Const[Callable[[f32, f32], f32]]) -> f32:
    """All lanes' values, to lane 0."""
    for step in gpu.static_range(5):
        value = op(value, gpu.shuffle_down(value, 16 >> step))
    return value


@gpu.device
def block_reduce(value: f32, block: gpu.Const[int], op: gpu.Const[Callable[[f32, f32], f32]]) -> f32:
    """All threads' values, to thread 0, for blocks of a power of two, at least 64 threads."""
    partial = gpu.shared_array(block, f32)
    thread = gpu.thread_idx.x
    partial[thread] = value
    gpu.sync_threads()
    for step in gpu.static_range(1, 6):
        half = block >> step
        if half >= WARP:
            if thread < half:
                partial[thread] = op(partial[thread], partial[thread + half])
            gpu.sync_threads()
    return warp_reduce(partial[thread], op)
