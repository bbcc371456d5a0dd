"""Warps: 32 consecutive threads of a block, x fastest, that exchange values without memory.

In: nothing on the host. Out: typed, documented names the compiler reads. Its own room
because one rule holds for all of them: the lanes that `mask` names (bit 0 is lane 0; all
lanes by default) call the operation together, each with the same mask; lanes that have
returned or do not exist are not waited for.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from oxide_build.gpu.types import i32, u32

    T = TypeVar("T")
    Int = TypeVar("Int", bound=int)


def lane_id() -> i32:
    """The thread's place in its warp, 0 to 31."""
    raise outside_kernel("gpu.lane_id()")


def warp_id() -> i32:
    """The warp's place in its block."""
    raise outside_kernel("gpu.warp_id()")


def active_mask() -> u32:
    """The lanes that happen to run this together: a snapshot, not a promise about what follows."""
    raise outside_kernel("gpu.active_mask()")


def sync_warp(mask: u32 | int = 0xFFFFFFFF) -> None:
    """Wait until every lane of the mask is here; writes before it are then seen by all of them."""
    raise outside_kernel("gpu.sync_warp()")


def shuffle(value: T, lane: i32 | int, *, mask: u32 | int = 0xFFFFFFFF) -> T:
    """The `value` of lane `lane % 32`, which must be in the mask. For numbers of 32 and 64 bits."""
    raise outside_kernel("gpu.shuffle()")


def shuffle_up(value: T, delta: i32 | int, *, mask: u32 | int = 0xFFFFFFFF) -> T:
    """The `value` of the lane `delta % 32` below; the first ones keep their own."""
    raise outside_kernel("gpu.shuffle_up()")


def shuffle_down(value: T, delta: i32 | int, *, mask: u32 | int = 0xFFFFFFFF) -> T:
    """The `value` of the lane `delta % 32` above; the last ones keep their own."""
    raise outside_kernel("gpu.shuffle_down()")


def shuffle_xor(value: T, lane_mask: i32 | int, *, mask: u32 | int = 0xFFFFFFFF) -> T:
    """The `value` of lane `lane_id() ^ lane_mask % 32`: pairs exchange."""
    raise outside_kernel("gpu.shuffle_xor()")


def ballot(condition: bool, *, mask: u32 | int = 0xFFFFFFFF) -> u32:
    """The lanes whose condition holds, bit 0 for lane 0."""
    raise outside_kernel("gpu.ballot()")


def any(condition: bool, *, mask: u32 | int = 0xFFFFFFFF) -> bool:
    """Whether some lane's condition holds."""
    raise outside_kernel("gpu.any()")


def all(condition: bool, *, mask: u32 | int = 0xFFFFFFFF) -> bool:
    """Whether every lane's condition holds."""
    raise outside_kernel("gpu.all()")


def match_any(value: float, *, mask: u32 | int = 0xFFFFFFFF) -> u32:
    """The lanes that hold the same bits as this one."""
    raise outside_kernel("gpu.match_any()")


def reduce_add(value: Int) -> Int:
    """The sum of all lanes' i32 or u32, which wraps; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_add()")


def reduce_min(value: Int) -> Int:
    """The least of all lanes' i32 or u32; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_min()")


def reduce_max(value: Int) -> Int:
    """The greatest of all lanes' i32 or u32; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_max()")


def reduce_and_(value: Int) -> Int:
    """The bitwise and of all lanes' i32 or u32; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_and_()")


def reduce_or_(value: Int) -> Int:
    """The bitwise or of all lanes' i32 or u32; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_or_()")


def reduce_xor(value: Int) -> Int:
    """The bitwise exclusive or of all lanes' i32 or u32; one instruction from sm_80 on."""
    raise outside_kernel("gpu.reduce_xor()")
