from typing import TypeVar

from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, f64

T = TypeVar("T", f32, f64)


@gpu.kernel(values={"n": (1024, 4096)})
def several(x: MutSlice[T], n: gpu.Const[int]) -> None:
    first = gpu.shared_array(n, T)
    second = gpu.shared_array(n, T)
    first[0] = x[0]
    second[0] = x[1]
    x[2] = first[0] + second[0]


# report:
# shared_arrays_of_a_variant.py:10:1: error: the shared arrays of `several` with T = f64, n = 4096 are 65536 bytes; a block has 49152
#     def several(x: MutSlice[T], n: gpu.Const[int]) -> None:
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: make them smaller, or use gpu.dynamic_shared_array, whose size the launch gives
# 1 error
