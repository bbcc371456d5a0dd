"""Barriers beyond `sync_threads`, of kernels too, and clocks: who waits for whom, and how long.

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


def sync_grid() -> None:
    """Wait until every thread of the whole grid is here; writes before it are then seen by all of them.

    A kernel that uses it is launched cooperatively: a launch whose blocks do not all fit on the GPU at once raises
    LaunchError. Every thread of the grid must come by, so it stands outside of conditions that differ between them.
    """
    raise outside_kernel("gpu.sync_grid()")


def sync_cluster() -> None:
    """Wait until every thread of the cluster's blocks is here (sm_90 and later).

    Writes to global memory before it are then seen by all of them. Without `@gpu.kernel(cluster=…)` each block is a
    cluster of its own.
    """
    raise outside_kernel("gpu.sync_cluster()")


def cluster_rank() -> i32:
    """The block's place in its cluster, from 0, x fastest (sm_90 and later)."""
    raise outside_kernel("gpu.cluster_rank()")


def barrier_sync(barrier: i32 | u32 | int, count: i32 | u32 | int) -> None:
    """Wait at the block's barrier of that number, 1 to 15, until `count` threads have come: whole warps, 32 each.

    So some warps of a block meet while the others go on. Who calls `barrier_arrive` comes without waiting; all who
    come name the same count. Writes before it are then seen by those who waited.
    """
    raise outside_kernel("gpu.barrier_sync()")


def barrier_arrive(barrier: i32 | u32 | int, count: i32 | u32 | int) -> None:
    """Come to the block's barrier of that number, and go on at once: `barrier_sync` waits for this warp too."""
    raise outside_kernel("gpu.barrier_arrive()")


def wait_for_previous_kernel() -> None:
    """Wait until the kernel before this one has finished, and all it has written is seen here.

    `kernel.launch(…, programmatic=True)` lets a kernel start while the one before it on the same stream still runs;
    what comes before this wait then overlaps with it, so must touch no memory that the other one may write, and write
    none that it may read. Only a kernel all of whose threads wait can be launched so. Launched in any other way, and
    before sm_90, nothing overlaps, and this does nothing.
    """
    raise outside_kernel("gpu.wait_for_previous_kernel()")


def let_next_kernel_start() -> None:
    """Let a kernel that is launched with `programmatic=True` after this one start: once every block has said so.

    A block has said so when one of its threads has, or when it has finished. The next kernel's
    `gpu.wait_for_previous_kernel()` still waits for this one to finish, so nothing written after this is missed. Before
    sm_90 it does nothing.
    """
    raise outside_kernel("gpu.let_next_kernel_start()")


def clock64() -> i64:
    """Cycles of the multiprocessor the thread runs on: differences between two of its readings mean something."""
    raise outside_kernel("gpu.clock64()")


def global_timer() -> i64:
    """Nanoseconds, the same clock for the whole GPU; how often it ticks depends on the GPU."""
    raise outside_kernel("gpu.global_timer()")


def nanosleep(ns: u32 | int) -> None:
    """Let the thread rest for about `ns` nanoseconds, at most a millisecond: between two looks at a flag."""
    raise outside_kernel("gpu.nanosleep()")
