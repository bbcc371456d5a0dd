"""The sum of any input in one launch: strides, then warps, then an atomic."""

from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32

BLOCK = 256
FACTOR = 3
WARPS = BLOCK // 32


@gpu.device
def warp_sum(value: f32) -> f32:
    for step in gpu.static_range(5):
        value += gpu.shuffle_down(value, 16 >> step)
    return value


@gpu.kernel(block=BLOCK)
def stride_sum(x: Slice[f32], out: MutSlice[f32]) -> None:
    sums = gpu.shared_array(WARPS, f32)
    total = f32(0)
    for i in gpu.grid_stride(len(x)):
        total += x[i] * FACTOR
    total = warp_sum(total)
    if gpu.lane_id() == 0:
        sums[gpu.warp_id()] = total
    gpu.sync_threads()
    if gpu.warp_id() == 0:
        lane = gpu.lane_id()
        total = warp_sum(sums[lane] if lane < WARPS else f32(0))
        if lane == 0:
            gpu.atomic_add(out, 0, total)
