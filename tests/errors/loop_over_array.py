from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32


@gpu.kernel
def total(x: Slice[f32], out: MutSlice[f32]) -> None:
    acc = 0.0
    for value in x:
        acc += value
    out[0] = acc


# report:
# loop_over_array.py:8:18: error: a kernel cannot loop over `x`
#         for value in x:
#                      ^
#   help: write `for i in range(start, stop, step)`, `for i in gpu.grid_stride(n)`, or `for i in gpu.static_range(4)` to unroll
# 1 error
