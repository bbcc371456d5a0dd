from oxide_build import gpu
from oxide_build.gpu import DisjointSlice2D, f32


@gpu.kernel
def rows(y: DisjointSlice2D[f32]) -> None:
    row, col = gpu.index_2d()
    line = y[row]
    line[col] = 0.0


# report:
# row_of_disjoint.py:8:12: error: a DisjointSlice2D[f32] has no rows: each thread has its own element only
#         line = y[row]
#                ^^^^^^
#   help: write x[i, j]; or declare it MutSlice2D and see to it that threads do not meet
# 1 error
