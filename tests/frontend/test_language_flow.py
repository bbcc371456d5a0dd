"""Functions, compile time and unrolled loops: kernels in the simulator and on the GPU against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from oxide_build.errors import KernelError, SourceFile
from oxide_build.pipeline import describe, to_ssa
from oxide_build.simulator import simulate
from tests.frontend.conftest import Run, full_source

# unrolled loops


@pytest.mark.parametrize("bounds", [(0,), (4,), (2, 7), (0, 10, 3), (5, -2, -2), (3, 3), (-3, 2)])
def test_static_range_visits_what_python_visits(run: Run, bounds: tuple[int, ...]) -> None:
    out = np.full(16, -99, np.int32)
    run(
        f"""
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            place = 0
            for k in gpu.static_range({", ".join(map(str, bounds))}):
                out[place] = k
                place += 1
        """,
        out,
    )
    expected = list(range(*bounds))
    assert out[: len(expected)].tolist() == expected
    assert (out[len(expected) :] == -99).all()


def test_unrolled_variable_is_a_constant(run: Run) -> None:
    x, out = np.arange(12, dtype=np.float32).reshape(3, 4), np.zeros(8, np.int32)
    run(
        """
        SIZES = (3, 5)
        WEIGHTS = ((1, 10), (2, 20))

        @gpu.kernel
        def k(x: Slice2D[f32], out: MutSlice[i32]) -> None:
            for d in gpu.static_range(2):
                out[d] = x.shape[d]
                tile = gpu.shared_array(SIZES[d] + d, i32)
                tile[0] = len(tile)
                out[2 + d] = tile[0]
            for a, b in WEIGHTS:
                out[3 + a] = a * b
            for size in SIZES:
                for step in gpu.static_range(size, size + 1):
                    out[6] += step
            out[7] = len(SIZES)
        """,
        x,
        out,
    )
    assert out.tolist() == [3, 4, 3, 6, 10, 40, 8, 2]


@pytest.mark.parametrize("limit", [-1, 0, 2, 9])
def test_break_and_continue_leave_unrolled_loops_as_they_do_loops(run: Run, limit: int) -> None:
    out = np.zeros(2, np.int32)
    run(
        """
        @gpu.kernel
        def k(limit: i32, out: MutSlice[i32]) -> None:
            for i in gpu.static_range(6):
                if i > limit:
                    break
                if i % 2 == 0:
                    continue
                for j in (1, 2, 3):
                    if j == i:
                        break
                    out[1] += j
                out[0] += i
        """,
        limit,
        out,
    )
    first = second = 0
    for i in range(6):
        if i > limit:
            break
        if i % 2 == 0:
            continue
        for j in (1, 2, 3):
            if j == i:
                break
            second += j
        first += i
    assert out.tolist() == [first, second]


@pytest.mark.parametrize("n", [0, 1, 3, 4, 17])
@pytest.mark.parametrize("loop", ["range(n)", "range(n, 0, -1)", "range(0, 3 * n, 3)"])
@pytest.mark.parametrize("copies", [1, 4, 7])
def test_an_unroll_request_changes_no_result(run: Run, n: int, loop: str, copies: int) -> None:
    out = np.zeros(2, np.int32)
    run(
        f"""
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            total = 0
            for i in gpu.unroll({loop}, {copies}):
                if i == 12:
                    continue
                total = total * 3 + i
            out[0] = total
        """,
        n,
        out,
    )
    total = np.int32(0)
    with np.errstate(over="ignore"):
        for i in eval(loop, {"n": n, "range": range}):
            if i != 12:
                total = total * np.int32(3) + np.int32(i)
    assert out[0] == total


# device functions


def test_defaults_and_keywords(run: Run) -> None:
    out = np.zeros(5, np.int32)
    run(
        """
        STEP = 7

        @gpu.device
        def mix(a: i32, b: i32 = STEP * 2, c: i32 = 1) -> i32:
            return a * 100 + b * 10 + c

        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            out[0] = mix(1)
            out[1] = mix(1, 2)
            out[2] = mix(1, c=3)
            out[3] = mix(c=3, b=2, a=1)
            out[4] = mix(b=out[0], a=0)
        """,
        out,
    )
    assert out.tolist() == [241, 121, 243, 123, 2411]


def test_functions_call_each_other_in_any_order_and_stay_functions(run: Run) -> None:
    out = np.zeros(4, np.float32)
    run(
        """
        @gpu.kernel
        def k(x: Slice[f32], out: MutSlice[f32]) -> None:
            for i in range(4):
                out[i] = first(x, i)

        @gpu.device
        def first(x: Slice[f32], i: i32) -> f32:
            if i % 2 == 0:
                return second(x[i])
            return second(x[i]) + second(1.0)

        @gpu.device(inline=False)
        def second(v: f32) -> f32:
            return v * 2.0 + 1.0
        """,
        np.arange(4, dtype=np.float32),
        out,
    )
    assert out.tolist() == [1.0, 6.0, 5.0, 10.0]


REDUCTION = """
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T", f32, f64, i32, u32)

@gpu.device
def add(a: T, b: T) -> T:
    return a + b

@gpu.device
def least(a: T, b: T) -> T:
    return min(a, b)

@gpu.device
def most(a: T, b: T) -> T:
    return max(a, b)

@gpu.device
def reduce(x: Slice[T], op: gpu.Const[Callable[[T, T], T]], first: gpu.Const[int] = 0) -> T:
    total: T = x[first]
    for i in range(first + 1, len(x)):
        total = op(total, x[i])
    return total
"""


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint32])
def test_one_reduction_serves_every_operation_and_type(run: Run, dtype: type[np.generic]) -> None:
    x, out = np.array([5, 3, 9, 1, 7], dtype), np.zeros(4, dtype)
    name = np.dtype(dtype).name.replace("uint", "u").replace("int", "i").replace("float", "f")
    kernel = f"""
@gpu.kernel
def k(x: Slice[{name}], out: MutSlice[{name}]) -> None:
    out[0] = reduce(x, add)
    out[1] = reduce(x, least)
    out[2] = reduce(x, most)
    out[3] = reduce(x, first=2, op=add)
"""
    run(REDUCTION + kernel, x, out)
    assert out.tolist() == [25, 1, 9, 17]


def test_constants_make_instances_of_their_own(run: Run) -> None:
    out, floats = np.zeros(6, np.int32), np.zeros(3, np.float32)
    run(
        """
        @gpu.device
        def filled(n: gpu.Const[int], twice: gpu.Const[bool] = False) -> i32:
            local = gpu.shared_array(n, i32)
            for i in gpu.static_range(n):
                local[i] = i
            if twice:
                return 2 * len(local)
            return len(local)

        @gpu.device
        def divided(x: f32, by: gpu.Const[f32], other: gpu.Const[float] = 0.5) -> f32:
            return x / by + other

        @gpu.kernel
        def k(out: MutSlice[i32], floats: MutSlice[f32]) -> None:
            out[0] = filled(3)
            out[1] = filled(4, True)
            out[2] = filled(3, twice=1 < 2)
            for n in gpu.static_range(1, 3):
                out[2 + n] = filled(n)
            floats[0] = divided(1.0, 0.0)
            floats[1] = divided(1.0, -0.0)
            floats[2] = divided(1.0, 2, other=2)
        """,
        out,
        floats,
    )
    assert out.tolist() == [3, 8, 6, 1, 2, 0]
    assert floats.tolist() == [np.inf, -np.inf, 2.5]


def test_only_the_side_a_constant_parameter_chooses_is_compiled(run: Run) -> None:
    out = np.zeros(2, np.int32)
    run(
        """
        @gpu.device
        def pick(n: gpu.Const[int]) -> i32:
            if n > 0 and n < 8:
                tile = gpu.shared_array(n, i32)
                return len(tile)
            else:
                return -n

        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            out[0] = pick(5)
            out[1] = pick(-3)
        """,
        out,
    )
    assert out.tolist() == [5, 3]


def test_generic_functions_take_literals_too(run: Run) -> None:
    out, wide = np.zeros(2, np.float32), np.zeros(1, np.float64)
    run(
        """
        from typing import TypeVar
        T = TypeVar("T", f32, f64)

        @gpu.device
        def half(x: T, shift: T = 1.0) -> T:
            two = T(2)
            return x / two + shift

        @gpu.kernel
        def k(out: MutSlice[f32], wide: MutSlice[f64]) -> None:
            out[0] = half(3.0)
            out[1] = half(out[0], 2.0)
            wide[0] = half(f64(3), 0.25)
        """,
        out,
        wide,
    )
    assert (out.tolist(), wide.tolist()) == ([2.5, 3.25], [1.75])


# match


MATCH = """
from enum import IntEnum, auto

LIMIT = 40

class Op(IntEnum):
    ADD = 0
    SUB = 1
    MUL = SUB + 2
    NEG = auto()
    FAR = -LIMIT

@gpu.kernel
def k(op: i32, a: i32, b: i32, out: MutSlice[i32]) -> None:
    match op:
        case Op.ADD:
            result = a + b
        case Op.SUB | Op.MUL if b > 2:
            result = a - b
        case Op.SUB | 2:
            result = a - 2 * b
        case Op.NEG:
            result = -a
        case -40:
            result = 40
            if a > 0:
                return
        case _ if op == LIMIT:
            result = LIMIT
        case _:
            result = -1
    out[0] = result
    out[1] = Op.NEG
    match op > 0:
        case True:
            out[2] = 1
    match a:
        case 1:
            out[2] += 10
"""


@pytest.mark.parametrize("op", [0, 1, 2, 3, 4, -40, 40, 7])
@pytest.mark.parametrize(("a", "b"), [(1, 2), (-5, 3)])
def test_match_takes_the_first_case_that_fits(run: Run, op: int, a: int, b: int) -> None:
    out = np.zeros(3, np.int32)
    run(MATCH, op, a, b, out)
    if op == -40 and a > 0:
        assert out.tolist() == [0, 0, 0]
        return
    if op == 0:
        expected = a + b
    elif op in (1, 3) and b > 2:
        expected = a - b
    elif op in (1, 2):
        expected = a - 2 * b
    else:
        expected = {4: -a, -40: 40, 40: 40}.get(op, -1)
    assert out.tolist() == [expected, 4, (op > 0) + 10 * (a == 1)]


def test_match_on_a_compile_time_parameter_translates_one_case(run: Run) -> None:
    out = np.zeros(3, np.int32)
    run(
        """
        @gpu.device
        def pick(kind: gpu.Const[int]) -> i32:
            match kind:
                case 0:
                    return 5
                case 1 | 2:
                    return len(gpu.shared_array(kind, i32))
                case _:
                    return -1

        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            for kind in gpu.static_range(3):
                out[kind] = pick(kind) * 10 + pick(kind + 2)
        """,
        out,
    )
    assert out.tolist() == [52, 9, 19]


# printing, targets, inline PTX


PRINT = """
@gpu.kernel
def k(n: i32, x: MutSlice[f32]) -> None:
    i = gpu.index_1d()
    if i < n:
        print("i =", i, x[i], i > 1, f64(x[i]) * 1e10, end="; 100%\\n", sep=" ")
        print(i64(-5), u64(5), u32(7), -1.5, sep="")
    print("done")
"""
PRINTED = [
    *("i = 0 0.5 False 5e+09; 100%", "i = 1 0.333333 False 3.33333e+09; 100%", "i = 2 inf True inf; 100%"),
    *["-557-1.5"] * 3,
    *["done"] * 4,
]


def test_print_writes_to_standard_output(simulated: Run, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(PRINT, 3, np.array([0.5, 1 / 3, np.inf, 0], np.float32), block=4)
    assert capsys.readouterr().out.splitlines() == PRINTED


@pytest.mark.gpu
def test_print_writes_the_same_on_the_gpu(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    run(PRINT, 3, np.array([0.5, 1 / 3, np.inf, 0], np.float32), block=4)
    assert sorted(capfd.readouterr().out.splitlines()) == sorted(PRINTED)


ARCH = """
@gpu.kernel
def k(out: MutSlice[i32]) -> None:
    if gpu.arch >= 90:
        out[0] = 1
    else:
        out[0] = 2
    if gpu.arch < 80 or out[1] > 5:
        out[1] = 10
    out[2] = gpu.arch
"""


def test_the_simulator_is_as_new_a_target_as_it_is_told() -> None:
    module = to_ssa(SourceFile("kernel.py", full_source(ARCH), "test.kernel"))
    for arch, expected in ((75, [2, 10, 75]), (90, [1, 0, 90]), (100, [1, 0, 100])):
        out = np.zeros(3, np.int32)
        simulate(module, describe(module)[0], 1, 1, [out], arch=arch)
        assert out.tolist() == expected


def test_arch_is_the_targets(run: Run) -> None:
    out = np.zeros(3, np.int32)
    run(ARCH, out)
    assert out[0] == (1 if out[2] >= 90 else 2)
    assert out[1] == (10 if out[2] < 80 else 0)
    assert out[2] >= 75


PTX = """
@gpu.kernel
def k(a: u32, b: f64, out: MutSlice[u32], wide: MutSlice[f64]) -> None:
    out[0] = gpu.ptx("add.u32 %0, %1, %2;", u32, a, u32(5))
    out[1], out[2] = gpu.ptx("{ .reg .u32 t; mov.u32 t, %2; shl.b32 %0, t, 1; mov.u32 %1, %laneid; }", (u32, u32), a)
    wide[0] = gpu.ptx("fma.rn.f64 %0, %1, %1, %1;", f64, b)
    gpu.ptx("membar.gl;", None)
"""


def test_inline_ptx_cannot_be_simulated(simulated: Run) -> None:
    with pytest.raises(KernelError, match="inline PTX cannot be simulated"):
        simulated(PTX, 1, 2.0, np.zeros(3, np.uint32), np.zeros(1))


@pytest.mark.gpu
@pytest.mark.parametrize("run", ["gpu"], indirect=True)
def test_inline_ptx_runs_on_the_gpu(run: Run) -> None:
    out, wide = np.zeros(3, np.uint32), np.zeros(1)
    run(PTX, 7, 3.0, out, wide)
    assert (out.tolist(), wide.tolist()) == ([12, 14, 0], [12.0])
