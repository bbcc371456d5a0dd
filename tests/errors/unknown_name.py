from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def scale(factor: f32, x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    x[i] = x[i] * facter


# report:
# unknown_name.py:8:19: error: unknown name `facter`
#         x[i] = x[i] * facter
#                       ^^^^^^
#   help: did you mean `factor`?
# 1 error
