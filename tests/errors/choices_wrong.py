from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, i32


@gpu.kernel
def choices(flag: bool, a: Slice[f32], b: MutSlice[f32], c: Slice[i32], n: i32) -> None:
    x = a if flag else c
    y = a if flag else n
    tile = gpu.shared_array(8, f32)
    z = b if flag else tile
    print(f"n is {n}, a[0] is {a[0]:.3f}!")
    d = gpu.math.dist((a[0], a[1]), (b[0],))
    e = gpu.math.dist(a, b)
    g = gpu.math.frexp(n)


# report:
# choices_wrong.py:7:9: error: the sides of `if … else` are Slice[f32] and Slice[i32]
#         x = a if flag else c
#             ^^^^^^^^^^^^^^^^
#   help: arrays to choose between agree in element type, rank, fixed extents, access and kind of memory: write an `if` with the work on each in its own side
# choices_wrong.py:8:9: error: the sides of `if … else` are Slice[f32] and i32
#         y = a if flag else n
#             ^^^^^^^^^^^^^^^^
#   help: an array is no number: index it, `x[i]`
# choices_wrong.py:10:9: error: the sides of `if … else` are MutSlice[f32] and shared array of f32
#         z = b if flag else tile
#             ^^^^^^^^^^^^^^^^^^^
#   help: arrays to choose between agree in element type, rank, fixed extents, access and kind of memory: write an `if` with the work on each in its own side
# choices_wrong.py:11:11: error: `print` in a kernel does not format strings
#         print(f"n is {n}, a[0] is {a[0]:.3f}!")
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write its parts: `print('n is ', n, ', a[0] is ', a[0], '!', sep='')`
# choices_wrong.py:12:9: error: points of 2 and 1 coordinates
#         d = gpu.math.dist((a[0], a[1]), (b[0],))
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: give both as many
# choices_wrong.py:13:23: error: a point is a tuple of floats, this is Slice[f32]
#         e = gpu.math.dist(a, b)
#                           ^
#   help: write `math.dist((x, y), (u, v))`
# choices_wrong.py:14:24: error: math functions take floats (f32, f64, f16, bf16), this is i32
#         g = gpu.math.frexp(n)
#                            ^
#   help: convert it: f32(…)
# 7 errors
