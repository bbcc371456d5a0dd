from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def trust(x: MutSlice[f32]) -> None:
    a = gpu.assume_uniform(x)
    b = gpu.assume_uniform()
    if gpu.assume_uniform(x[0]):
        x[0] = 1.0


# report:
# assume_uniform_of_array.py:7:28: error: a number is needed here, this is a MutSlice[f32]
#         a = gpu.assume_uniform(x)
#                                ^
#   help: index it: `x[i]`
# assume_uniform_of_array.py:8:9: error: `gpu.assume_uniform` takes 1 argument
#         b = gpu.assume_uniform()
#             ^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.assume_uniform(x)`
# assume_uniform_of_array.py:9:8: error: a condition is a bool, this is f32
#         if gpu.assume_uniform(x[0]):
#            ^^^^^^^^^^^^^^^^^^^^^^^^
#   help: compare it: `gpu.assume_uniform(x[0]) != 0`
# 3 errors
