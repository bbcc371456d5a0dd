from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


import math


@gpu.kernel
def waves(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = math.gama(x[i]) + math.floor(x[i])


# report:
# math_unknown.py:11:12: error: `math.gama` is not available in kernels
#         x[i] = math.gama(x[i]) + math.floor(x[i])
#                ^^^^^^^^^^^^^^^
#   help: did you mean `math.gamma`?
# 1 error
