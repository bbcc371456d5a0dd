from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


def clear(x: MutSlice[f32]) -> None:
    x[gpu.index_1d()] = 0.0


# report:
# no_kernels.py:1:1: error: no kernel in this module
#     from oxide_build import gpu
#     ^
#   help: decorate a function with `@gpu.kernel` (after `from oxide_build import gpu`), or take the module out of `kernels` under [tool.oxide]
# 1 error
