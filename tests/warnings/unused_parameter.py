from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, i32


@gpu.device
def half(x: f32, _power: i32) -> f32:
    return x * 0.5


@gpu.kernel
def copy(n: i32, factor: f32, mask: Slice[i32], _reserved: i32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
    """Neither `factor` nor `mask` is used; `_reserved` is not meant to be."""
    i = gpu.index_1d()
    if i < n:
        factor = half(x[i], 1)
        y[i] = x[i]


# report:
# unused_parameter.py:11:18: warning: `copy` never uses its parameter `factor`
#     def copy(n: i32, factor: f32, mask: Slice[i32], _reserved: i32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
#                      ^^^^^^^^^^^
#   help: remove it, or name it `_factor` to keep it unused
# unused_parameter.py:11:31: warning: `copy` never uses its parameter `mask`
#     def copy(n: i32, factor: f32, mask: Slice[i32], _reserved: i32, x: Slice[f32], y: DisjointSlice[f32]) -> None:
#                                   ^^^^^^^^^^^^^^^^
#   help: remove it, or name it `_mask` to keep it unused
