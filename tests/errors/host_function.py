from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


def helper(x: float) -> float:
    return x * 2.0


@gpu.kernel
def double(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = helper(x[i])


# report:
# host_function.py:12:12: error: `helper` is a host function
#         x[i] = helper(x[i])
#                ^^^^^^^^^^^^
#   help: decorate it with `@gpu.device` to call it here
# 1 error
