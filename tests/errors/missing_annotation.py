from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def scale(factor, x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = factor * x[i]


# report:
# missing_annotation.py:6:11: error: parameter `factor` has no type
#     def scale(factor, x: MutSlice[f32]) -> None:
#               ^^^^^^
#   help: write `factor: f32` or `factor: Slice[f32]`
# 1 error
