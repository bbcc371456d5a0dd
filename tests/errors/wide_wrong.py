from oxide_build import gpu
from oxide_build.gpu import Index1D, MutSlice, Slice, Wide, f32, i32, i64


@gpu.device
def first(x: Slice[f32]) -> f32:
    return x[0]


@gpu.device
def own(i: Index1D) -> i32:
    return i + 1


@gpu.kernel
def wide(x: Wide[Slice[f32]], y: MutSlice[f32]) -> None:
    y[0] = first(x)
    size: i32 = len(x)
    for i in gpu.grid_stride(len(x)):
        y[0] += f32(own(i))
    x[0] = 1.0
    y[len(x)] = 0.0


@gpu.kernel
def scalar(n: gpu.Wide[i64]) -> None:
    return


# report:
# wide_wrong.py:17:18: error: parameter `x` of `first` is Slice[f32], this is Wide[Slice[f32]]
#         y[0] = first(x)
#                      ^
# wide_wrong.py:18:5: error: `size` is i32 since line 18, this is i64
#         size: i32 = len(x)
#         ^^^^
#   help: a local has one type for its whole life: declare it in line 18, `size: i64 = …`, or convert the value, i32(…)
# wide_wrong.py:20:25: error: parameter `i` of `own` is Index1D, this is Index1D in i64
#             y[0] += f32(own(i))
#                             ^
#   help: pass the result of gpu.index_1d(), index_2d() or index_3d() itself, not a number computed from it
# wide_wrong.py:21:5: error: `x` is a Wide[Slice[f32]], which cannot be written
#         x[0] = 1.0
#         ^
#   help: declare it DisjointSlice (each thread writes its own element) or MutSlice
# wide_wrong.py:26:15: error: `gpu.Wide[i64]`: only views are wide
#     def scalar(n: gpu.Wide[i64]) -> None:
#                   ^^^^^^^^^^^^^
#   help: write gpu.Wide[Slice[f32]]
# 5 errors
