"""The PTX of `gpu.assume_uniform`: none of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

KERNEL_TEXT = """
kernel @k(%n: i32, %out: view<?xi32, mut, global>) KERNEL {
^bb0:
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %c = mir.cmp %t, %n {predicate = 'lt'} : bool
  ASSUMED
  mir.cond_br CONDITION, ^bb1, ^bb2
^bb1:
  mir.sync_threads
  %p = mir.element %out, %n : ptr<i32, global>
  mir.store NUMBER, %p
  mir.br ^bb2
^bb2:
  mir.return
}
"""


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
def test_it_is_its_operand(ptx: Callable[..., str], target: str) -> None:
    assumed = "%d = mir.assume_uniform %c : bool\n  %u = mir.assume_uniform %t : i32"
    with_it = KERNEL_TEXT.replace("ASSUMED", assumed).replace("CONDITION", "%d").replace("NUMBER", "%u")
    without = KERNEL_TEXT.replace("  ASSUMED\n", "").replace("CONDITION", "%c").replace("NUMBER", "%t")
    assert ptx(with_it, target=target) == ptx(without, target=target)
    assert "bar.sync" in ptx(with_it, target=target) or "barrier.sync" in ptx(with_it, target=target)
