from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f32


@gpu.kernel
def totals(x: Slice[f32], y: Slice[f32], out: MutSlice[f32]) -> None:
    out[0] = sum(x)
    out[1] = sorted(x)[0]
    if any(x[0] > 0.0, y[0] > 0.0):
        out[2] = 1.0
    for pair in zip(x, y):
        out[3] = pair


# report:
# python_builtins.py:7:14: error: Python's `sum` is not part of the kernel language
#         out[0] = sum(x)
#                  ^^^^^^
#   help: write a `for … in range(…)` loop
# python_builtins.py:8:14: error: Python's `sorted` is not part of the kernel language
#         out[1] = sorted(x)[0]
#                  ^^^^^^^^^
#   help: sort on the host, or write the sort out
# python_builtins.py:9:8: error: Python's `any` is not part of the kernel language
#         if any(x[0] > 0.0, y[0] > 0.0):
#            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `or` between the conditions; over a warp `gpu.any(…)`, over a block `gpu.sync_threads_or(…)`
# python_builtins.py:11:17: error: a kernel cannot loop over `zip(x, y)`
#         for pair in zip(x, y):
#                     ^^^^^^^^^
#   help: write `for i in range(start, stop, step)`, `for i in gpu.grid_stride(n)`, or `for i in gpu.static_range(4)` to unroll
# 4 errors
