from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32

LIMIT = 0.5


@gpu.kernel(max_thread=64)
def misspelt(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(block=256, max_threads=128)
def conflict(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(max_threads=LIMIT)
def no_integer(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(block=1024, min_blocks=3)
def too_many(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(fast_math="yes")
def no_bool(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(bounds_checks=0)
def a_number(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(block="BLOCK")
def no_parameter(x: MutSlice[f32]) -> None:
    x[0] = 1.0


@gpu.kernel(block=("SIDE", "side"), values={"SIDE": (16, 64)})
def another_name(x: MutSlice[f32], SIDE: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(block=("SIDE", "SIDE"), values={"SIDE": (16, 64)})
def too_large(x: MutSlice[f32], SIDE: gpu.Const[int]) -> None:
    x[0] = 1.0


@gpu.kernel(256)
def positional(x: MutSlice[f32]) -> None:
    x[0] = 1.0


# report:
# kernel_options.py:7:2: error: `@gpu.kernel` has no option `max_thread`
#     @gpu.kernel(max_thread=64)
#      ^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: did you mean `max_threads=256`? the options are: block, cluster, values, max_threads, min_blocks, bounds_checks, fast_math
# kernel_options.py:12:36: error: `block` is 256 threads, `max_threads` is 128
#     @gpu.kernel(block=256, max_threads=128)
#                                        ^^^
#   help: drop `max_threads`: `block` says all
# kernel_options.py:17:25: error: `max_threads` is an integer from 1 to 1024
#     @gpu.kernel(max_threads=LIMIT)
#                             ^^^^^
#   help: write `@gpu.kernel(max_threads=256)`, or a module-level constant
# kernel_options.py:22:36: error: 3 blocks of 1024 threads: a multiprocessor keeps at most 2048
#     @gpu.kernel(block=1024, min_blocks=3)
#                                        ^
#   help: ask for fewer blocks, or make them smaller
# kernel_options.py:27:23: error: `fast_math` is True or False
#     @gpu.kernel(fast_math="yes")
#                           ^^^^^
#   help: write `@gpu.kernel(fast_math=True)`
# kernel_options.py:32:27: error: `bounds_checks` is True or False
#     @gpu.kernel(bounds_checks=0)
#                               ^
#   help: write `@gpu.kernel(bounds_checks=False)`
# kernel_options.py:37:19: error: `block` names 'BLOCK', which is no integer `gpu.Const` parameter of the kernel
#     @gpu.kernel(block="BLOCK")
#                       ^^^^^^^
#   help: write a number, `block=256`
# kernel_options.py:42:19: error: `block` names 'side', which is no integer `gpu.Const` parameter of the kernel
#     @gpu.kernel(block=("SIDE", "side"), values={"SIDE": (16, 64)})
#                       ^^^^^^^^^^^^^^^^
#   help: name one of: SIDE
# kernel_options.py:47:19: error: a block is one to three positive integers with a product of at most 1024, this is 64 x 64, with SIDE = 64
#     @gpu.kernel(block=("SIDE", "SIDE"), values={"SIDE": (16, 64)})
#                       ^^^^^^^^^^^^^^^^
#   help: write `block=256` or `block=(16, 16)`, or module-level constants
# kernel_options.py:52:2: error: `@gpu.kernel` takes options by name only
#     @gpu.kernel(256)
#      ^^^^^^^^^^^^^^^
#   help: write `@gpu.kernel(block=256)`
# 10 errors
