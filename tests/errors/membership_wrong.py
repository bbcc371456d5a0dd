from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32, i32, u32

FIRST, *REST = 1, 2, 3


@gpu.kernel
def k(x: MutSlice[f32], n: i32, u: u32) -> None:
    if n in x:
        x[0] = 1.0
    if n in 3:
        x[0] = 1.0
    if n in (u, 1):
        x[0] = 1.0
    if n in (x, 1):
        x[0] = 1.0
    if n in ((1, 2), 3):
        x[0] = 1.0
    if n is 3:
        x[0] = 1.0
    x[1] = FIRST


@gpu.kernel
def contract(x: MutSlice[f32], n: i32) -> None:
    gpu.require(n in x)
    gpu.require(n in (1, x[0]))


# report:
# membership_wrong.py:9:8: error: `in` looks into a tuple of numbers, this is MutSlice[f32]
#         if n in x:
#            ^^^^^^
#   help: write `x in (a, b)`; search an array in a loop
# membership_wrong.py:11:8: error: `in` looks into a tuple of numbers, this is the literal 3
#         if n in 3:
#            ^^^^^^
#   help: write `x in (a, b)`; search an array in a loop
# membership_wrong.py:13:8: error: `==` of i32 and u32
#         if n in (u, 1):
#            ^^^^^^^^^^^
#   help: signed and unsigned do not mix: convert one, i32(…) or u32(…)
# membership_wrong.py:15:8: error: a number is needed here, this is a MutSlice[f32]
#         if n in (x, 1):
#            ^^^^^^^^^^^
#   help: index it: `x[i]`
# membership_wrong.py:17:8: error: one value is needed here, this is a tuple of 2
#         if n in ((1, 2), 3):
#            ^^^^^^^^^^^^^^^^
#   help: unpack it: `a, b = …`
# membership_wrong.py:19:8: error: `is` is not part of the kernel language
#         if n is 3:
#            ^^^^^^
#   help: compare with == or !=
# membership_wrong.py:21:12: error: `FIRST` exists only on the host
#         x[1] = FIRST
#                ^^^^^
#   help: pass it as a parameter, or make it a module-level constant assigned once
# membership_wrong.py:26:17: error: `in` looks into a tuple of numbers
#         gpu.require(n in x)
#                     ^^^^^^
#   help: write `x in (a, b)`
# membership_wrong.py:27:26: error: `x[0]` cannot stand in `gpu.require`, which the host computes before each launch
#         gpu.require(n in (1, x[0]))
#                              ^^^^
#   help: use extents (len(x), x.shape[0]), scalar parameters, constants, arithmetic and comparisons
# 9 errors
