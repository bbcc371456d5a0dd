from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32, f64


@gpu.kernel
def narrow(x: Slice[f64], y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(y):
        y[i] = x[i]


# report:
# narrowing_store.py:9:16: error: the element is f32, this is f64
#             y[i] = x[i]
#                    ^^^^
#   help: convert it: f32(…)
# 1 error
