"""The Gaussian error linear unit, by its approximation with a hyperbolic tangent."""

from oxide_build import gpu
from oxide_build.gpu import DisjointSlice, Slice, f32

BLOCK = 256
FACTOR = 3


@gpu.device
def gelu(x: f32) -> f32:
    return 0.5 * x * (1.0 + gpu.math.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


@gpu.kernel(block=BLOCK)
def activate(x: Slice[f32], bias: f32, out: DisjointSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < len(out) and i < len(x):
        out[i] = gelu(x[i] * FACTOR + bias)
