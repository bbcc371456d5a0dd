from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, Slice2D, f32


@gpu.kernel
def transpose(x: Slice2D[f32], y: DisjointSlice2D[f32]) -> None:
    row, col = gpu.index_2d()
    if row < x.shape[0] and col < x.shape[1]:
        y[col, row] = x[row, col]


# report:
# disjoint_2d_swapped.py:9:9: error: a DisjointSlice2D[f32] is indexed by the thread's own index only
#             y[col, row] = x[row, col]
#             ^^^^^^^^^^^
#   help: write `row, col = gpu.index_2d()` and use that; or declare it MutSlice and see to it that threads do not meet
# 1 error
