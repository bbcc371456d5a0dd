from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.device
def square(x: f32):
    return x * x


@gpu.kernel
def squares(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = square(x[i])


# report:
# device_without_result_type.py:6:1: error: `square` does not declare what it returns
#     def square(x: f32):
#     ^^^^^^^^^^^^^^^^^^^
#   help: write `def square(…) -> f32:` (or `-> None`, or `-> tuple[f32, f32]`)
# 1 error
