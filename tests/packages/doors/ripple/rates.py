"""What kernels import: compiled into them, in no image of its own."""

import math

from oxide_build import gpu
from oxide_build.gpu import f32


@gpu.device
def fade(t: f32) -> f32:
    """What is left after a time of `t`."""
    return math.exp(-t)
