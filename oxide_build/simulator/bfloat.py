"""bfloat16 for NumPy, which has no such type.

In and out: arrays. In memory a bf16 is its 16 bits, as `uint16`; in registers it is the
`float32` of the same value, and whatever computes one is rounded to a bf16 afterwards. Its
own room because memory, arguments and operations each need one half of this.
"""

from __future__ import annotations

import numpy as np

from oxide_build.simulator.threads import Array

_LOW, _QUIET, _MANTISSA = np.uint32(0xFFFF), np.uint32(0x400000), np.uint32(0x7F0000)


def decode(bits: Array) -> Array:
    """The values of 16-bit patterns."""
    values: Array = (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return values


def encode(values: Array) -> Array:
    """The 16-bit patterns of bf16 values."""
    bits: Array = (values.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    return bits


def nearest(values: Array) -> Array:
    """Numbers of any kind as bf16 values: to f32 first, then to nearest even; a NaN stays one."""
    single = values.astype(np.float32)
    bits = single.view(np.uint32)
    upper = bits & ~_LOW
    rounded = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & ~_LOW
    nan = np.where(upper & _MANTISSA, upper, upper | _QUIET)
    found: Array = np.where(np.isnan(single), nan, rounded)[()].view(np.float32)
    return found
