from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32


@gpu.kernel
def count(floats: MutSlice[f32], numbers: MutSlice[i32], x: f32) -> None:
    gpu.atomic_max(floats, 0, 1.0)
    gpu.atomic_inc(numbers, 0, 1)
    gpu.atomic_add(numbers, 0, x)
    gpu.atomic_cas(numbers, 0, 1)
    gpu.atomic_and(numbers, 0, 1)


# report:
# atomic_type.py:7:20: error: there is no atomic max for f32
#         gpu.atomic_max(floats, 0, 1.0)
#                        ^^^^^^
#   help: there is one for i32, u32, i64, u64
# atomic_type.py:8:20: error: there is no atomic inc for i32
#         gpu.atomic_inc(numbers, 0, 1)
#                        ^^^^^^^
#   help: there is one for u32
# atomic_type.py:9:32: error: the value is i32, this is f32
#         gpu.atomic_add(numbers, 0, x)
#                                    ^
#   help: convert it: i32(…)
# atomic_type.py:10:5: error: `gpu.atomic_cas` takes 4 arguments
#         gpu.atomic_cas(numbers, 0, 1)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.atomic_cas(view, index, expected, value)`
# atomic_type.py:11:5: error: `gpu.atomic_and` is no function of `gpu`
#         gpu.atomic_and(numbers, 0, 1)
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `gpu.atomic_and_`?
# 5 errors
