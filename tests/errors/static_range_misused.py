from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32, f64, i32


@gpu.kernel
def unrolled(n: i32, x: MutSlice[f32]) -> None:
    for i in gpu.static_range(n):
        x[i] = 1.0
    for i in gpu.static_range(100_000):
        x[i] = 1.0
    for k in gpu.static_range(4):
        k = 2
    y = k
    j = 0
    for j in gpu.static_range(2):
        x[j] = 1.0
    for i in gpu.unroll(range(n), n):
        x[i] = 1.0
    for a, b in (1, 2):
        x[a] = 1.0
    for v in (1.0, 2.0)[n]:
        x[0] = v


# report:
# static_range_misused.py:7:14: error: `gpu.static_range` counts between integers known at compile time
#         for i in gpu.static_range(n):
#                  ^^^^^^^^^^^^^^^^^^^
#   help: write numbers or module-level constants, or `range(…)` for a loop that counts on the GPU
# static_range_misused.py:9:14: error: unrolled loops of this function make 100000 copies of their bodies, the most is 4096
#         for i in gpu.static_range(100_000):
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `for i in range(…)`, which stays a loop
# static_range_misused.py:12:9: error: `k` is a compile-time constant here
#             k = 2
#             ^
#   help: assign to another name
# static_range_misused.py:13:9: error: `k` has a value only inside its unrolled loop
#         y = k
#             ^
#   help: assign it to another name there
# static_range_misused.py:15:9: error: `j` has a value already, and an unrolled loop's variable is a constant
#         for j in gpu.static_range(2):
#             ^
#   help: use another name
# static_range_misused.py:17:14: error: `gpu.unroll` takes a range or gpu.grid_stride and a constant from 1 to 64
#         for i in gpu.unroll(range(n), n):
#                  ^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `for i in gpu.unroll(range(n), 4):`
# static_range_misused.py:19:9: error: one number for 2 names
#         for a, b in (1, 2):
#             ^^^^
# static_range_misused.py:21:14: error: a kernel cannot loop over `(1.0, 2.0)[n]`
#         for v in (1.0, 2.0)[n]:
#                  ^^^^^^^^^^^^^
#   help: write `for i in range(start, stop, step)`, `for i in gpu.grid_stride(n)`, or `for i in gpu.static_range(4)` to unroll
# 8 errors
