"""What the author knows and the compiler cannot see: that threads agree.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room because it computes nothing.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T", bound=float)


def assume_uniform(x: T) -> T:
    """`x`, of which you know that it is the same in all threads of the block.

    A barrier may then stand under a condition on it: `if gpu.assume_uniform(flags[i] > 0): …`. The GPU takes your
    word and hangs or worse where it is wrong; the simulator checks it.
    """
    raise outside_kernel("gpu.assume_uniform()")
