from oxide_build import gpu
from oxide_build.gpu import Slice, f32


@gpu.kernel
def first(x: Slice[f32]) -> None:
    return x[0]


# report:
# kernel_returns_value.py:7:5: error: a kernel returns nothing: its results go into its arrays
#         return x[0]
#         ^^^^^^^^^^^
#   help: make the `return` and the annotation agree
# 1 error
