from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def ranks(x: Slice[f32, 3], y: gpu.DisjointSlice4D[f32]) -> None:
    pass


# report:
# view_rank_unknown.py:6:14: error: `Slice` takes one element type
#     def ranks(x: Slice[f32, 3], y: gpu.DisjointSlice4D[f32]) -> None:
#                  ^^^^^^^^^^^^^
#   help: the rank is in the name: Slice2D[f32]
# view_rank_unknown.py:6:32: error: `gpu.DisjointSlice4D[f32]` is no type of the kernel language
#     def ranks(x: Slice[f32, 3], y: gpu.DisjointSlice4D[f32]) -> None:
#                                    ^^^^^^^^^^^^^^^^^^^^^^^^
#   help: use one of: scalars (f32, i32, …), bool, structs, Slice[T], DisjointSlice[T], MutSlice[T] and their 2D, 3D, … forms
# 2 errors
