"""Barriers that count, and clocks: what the threads of a block learn while they wait.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room
because only these two families are about time.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from oxide_build.gpu.types import i32, i64, u32


def sync_threads_count(condition: bool) -> i32:
    """`sync_threads()`, and in how many of the block's threads the condition holds."""
    raise outside_kernel("gpu.sync_threads_count()")


def sync_threads_and(condition: bool) -> bool:
    """`sync_threads()`, and whether the condition holds in every thread of the block."""
    raise outside_kernel("gpu.sync_threads_and()")


def sync_threads_or(condition: bool) -> bool:
    """`sync_threads()`, and whether the condition holds in some thread of the block."""
    raise outside_kernel("gpu.sync_threads_or()")


def clock64() -> i64:
    """Cycles of the multiprocessor the thread runs on: differences between two of its readings mean something."""
    raise outside_kernel("gpu.clock64()")


def global_timer() -> i64:
    """Nanoseconds, the same clock for the whole GPU; how often it ticks depends on the GPU."""
    raise outside_kernel("gpu.global_timer()")


def nanosleep(ns: u32 | int) -> None:
    """Let the thread rest for about `ns` nanoseconds, at most a millisecond: between two looks at a flag."""
    raise outside_kernel("gpu.nanosleep()")
