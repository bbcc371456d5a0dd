from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32, u32


@gpu.kernel
def exchange(x: MutSlice[f32], lane: u32, members: i32) -> None:
    t = gpu.thread_idx.x
    swapped = gpu.shuffle(t > 3, 0)
    x[t] = gpu.shuffle(x[t], lane)
    x[t] = gpu.shuffle_xor(x[t], 1, mask=members)
    x[t] = gpu.shuffle_down(x, 1)
    x[t] = gpu.shuffle_up(x[t], 1, 0xFF)


# report:
# shuffle_operands.py:8:27: error: there is no shuffle of bool
#         swapped = gpu.shuffle(t > 3, 0)
#                               ^^^^^
#   help: there is one for i32, u32, i64, u64, f32, f64: convert the value
# shuffle_operands.py:9:30: error: `lane` is i32, this is u32
#         x[t] = gpu.shuffle(x[t], lane)
#                                  ^^^^
#   help: convert it: i32(…)
# shuffle_operands.py:10:42: error: a mask of lanes is u32, this is i32
#         x[t] = gpu.shuffle_xor(x[t], 1, mask=members)
#                                              ^^^^^^^
#   help: convert it: u32(…)
# shuffle_operands.py:11:29: error: a number is needed here, this is a MutSlice[f32]
#         x[t] = gpu.shuffle_down(x, 1)
#                                 ^
#   help: index it: `x[i]`
# shuffle_operands.py:12:12: error: `gpu.shuffle_up` takes 2 arguments
#         x[t] = gpu.shuffle_up(x[t], 1, 0xFF)
#                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write `gpu.shuffle_up(value, delta)`
# 5 errors
