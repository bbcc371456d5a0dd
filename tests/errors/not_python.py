from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def clear(x: MutSlice[f32]) -> None:
    x[gpu.index_1d()] = = 0.0


# report:
# not_python.py:7:25: error: not Python: invalid syntax
#         x[gpu.index_1d()] = = 0.0
#                             ^
# 1 error
