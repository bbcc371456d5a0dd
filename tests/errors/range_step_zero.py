from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def forever(x: MutSlice[f32]) -> None:
    for i in range(0, len(x), 0):
        x[i] = 0.0


# report:
# range_step_zero.py:7:14: error: the step of `range` is zero
#         for i in range(0, len(x), 0):
#                  ^^^^^^^^^^^^^^^^^^^
# 1 error
