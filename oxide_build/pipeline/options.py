"""What may vary in the code generated from one kernel source, apart from the target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Settings that shape generated code; every one of them is part of an artifact's identity.

    `opt_level` is LLVM's, 0 to 3; `fp_contract` lets a multiply and an add fuse, as nvcc does by default; `fast_math`
    allows approximate division, roots and transcendental functions and flushes subnormals; `line_info` adds source
    lines to the PTX for profilers and sanitizers; `bounds_checks` keeps the checks on indices and divisors.
    """

    opt_level: int = 3
    fp_contract: bool = True
    fast_math: bool = False
    line_info: bool = True
    bounds_checks: bool = True
