from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


@gpu.kernel
def halve(x: MutSlice[i32]) -> None:
    i = gpu.index_1d()
    x[i] = x[i] / 2


# report:
# int_division.py:8:12: error: `/` of integers (i32)
#         x[i] = x[i] / 2
#                ^^^^^^^^
#   help: write `//` for the whole quotient, or f32(a) / f32(b) for a fraction
# 1 error
