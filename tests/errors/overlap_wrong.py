from oxide_build import gpu
from oxide_build.gpu import MutSlice, i32


@gpu.kernel
def overlap(out: MutSlice[i32]) -> None:
    gpu.wait_for_previous_kernel(1)
    gpu.let_next_kernel_start(out)
    gpu.wait_for_previous()


# report:
# overlap_wrong.py:7:5: error: `gpu.wait_for_previous_kernel` takes 0 arguments
#         gpu.wait_for_previous_kernel(1)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.wait_for_previous_kernel()`
# overlap_wrong.py:8:5: error: `gpu.let_next_kernel_start` takes 0 arguments
#         gpu.let_next_kernel_start(out)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.let_next_kernel_start()`
# overlap_wrong.py:9:5: error: `gpu.wait_for_previous` is no function of `gpu`
#         gpu.wait_for_previous()
#         ^^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.wait_for_previous_kernel`?
# 3 errors
