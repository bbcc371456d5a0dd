from oxide_build import gpu
from oxide_build.gpu import MutSlice, Slice, f64


@gpu.kernel
def total(x: Slice[f64], out: MutSlice[f64]) -> None:
    acc = 0.0
    for i in range(len(x)):
        acc += x[i]
    out[0] = acc


# report:
# local_changes_type.py:9:9: error: `acc` is f32 since line 7, this is f64
#             acc += x[i]
#             ^^^
#   help: a local has one type for its whole life: declare it in line 7, `acc: f64 = …`, or convert the value, f32(…)
# 1 error
