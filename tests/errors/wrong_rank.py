from oxide_build import gpu
from oxide_build.gpu import MutSlice2D, f32


@gpu.kernel
def flat(m: MutSlice2D[f32]) -> None:
    i = gpu.index_1d()
    m[i] = 0.0


# report:
# wrong_rank.py:8:5: error: a MutSlice2D[f32] takes 2 indices, got 1
#         m[i] = 0.0
#         ^^^^
#   help: write x[i, j]
# 1 error
