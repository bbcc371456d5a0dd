from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32


@gpu.kernel
def copy(x: Slice[f32], y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    gpu.require(len(x) >= len(y))
    if i < len(y):
        y[i] = x[i]


# report:
# require_misplaced.py:8:5: error: `gpu.require` stands at the top of a kernel, before its other statements
#         gpu.require(len(x) >= len(y))
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: move it up; for a condition inside the kernel write `assert`
# 1 error
