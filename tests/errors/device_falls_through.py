from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.device
def sign(x: f32) -> f32:
    if x > 0.0:
        return 1.0


@gpu.kernel
def signs(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = sign(x[i])


# report:
# device_falls_through.py:6:1: error: `sign` can end without returning f32
#     def sign(x: f32) -> f32:
#     ^^^^^^^^^^^^^^^^^^^^^^^^
#   help: end every path with a `return`
# 1 error
