from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice2D, f32

TABLE = (1, 2, 3)


@gpu.kernel
def fill(a: Slice2D[f32], y: MutSlice[f32]) -> None:
    gpu.require(len(y) >= TABLE[a.shape[0]])
    gpu.require(len(a[0]) >= 4)
    y[0] = 1.0


# report:
# require_on_table.py:9:27: error: `TABLE[a.shape[0]]` cannot stand in `gpu.require`, which the host computes before each launch
#         gpu.require(len(y) >= TABLE[a.shape[0]])
#                               ^^^^^^^^^^^^^^^^^
#   help: use extents (len(x), x.shape[0]), scalar parameters, constants, arithmetic and comparisons
# require_on_table.py:10:17: error: `len(a[0])` cannot stand in `gpu.require`, which the host computes before each launch
#         gpu.require(len(a[0]) >= 4)
#                     ^^^^^^^^^
#   help: use extents (len(x), x.shape[0]), scalar parameters, constants, arithmetic and comparisons
# 2 errors
