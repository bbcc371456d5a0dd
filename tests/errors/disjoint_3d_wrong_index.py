from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, DisjointSlice3D, f32


@gpu.kernel
def mixed(x: DisjointSlice3D[f32], y: DisjointSlice2D[f32]) -> None:
    plane, row, col = gpu.index_3d()
    x[plane, col, row] = 0.0
    y[row, col] = 0.0


# report:
# disjoint_3d_wrong_index.py:8:5: error: a DisjointSlice3D[f32] is indexed by the thread's own index only
#         x[plane, col, row] = 0.0
#         ^^^^^^^^^^^^^^^^^^
#   help: write `plane, row, col = gpu.index_3d()` and use that; or declare it MutSlice and see to it that threads do not meet
# disjoint_3d_wrong_index.py:9:5: error: a DisjointSlice2D[f32] is indexed by the thread's own index only
#         y[row, col] = 0.0
#         ^^^^^^^^^^^
#   help: write `row, col = gpu.index_2d()` and use that; or declare it MutSlice and see to it that threads do not meet
# 2 errors
