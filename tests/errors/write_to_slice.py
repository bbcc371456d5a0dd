from oxide_build import gpu
from oxide_build.gpu import Slice, f32


@gpu.kernel
def copy(x: Slice[f32], y: Slice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(y):
        y[i] = x[i]


# report:
# write_to_slice.py:9:9: error: `y` is a Slice[f32], which cannot be written
#             y[i] = x[i]
#             ^
#   help: declare it DisjointSlice (each thread writes its own element) or MutSlice
# 1 error
