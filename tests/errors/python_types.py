from oxide_build import gpu


@gpu.kernel
def scale(factor: float, n: int, x: list) -> None:
    pass


# report:
# python_types.py:5:19: error: `float` has no fixed width on a GPU
#     def scale(factor: float, n: int, x: list) -> None:
#                       ^^^^^
#   help: write f32 or f64
# python_types.py:5:29: error: `int` has no fixed width on a GPU
#     def scale(factor: float, n: int, x: list) -> None:
#                                 ^^^
#   help: write i32 or i64
# python_types.py:5:37: error: `list` is no type of the kernel language
#     def scale(factor: float, n: int, x: list) -> None:
#                                         ^^^^
#   help: use one of: scalars (f32, i32, …), bool, structs, Slice[T], DisjointSlice[T], MutSlice[T] and their 2D, 3D, … forms
# 3 errors
