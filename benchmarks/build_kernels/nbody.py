"""Forces between all bodies, by tiles of them in shared memory."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32

BLOCK = 256
FACTOR = 3


@gpu.kernel(block=BLOCK)
def forces(x: Slice[f32], y: Slice[f32], mass: Slice[f32], fx: DisjointSlice[f32], fy: DisjointSlice[f32]) -> None:
    gpu.require(len(x) == len(y) and len(x) == len(mass) and len(x) == len(fx) and len(x) == len(fy))
    xs = gpu.shared_array(BLOCK, f32)
    ys = gpu.shared_array(BLOCK, f32)
    masses = gpu.shared_array(BLOCK, f32)
    i, thread, n = gpu.index_1d(), gpu.thread_idx.x, len(x)
    here_x = x[i] if i < n else f32(0)
    here_y = y[i] if i < n else f32(0)
    sum_x, sum_y = f32(0), f32(0)
    for start in range(0, n, BLOCK):
        j = start + thread
        xs[thread] = x[j] if j < n else f32(0)
        ys[thread] = y[j] if j < n else f32(0)
        masses[thread] = mass[j] if j < n else f32(0)
        gpu.sync_threads()
        for k in range(BLOCK):
            dx, dy = xs[k] - here_x, ys[k] - here_y
            squared = dx * dx + dy * dy + FACTOR
            strength = masses[k] * gpu.math.rsqrt(squared) / squared
            sum_x += dx * strength
            sum_y += dy * strength
        gpu.sync_threads()
    if i < len(fx) and i < len(fy):
        fx[i] = sum_x
        fy[i] = sum_y
