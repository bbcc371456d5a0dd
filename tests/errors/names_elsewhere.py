from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def first(x: MutSlice[f32]) -> None:
    i = gpu.grid(1)
    gpu.syncthreads()
    gpu.atomic.add(x, i, 1.0)
    gpu.atomicCAS(x, 0, 1, 2)
    x[1] = gpu.shfl_down_sync(0xFFFFFFFF, x[0], 1)


# report:
# names_elsewhere.py:7:9: error: `gpu.grid` is no function of `gpu`
#         i = gpu.grid(1)
#             ^^^^^^^^^^^
#   help: write `gpu.index_1d()`
# names_elsewhere.py:8:5: error: `gpu.syncthreads` is no function of `gpu`
#         gpu.syncthreads()
#         ^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.sync_threads`?
# names_elsewhere.py:9:5: error: `gpu.atomic.add` is no function of `gpu`
#         gpu.atomic.add(x, i, 1.0)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.atomic_add`?
# names_elsewhere.py:10:5: error: `gpu.atomicCAS` is no function of `gpu`
#         gpu.atomicCAS(x, 0, 1, 2)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.atomic_cas(array, index, expected, value)`
# names_elsewhere.py:11:12: error: `gpu.shfl_down_sync` is no function of `gpu`
#         x[1] = gpu.shfl_down_sync(0xFFFFFFFF, x[0], 1)
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.shuffle_down`?
# 5 errors
