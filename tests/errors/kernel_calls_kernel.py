from oxide_build import gpu
from oxide_build.gpu import MutSlice, f32


@gpu.kernel
def clear(x: MutSlice[f32]) -> None:
    x[gpu.index_1d()] = 0.0


@gpu.kernel
def clear_twice(x: MutSlice[f32]) -> None:
    clear(x)
    clear(x)


# report:
# kernel_calls_kernel.py:12:5: error: `clear` is a kernel, which only the host launches
#         clear(x)
#         ^^^^^^^^
#   help: decorate it with `@gpu.device` to call it here
# kernel_calls_kernel.py:13:5: error: `clear` is a kernel, which only the host launches
#         clear(x)
#         ^^^^^^^^
#   help: decorate it with `@gpu.device` to call it here
# 2 errors
