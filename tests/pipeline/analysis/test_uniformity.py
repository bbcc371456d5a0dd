"""Among which threads values agree: each test prints the values it asks about, and reads their levels there."""

from __future__ import annotations

import textwrap

import pytest

from oxide_build.dialects import mir
from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_ssa
from oxide_build.pipeline.analysis.uniformity import analyse

HEAD = """
from oxide_build import gpu
from oxide_build.gpu import MutSlice, MutSlice2D, Slice, Slice2D, f32, f64, i32, i64, u32

TABLE = (3, 1, 2)


@gpu.device
def first_above(x: Slice[f32], limit: f32) -> i32:
    for i in range(len(x)):
        if x[i] > limit:
            return i
    return -1


@gpu.device(inline=False)
def sign(x: f32) -> tuple[f32, bool]:
    if x < 0.0:
        return f32(-1), True
    return f32(1), False


"""


def levels(body: str, values: str, decorator: str = "@gpu.kernel") -> list[str]:
    """The level of each of `values`, an argument list, at the end of a kernel."""
    text = textwrap.indent(f"{textwrap.dedent(body).strip()}\nprint({values})\n", "    ")
    parameters = "n: i32, a: f32, x: Slice[f32], m: Slice2D[f32], out: MutSlice[i32]"
    source = f"{HEAD}{decorator}\ndef k({parameters}) -> None:\n    t = gpu.thread_idx.x\n{text}"
    module = to_ssa(SourceFile("k.py", source, "test.k"))
    analysis = analyse(module, module.functions["k"])
    printed = [op for op in analysis.function.ops() if op.definition is mir.print_][-1]
    return [form.level.name.lower() for form in analysis.operands(printed)]


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("n * 2 + len(x)", "block"),
        ("gpu.block_idx.x * gpu.grid_dim.y", "block"),
        ("x[n] + a", "block"),
        ("TABLE[n]", "block"),
        ("TABLE[t]", "thread"),
        ("len(m[t])", "block"),
        ("m[n][t]", "thread"),
        ("x[t // 32]", "warp"),
        ("gpu.load_vector(x, n, 4)[1]", "block"),
        ("t", "thread"),
        ("gpu.lane_id()", "thread"),
        ("gpu.index_1d()", "thread"),
        ("gpu.atomic_add(out, 0, 1)", "thread"),
        ("gpu.atomic_load(out, 0)", "thread"),
        ("gpu.clock64()", "thread"),
        ("gpu.active_mask()", "thread"),
        ("gpu.arch", "block"),
        ("gpu.assume_uniform(t)", "block"),
        # parts of the thread's number
        ("t // 32", "warp"),
        ("t >> 5", "warp"),
        ("t >> 7", "warp"),
        ("t >> 4", "thread"),
        ("t // 64 * 3", "warp"),
        ("t // 48", "thread"),
        ("t % 32", "thread"),
        ("t & -32", "warp"),
        ("t & ~31", "warp"),
        ("u32(t) & u32(0xFFFFFFE0)", "warp"),
        ("i64(t) // 32", "warp"),
        ("f32(t) // 32.0", "thread"),
        ("t - gpu.lane_id()", "warp"),
        ("t - t % 32", "warp"),
        ("gpu.warp_id()", "warp"),
        ("gpu.index_1d() // 32", "warp"),
        ("(t + 64 + n * 32) // 32", "warp"),
        ("(t + n) // 32", "thread"),
        ("(t ^ 64) >> 5", "warp"),
        ("(t | 128) >> 5", "warp"),
        ("(t % 128) >> 5", "warp"),
        ("(t + (n << 5)) >> 5", "warp"),
        ("gpu.thread_idx.y", "warp"),
        ("t < 64", "warp"),
        ("64 > t", "warp"),
        ("t <= 31", "warp"),
        ("t >= 96", "warp"),
        ("t > 95", "warp"),
        ("t < 65", "thread"),
        ("t <= 32", "thread"),
        ("t < n", "thread"),
        ("t < n * 32", "warp"),
        ("t == 32", "thread"),
        ("0 <= t < 64", "warp"),
        ("n > 0 and t < 64", "warp"),
        ("n > 0 and len(x) > 3", "block"),
        ("n > 0 and t > 3", "thread"),
        ("1 if t < 32 else 2", "warp"),
        ("t if n > 3 else t + 32", "thread"),
        ("(t if n > 3 else t + 32) // 32", "warp"),
        # what lanes tell each other
        ("gpu.any(t > 3)", "warp"),
        ("gpu.any(n > 3)", "block"),
        ("gpu.ballot(n > 3)", "warp"),
        ("gpu.all(t > 3, mask=u32(n))", "thread"),
        ("gpu.reduce_add(t)", "warp"),
        ("gpu.match_any(t)", "thread"),
        ("gpu.shuffle(a * t, 0)", "warp"),
        ("gpu.shuffle(t, t)", "thread"),
        ("gpu.shuffle_xor(t, 1)", "thread"),
        ("gpu.shuffle_up(t // 32, 1)", "warp"),
        ("gpu.sync_threads_count(t > 3)", "block"),
        ("gpu.sync_threads_or(t > 3)", "block"),
        # device functions, each call for itself
        ("first_above(x, 0.5)", "block"),
        ("first_above(x, f32(t // 32))", "warp"),
        ("first_above(x, f32(t))", "thread"),
        ("sign(a)[0]", "block"),
        ("sign(a * t)[0]", "thread"),
    ],
)
def test_values(value: str, level: str) -> None:
    if value.startswith("sign"):
        assert levels(f"s, _ = {value[:-3]}", "s") == [level]
    elif value.startswith("gpu.load_vector"):
        assert levels(f"_, v, _, _ = {value[:-3]}", "v") == [level]
    else:
        assert levels(f"v = {value}", "v") == [level]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("32", ["warp", "block", "warp", "warp"]),
        ("48", ["warp", "block", "warp", "thread"]),
        ("(64, 4)", ["warp", "warp", "warp", "warp"]),
        ("(16, 16)", ["thread", "thread", "warp", "thread"]),
        ("(8, 4, 2)", ["thread", "thread", "warp", "thread"]),
        ("(1, 64)", ["block", "thread", "warp", "block"]),
    ],
)
def test_a_fixed_block_is_taken_exactly(block: str, expected: list[str]) -> None:
    body = """
        along_x = t >> 5
        row = gpu.thread_idx.y
        warp = gpu.warp_id()
        whole = (gpu.block_idx.x * gpu.block_dim.x + t) // 32
    """
    assert levels(body, "along_x, row, warp, whole", f"@gpu.kernel(block={block})") == expected


def test_the_thread_number_of_a_fixed_block_by_hand() -> None:
    body = """
        a = (gpu.thread_idx.y * 8 + t) >> 5
        b = (t + 8 * gpu.thread_idx.y) >> 5
        c = (gpu.thread_idx.y * 9 + t) >> 5
    """
    assert levels(body, "a, b, c", "@gpu.kernel(block=(8, 16))") == ["warp", "warp", "thread"]


def test_the_way_a_thread_came() -> None:
    body = """
        a = 0
        b = 0
        c = 0
        d = 0
        if t > 3:
            a = 1
        else:
            b = n
        if t < 32:
            c = 2
        if n > 3:
            d = 1
    """
    assert levels(body, "a, b, c, d") == ["thread", "thread", "warp", "block"]


def test_local_arrays_are_each_threads_own() -> None:
    body = """
        own = gpu.local_array(4, i32)
        own[0] = 1
        shared = gpu.shared_array(4, i32)
        v = own[0]
        w = shared[n]
    """
    assert levels(body, "v, w") == ["thread", "block"]


def test_rounds_of_a_loop() -> None:
    body = """
        inside = 0
        i = 0
        while i < t:
            inside = i
            i += 1
        j = 0
        while j < n:
            j += 2
        k = t
        while k < 4096:
            k += 64
        w = t // 32
        while w < n:
            w += 4
    """
    assert levels(body, "inside, i, j, k // 32, w") == ["thread", "thread", "block", "warp", "warp"]


def test_left_by_break() -> None:
    body = """
        found = False
        at = -1
        for i in range(n):
            at = i
            if x[t] > f32(i):
                found = True
                break
        all_found = False
        for i in range(n):
            if x[i] > a:
                all_found = True
                break
    """
    assert levels(body, "found, at, all_found") == ["thread", "thread", "block"]


def test_left_from_within_a_condition() -> None:
    """The `break` is under a uniform condition, but not all threads come to it."""
    body = """
        last = 0
        for i in range(n):
            if x[t] > 0.0:
                if i > 5:
                    break
            last = i
    """
    assert levels(body, "last") == ["thread"]


def test_continue_keeps_threads_together() -> None:
    body = """
        mixed = 0
        count = 0
        i = 0
        while i < n:
            i += 1
            count += 1
            if x[t] > 0.0:
                continue
            mixed = i
    """
    assert levels(body, "mixed, count, i") == ["thread", "block", "block"]


def test_who_returns_leaves_the_others_as_they_were() -> None:
    body = """
        last = 0
        for i in range(n):
            if x[t] > f32(i):
                return
            last = i
    """
    assert levels(body, "last") == ["block"]


def test_nested_loops() -> None:
    body = """
        rounds = 0
        inner = 0
        for i in range(n):
            rounds += 1
            for j in range(t):
                inner += 1
        after = rounds
    """
    assert levels(body, "rounds, inner, after") == ["block", "thread", "block"]


def test_an_endless_loop_has_an_analysis() -> None:
    source = f"{HEAD}@gpu.kernel\ndef k(out: MutSlice[i32]) -> None:\n    i = 0\n    while True:\n        i += 1\n"
    source += "        out[0] = i\n        gpu.sync_threads()\n"
    to_ssa(SourceFile("k.py", source, "test.k"))
