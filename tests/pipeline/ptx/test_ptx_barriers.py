"""The PTX of barriers beyond the block's own and of wide views, judged by ptxas."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from oxide_build.errors import CompileError

Ptx = Callable[..., str]


def kernel(*lines: str, attributes: str = "KERNEL") -> str:
    """A kernel of these lines, between a store and a load."""
    body = "\n".join(f"  {line}" for line in lines)
    return f"""kernel @k(%n: i32, %x: view<?xi32, mut, global>) {attributes} {{
^bb0:
  %p = mir.element %x, %n : ptr<i32, global>
  mir.store %n, %p
{body}
  %v = mir.load %p : i32
  %w = mir.add %v, %n : i32
  mir.store %w, %p
  mir.return
}}"""


def in_order(text: str, *words: str) -> None:
    start = 0
    for word in words:
        found = re.compile(word).search(text, start)
        assert found is not None, f"{word} not in\n{text[start:]}"
        start = found.end()


@pytest.mark.parametrize("target", ["sm_75", "sm_90", "sm_100"])
def test_grid_barrier(ptx: Ptx, target: str) -> None:
    """One thread of each block counts it in the driver's word, between two barriers of the block."""
    text = ptx(kernel("mir.sync_grid"), target=target)
    in_order(
        text,
        r"st\.global",
        r"barrier\.sync 0;",
        r"mov\.u32 high, %envreg1;",
        r"mov\.u32 low, %envreg2;",
        r"atom\.add\.release\.gpu\.u32 before, \[word\+4\]",
        r"ld\.acquire\.gpu\.u32 now, \[word\+4\]",
        r"barrier\.sync 0;",
        r"ld\.global",
    )


def test_two_grid_barriers_have_labels_of_their_own(ptx: Ptx) -> None:
    assert ptx(kernel("mir.sync_grid", "mir.sync_grid")).count("atom.add.release.gpu.u32") == 2


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize("operation", ["sync", "arrive"])
def test_named_barriers(ptx: Ptx, operation: str, target: str) -> None:
    constants = "%b = mir.constant {value = 3, type = i32} : i32", "%c = mir.constant {value = 64, type = i32} : i32"
    fixed = ptx(kernel(*constants, f"mir.named_barrier %b, %c {{operation = '{operation}'}}"), target=target)
    in_order(fixed, r"st\.global", rf"barrier(\.cta)?\.{operation}\s+3, 64;", r"ld\.global")
    chosen = ptx(kernel(f"mir.named_barrier %n, %n {{operation = '{operation}'}}"), target=target)
    assert re.search(rf"barrier(\.cta)?\.{operation}\s+%r\d+, %r\d+;", chosen)


def test_clusters(ptx: Ptx) -> None:
    attributes = "{index_dims = 0, block = (64, 1, 1), contracts = (), cluster = (2, 1, 1)}"
    lines = "mir.sync_cluster", "%r = mir.cluster_rank : i32", "mir.store %r, %p"
    text = ptx(kernel(*lines, attributes=attributes))
    in_order(
        text, r"\.reqnctapercluster 2, 1, 1", r"st\.global", r"barrier\.cluster\.arrive", r"barrier\.cluster\.wait"
    )
    assert "%cluster_ctarank" in text


@pytest.mark.parametrize("target", ["sm_90", "sm_90a", "sm_100", "sm_120"])
@pytest.mark.parametrize(
    ("line", "instruction"),
    [
        ("mir.wait_for_previous_kernel", r"griddepcontrol\.wait;"),
        ("mir.let_next_kernel_start", r"griddepcontrol\.launch_dependents;"),
    ],
)
def test_between_kernels(ptx: Ptx, line: str, instruction: str, target: str) -> None:
    in_order(ptx(kernel(line), target=target), r"st\.global", instruction, r"ld\.global", r"st\.global")


@pytest.mark.parametrize("target", ["sm_75", "sm_80", "sm_89"])
def test_kernels_do_not_overlap_before_sm_90(ptx: Ptx, target: str) -> None:
    text = ptx(kernel("mir.wait_for_previous_kernel", "mir.let_next_kernel_start"), target=target)
    assert "griddepcontrol" not in text


def test_what_was_read_before_the_wait_is_read_again_behind_it(ptx: Ptx) -> None:
    """And in a loop after it, where the address does not change: no load rises above the wait, no store either."""
    text = ptx("""
kernel @k(%x: view<?xi32, read, global>, %y: view<?xi32, mut, global>, %n: i32) KERNEL {
^bb0:
  %p = mir.element %x, %n : ptr<i32, global>
  %q = mir.element %y, %n : ptr<i32, global>
  %first = mir.load %p : i32
  mir.wait_for_previous_kernel
  %zero = mir.constant {value = 0, type = i32} : i32
  %one = mir.constant {value = 1, type = i32} : i32
  mir.br ^bb1(%zero, %first)
^bb1(%i: i32, %sum: i32):
  %more = mir.cmp %i, %n {predicate = 'lt'} : bool
  mir.cond_br %more, ^bb2, ^bb3
^bb2:
  %v = mir.load %p : i32
  %s = mir.add %sum, %v : i32
  %j = mir.add %i, %one : i32
  mir.br ^bb1(%j, %s)
^bb3:
  mir.store %sum, %q
  mir.return
}""")
    before, after = text.split("griddepcontrol.wait;")
    assert before.count("ld.global") == 1
    assert "st.global" not in before
    assert ".nc." not in text
    in_order(after, r"ld\.global", r"st\.global")


@pytest.mark.parametrize(
    ("line", "attributes", "message"),
    [
        ("mir.sync_cluster", "KERNEL", "`gpu.sync_cluster` exists from sm_90 on"),
        ("%r = mir.cluster_rank : i32", "KERNEL", "`gpu.cluster_rank` exists from sm_90 on"),
        (
            "mir.thread_fence {scope = 'block'}",
            "{index_dims = 0, block = None, contracts = (), cluster = (2, 1, 1)}",
            "`cluster=` exists from sm_90 on; this is compiled for sm_80",
        ),
    ],
)
def test_targets_without_clusters(ptx: Ptx, line: str, attributes: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        ptx(kernel(line, attributes=attributes), target="sm_80")


def test_extents_of_wide_views_are_64_bits(ptx: Ptx) -> None:
    """As the launch passes them, and as the check compares them."""
    text = ptx("""
kernel @k(%x: view<?xi32, mut, global, wide>, %i: i64) KERNEL {
^bb0:
  %n = mir.extent %x {dimension = 0} : i64
  mir.bounds_check %i, %n
  %p = mir.element %x, %i : ptr<i32, global>
  %v = mir.load %p : i32
  %w = mir.add %v, %v : i32
  mir.store %w, %p
  mir.return
}""")
    assert re.search(r"\.param \.(u|b)64 k_param_1", text)
    assert re.search(r"setp\.\w+\.(u|s|b)64", text)
