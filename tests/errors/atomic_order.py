from oxide_build import gpu
from oxide_build.gpu import MutSlice, u32


@gpu.kernel
def count(bins: MutSlice[u32]) -> None:
    gpu.atomic_add(bins, 0, 1, order="seq_cst")


# report:
# atomic_order.py:7:5: error: `order` can only be 'relaxed' for now
#         gpu.atomic_add(bins, 0, 1, order="seq_cst")
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: leave `order` out
# 1 error
