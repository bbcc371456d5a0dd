from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def count(out: MutSlice[f32]) -> None:
    for i in gpu.static_range(10**30):
        out[i] = 0.0


# report:
# static_range_endless.py:7:14: error: unrolled loops of this function make 1000000000000000000000000000000 copies of their bodies, the most is 4096
#         for i in gpu.static_range(10**30):
#                  ^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `for i in range(…)`, which stays a loop
# 1 error
