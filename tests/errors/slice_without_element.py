from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def clear(x: MutSlice, m: MutSlice[f32, 2]) -> None:
    pass


# report:
# slice_without_element.py:6:14: error: `MutSlice` needs its element type
#     def clear(x: MutSlice, m: MutSlice[f32, 2]) -> None:
#                  ^^^^^^^^
#   help: write MutSlice[f32]
# slice_without_element.py:6:27: error: `MutSlice` takes one element type
#     def clear(x: MutSlice, m: MutSlice[f32, 2]) -> None:
#                               ^^^^^^^^^^^^^^^^
#   help: the rank is in the name: MutSlice2D[f32]
# 2 errors
