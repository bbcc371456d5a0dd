from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, MutSlice, Slice, f32, f64, i32, u8


@gpu.kernel
def vectors(x: Slice[f32], d: DisjointSlice[f32], b: Slice[u8], w: Slice[f64], y: MutSlice[f32], n: i32) -> None:
    i = 4 * gpu.index_1d()
    a0, a1 = gpu.load_vector(x, i, n)
    b0, b1, b2 = gpu.load_vector(x, i, 3)
    c0, c1 = gpu.load_vector(b, i, 2)
    e0, e1, e2, e3 = gpu.load_vector(w, i, 4)
    f0, f1 = gpu.load_vector(d, i, 2)
    g0, g1 = gpu.load_vector(x, i, 4)
    gpu.store_vector(x, i, (1.0, 2.0))
    gpu.store_vector(y, i, 1.0)
    gpu.store_vector(y, i, (1.0, 2.0, 3.0))
    gpu.store_vector(y, i, (1.0, w[i]))
    gpu.store_vector(y, (i, i), (1.0, 2.0))


# report:
# vector_wrong.py:8:36: error: a vector of f32 has 2 or 4 elements
#         a0, a1 = gpu.load_vector(x, i, n)
#                                        ^
#   help: write 2 or 4, as a number
# vector_wrong.py:9:40: error: a vector of f32 has 2 or 4 elements
#         b0, b1, b2 = gpu.load_vector(x, i, 3)
#                                            ^
#   help: write 2 or 4, as a number
# vector_wrong.py:10:30: error: no vector access to u8
#         c0, c1 = gpu.load_vector(b, i, 2)
#                                  ^
#   help: there is one to f32, i32, u32, f64, i64, u64
# vector_wrong.py:11:44: error: a vector of f64 has 2 elements
#         e0, e1, e2, e3 = gpu.load_vector(w, i, 4)
#                                                ^
#   help: write 2, as a number
# vector_wrong.py:12:30: error: `d` is a DisjointSlice[f32]: each thread has one element, a vector is several
#         f0, f1 = gpu.load_vector(d, i, 2)
#                                  ^
#   help: declare it MutSlice and see to it that threads do not meet
# vector_wrong.py:13:5: error: 4 values for 2 names
#         g0, g1 = gpu.load_vector(x, i, 4)
#         ^^^^^^
# vector_wrong.py:14:22: error: `x` is a Slice[f32], which cannot be written
#         gpu.store_vector(x, i, (1.0, 2.0))
#                          ^
#   help: declare it MutSlice
# vector_wrong.py:15:28: error: a vector is stored from a tuple
#         gpu.store_vector(y, i, 1.0)
#                                ^^^
#   help: write gpu.store_vector(y, i, (a, b, c, d))
# vector_wrong.py:16:28: error: a vector of f32 has 2 or 4 elements
#         gpu.store_vector(y, i, (1.0, 2.0, 3.0))
#                                ^^^^^^^^^^^^^^^
#   help: write 2 or 4, as a number
# vector_wrong.py:17:28: error: the element is f32, this is f64
#         gpu.store_vector(y, i, (1.0, w[i]))
#                                ^^^^^^^^^^^
#   help: convert it: f32(…)
# vector_wrong.py:18:5: error: a MutSlice[f32] takes 1 index, got 2
#         gpu.store_vector(y, (i, i), (1.0, 2.0))
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
#   help: write x[i]
# 11 errors
