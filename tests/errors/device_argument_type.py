from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64


@gpu.device
def square(x: f32) -> f32:
    return x * x


@gpu.kernel
def squares(x: MutSlice[f64]) -> None:
    i = gpu.index_1d()
    x[i] = square(x[i])


# report:
# device_argument_type.py:13:19: error: parameter `x` of `square` is f32, this is f64
#         x[i] = square(x[i])
#                       ^^^^
#   help: convert it: f32(…)
# 1 error
