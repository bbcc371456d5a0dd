from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Index1D, f32


@gpu.device
def put(y: DisjointSlice[f32], i: Index1D, value: f32) -> None:
    y[i] = value


@gpu.kernel
def fill(y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    j = i + 0
    if j < len(y):
        put(y, j, 1.0)


# report:
# witness_lost.py:15:16: error: parameter `i` of `put` is Index1D, this is i32
#             put(y, j, 1.0)
#                    ^
#   help: pass the result of gpu.index_1d(), index_2d() or index_3d() itself, not a number computed from it
# 1 error
