from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f16, f32, f64

TABLE = gpu.table((0.25, 0.5, 0.25), f64)
HALF = f64(0.5)


@gpu.kernel
def smooth(scale: f64, x: Slice[f32], y: DisjointSlice[f32], z: DisjointSlice[f16]) -> None:
    i = gpu.index_1d()
    if i < len(x):
        y[i] = f32(x[i] * scale + 1.0)
        y[i] = f32(TABLE[1] * x[i])
        z[i] = f16(x[i] * HALF)


@gpu.kernel
def meant(scale: f64, x: Slice[f32], w: Slice[f64], y: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(x):
        total: f64 = 0.0
        for j in range(len(x)):
            total += x[j]
        y[i] = f32(total)
        y[i] = f32(f64(x[i]) * scale)
        y[i] = f32(x[i] * w[i])
        y[i] = x[i] * f32(scale)


# report:
# f64_by_accident.py:12:16: warning: computed in f64 because of one f64 operand, then narrowed to f32
#             y[i] = f32(x[i] * scale + 1.0)
#                    ^^^^^^^^^^^^^^^^^^^^^^^
#   note: f64_by_accident.py:12:20: an f32 operand becomes f64 here
#             y[i] = f32(x[i] * scale + 1.0)
#                        ^^^^^^^^^^^^
#   help: convert the f64 operand instead, f32(…), which is many times faster on most GPUs; if you mean f64 here, convert the f32 operand yourself: f64(…)
# f64_by_accident.py:13:16: warning: computed in f64 because of one f64 operand, then narrowed to f32
#             y[i] = f32(TABLE[1] * x[i])
#                    ^^^^^^^^^^^^^^^^^^^^
#   note: f64_by_accident.py:13:20: an f32 operand becomes f64 here
#             y[i] = f32(TABLE[1] * x[i])
#                        ^^^^^^^^^^^^^^^
#   help: convert the f64 operand instead, f32(…), which is many times faster on most GPUs; if you mean f64 here, convert the f32 operand yourself: f64(…)
# f64_by_accident.py:14:16: warning: computed in f64 because of one f64 operand, then narrowed to f16
#             z[i] = f16(x[i] * HALF)
#                    ^^^^^^^^^^^^^^^^
#   note: f64_by_accident.py:14:20: an f32 operand becomes f64 here
#             z[i] = f16(x[i] * HALF)
#                        ^^^^^^^^^^^
#   help: convert the f64 operand instead, f32(…), which is many times faster on most GPUs; if you mean f64 here, convert the f32 operand yourself: f64(…)
