from oxide_build import gpu
from oxide_build.gpu import MutSlice, u32


@gpu.kernel
def count(bins: MutSlice[u32], order: u32) -> None:
    gpu.atomic_add(bins, 0, 1, order="seqcst")
    gpu.atomic_add(bins, 0, 1, order=order)
    gpu.atomic_load(bins, 0, order="release")
    gpu.atomic_store(bins, 0, 1, order="acquire")


# report:
# atomic_order.py:7:38: error: `gpu.atomic_add` has no order 'seqcst'
#         gpu.atomic_add(bins, 0, 1, order="seqcst")
#                                          ^^^^^^^^
#   help: did you mean 'seq_cst'? there are: 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst'
# atomic_order.py:8:38: error: `order` is a word written out, known at compile time
#         gpu.atomic_add(bins, 0, 1, order=order)
#                                          ^^^^^
#   help: write one of 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst'
# atomic_order.py:9:36: error: `gpu.atomic_load` has no order 'release'
#         gpu.atomic_load(bins, 0, order="release")
#                                        ^^^^^^^^^
#   help: there are: 'relaxed', 'acquire', 'seq_cst'
# atomic_order.py:10:40: error: `gpu.atomic_store` has no order 'acquire'
#         gpu.atomic_store(bins, 0, 1, order="acquire")
#                                            ^^^^^^^^^
#   help: there are: 'relaxed', 'release', 'seq_cst'
# 4 errors
