from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def reverse(x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    gpu.sync_thread()
    x[i] = x[len(x) - 1 - i]


# report:
# unknown_intrinsic.py:8:5: error: `gpu.sync_thread` is no function of `gpu`
#         gpu.sync_thread()
#         ^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.sync_threads`?
# 1 error
