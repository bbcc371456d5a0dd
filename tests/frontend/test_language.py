"""What each construct of the language means: kernels in the simulator against plain Python."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError, KernelFault
from tests.frontend.conftest import HEAD, Run

INT_MAX, INT_MIN = 2**31 - 1, -(2**31)
NEWLINE = "\n"


# loops


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [
        (0, 5, 1),
        (5, 0, 1),
        (5, -2, -1),
        (0, 5, -1),
        (0, 10, 3),
        (10, 0, -4),
        (-7, 8, 5),
        (INT_MAX - 3, INT_MAX, 1),
        (INT_MAX - 5, INT_MAX, 2),
        (INT_MIN + 3, INT_MIN, -2),
        (INT_MIN, INT_MAX, 1_500_000_000),
        (INT_MAX, INT_MIN, -2_000_000_000),
        (0, 1, INT_MAX),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["literal step", "run-time step"])
def test_range_visits_what_python_visits(run: Run, start: int, stop: int, step: int, known: bool) -> None:
    out = np.zeros(64, np.int32)
    run(
        f"""
        @gpu.kernel
        def k(start: i32, stop: i32, step: i32, out: MutSlice[i32]) -> None:
            count = 0
            for i in range(start, stop, {step if known else "step"}):
                count += 1
                out[count] = i
            out[0] = count
        """,
        start,
        stop,
        step,
        out,
    )
    expected = list(range(start, stop, step))
    assert out[0] == len(expected)
    assert out[1 : len(expected) + 1].tolist() == expected


def test_range_counts_in_the_type_of_its_bounds(run: Run) -> None:
    out = np.zeros(3, np.uint64)
    run(
        """
        @gpu.kernel
        def k(start: u64, out: MutSlice[u64]) -> None:
            place = 0
            for i in range(start, start + 10, 4):
                out[place] = i
                place += 1
        """,
        2**63,
        out,
    )
    assert out.tolist() == [2**63, 2**63 + 4, 2**63 + 8]


def test_range_bounds_are_computed_once_and_the_variable_is_a_copy(run: Run) -> None:
    out = np.zeros(2, np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, out: MutSlice[i32]) -> None:
            for i in range(n):
                n = 100
                i += 50
                out[0] += 1
                out[1] += i
        """,
        3,
        out,
    )
    assert out.tolist() == [3, 153]


def test_break_and_continue_bind_to_the_innermost_loop(run: Run) -> None:
    out = np.zeros(1, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            for i in range(10):
                if i == 7:
                    break
                j = 0
                while True:
                    j += 1
                    if j > 5:
                        break
                    if (i + j) % 2 == 0:
                        continue
                    out[0] += i * j
        """,
        out,
    )
    assert out[0] == sum(i * j for i in range(7) for j in range(1, 6) if (i + j) % 2)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000])
def test_grid_stride_visits_every_index_once(run: Run, n: int) -> None:
    visits = np.zeros(max(n, 1), np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, visits: DisjointSlice[i32]) -> None:
            for i in gpu.grid_stride(n):
                visits[i] += 1
        """,
        n,
        visits,
        grid=4,
        block=16,
    )
    assert visits[:n].tolist() == [1] * n


def test_grid_stride_over_a_negative_number_visits_nothing(run: Run) -> None:
    visits = np.zeros(4, np.int32)
    run(
        """
        @gpu.kernel
        def k(n: i32, visits: DisjointSlice[i32]) -> None:
            for i in gpu.grid_stride(n):
                visits[i] += 1
        """,
        -5,
        visits,
        block=4,
    )
    assert not visits.any()


# conditions


def test_and_or_not_stop_early(run: Run) -> None:
    x, out = np.array([3, 5], np.int32), np.zeros(8, np.int32)
    run(
        """
        @gpu.kernel
        def k(x: Slice[i32], out: MutSlice[i32]) -> None:
            i = gpu.thread_idx.x
            if i < len(x) and x[i] > 3:
                out[i] = 1
            if i >= len(x) or x[i] == 3:
                out[i] += 2
            if not (i < len(x) and not x[i] == 5):
                out[i] += 4
        """,
        x,
        out,
        block=8,
    )
    assert out.tolist() == [2, 5] + [6] * 6


def test_comparisons_chain_and_compute_each_side_once(run: Run) -> None:
    x, out = np.array([1, 2, 3, 9], np.int32), np.zeros(4, np.int32)
    run(
        """
        @gpu.kernel
        def k(x: Slice[i32], calls: MutSlice[i32]) -> None:
            i = gpu.thread_idx.x
            if 1 < x[i] <= 3 != 4:
                calls[i] = 1
        """,
        x,
        out,
        block=4,
    )
    assert out.tolist() == [0, 1, 1, 0]


def test_conditional_expression_computes_the_chosen_side_only(run: Run) -> None:
    x, out = np.array([1.5, 2.5], np.float32), np.zeros(4, np.float64)
    run(
        """
        @gpu.kernel
        def k(x: Slice[f32], out: MutSlice[f64]) -> None:
            i = gpu.thread_idx.x
            out[i] = x[i] if i < len(x) else f64(i)
        """,
        x,
        out,
        block=4,
    )
    assert out.tolist() == [1.5, 2.5, 2.0, 3.0]


# names and functions


def test_tuples_unpack_and_swap(run: Run) -> None:
    out = np.zeros(3, np.int32)
    run(
        """
        @gpu.kernel
        def k(out: MutSlice[i32]) -> None:
            a, b, c = 1, 2, 3
            a, b = b, a
            (a, c), b = (c, a), b + 10
            out[0], out[1], out[2] = a, b, c
        """,
        out,
    )
    assert out.tolist() == [3, 11, 2]


def test_device_functions_return_early_and_several_values(run: Run) -> None:
    out = np.zeros((3, 2), np.float32)
    run(
        """
        @gpu.device
        def order(a: f32, b: f32) -> tuple[f32, f32]:
            if a > b:
                return b, a
            return a, b


        @gpu.device
        def store(row: i32, low: f32, high: f32, out: MutSlice2D[f32]) -> None:
            if row > 1:
                return
            out[row, 0] = low
            out[row, 1] = high


        @gpu.kernel
        def k(out: MutSlice2D[f32]) -> None:
            row = gpu.thread_idx.x
            low, high = order(2.0, f32(row) + 1.5)
            store(row, low, high, out)
        """,
        out,
        block=3,
    )
    assert out.tolist() == [[1.5, 2.0], [2.0, 2.5], [0.0, 0.0]]


def test_device_function_takes_shared_and_global_arrays(run: Run) -> None:
    x, out = np.array([4.0], np.float32), np.zeros(2, np.float32)
    run(
        """
        @gpu.device
        def first(x: Slice[f32]) -> f32:
            return x[0]


        @gpu.kernel
        def k(x: Slice[f32], out: MutSlice[f32]) -> None:
            part = gpu.shared_array(2, f32)
            part[0] = 7.0
            out[0] = first(x)
            out[1] = first(part)
        """,
        x,
        out,
    )
    assert out.tolist() == [4.0, 7.0]


def test_own_index_passes_through_device_functions(run: Run) -> None:
    y = np.zeros((3, 5), np.int32)
    run(
        """
        @gpu.device
        def mark(y: DisjointSlice2D[i32], row: IndexRow, col: IndexCol) -> None:
            y[row, col] = row * 10 + col


        @gpu.kernel
        def k(y: DisjointSlice2D[i32]) -> None:
            row, col = gpu.index_2d()
            if row < y.shape[0] and col < y.shape[1]:
                mark(y, row, col)
        """,
        y,
        grid=(2, 2),
        block=(4, 2),
    )
    assert y.tolist() == [[row * 10 + col for col in range(5)] for row in range(3)]


def test_module_constants_fold_in_pythons_arithmetic(run: Run) -> None:
    out = np.zeros(4, np.float64)
    run(
        """
        WIDTH = 2**4
        HALF = WIDTH // 2 - 1
        TURN: float = 2 * math.pi
        EMPTY = u32(0xFFFFFFFF)

        @gpu.kernel
        def k(out: MutSlice[f64]) -> None:
            out[0] = f64(WIDTH * HALF)
            out[1] = TURN / 2
            out[2] = f64(EMPTY)
            out[3] = math.sqrt(2.0)
        """,
        out,
    )
    assert out.tolist() == [112.0, math.pi, float(2**32 - 1), math.sqrt(2.0)]


# numbers


def python_result(expression: str, **values: float) -> float:
    result: float = eval(expression, {"math": math, **values})
    return result


@pytest.mark.parametrize("a", [-7, -1, 0, 1, 6, INT_MAX, INT_MIN])
@pytest.mark.parametrize("b", [-3, -1, 2, 5, INT_MAX])
@pytest.mark.parametrize(
    "expression",
    [
        "a + b",
        "a - b",
        "a * b",
        "a // b",
        "a % b",
        "a & b",
        "a | b",
        "a ^ b",
        "~a",
        "-a",
        "abs(a)",
        "min(a, b)",
        "max(a, b, 3)",
        "a**3",
        "+a",
    ],
)
def test_integers_are_pythons_but_wrap(run: Run, a: int, b: int, expression: str) -> None:
    out = np.zeros(1, np.int32)
    run(f"@gpu.kernel\ndef k(a: i32, b: i32, out: MutSlice[i32]) -> None:\n    out[0] = {expression}\n", a, b, out)
    exact = int(python_result(expression, a=a, b=b))
    assert out[0] == (exact - INT_MIN) % 2**32 + INT_MIN


@pytest.mark.parametrize(("a", "n"), [(1, 0), (1, 31), (1, 32), (-8, 1), (-8, 40), (5, 100), (-1, 31)])
def test_shifts_by_the_width_and_more(run: Run, a: int, n: int) -> None:
    out = np.zeros(2, np.int32)
    run(
        "@gpu.kernel\ndef k(a: i32, n: i32, out: MutSlice[i32]) -> None:\n    out[0] = a << n\n    out[1] = a >> n\n",
        a,
        n,
        out,
    )
    assert out.tolist() == [((a << n) - INT_MIN) % 2**32 + INT_MIN, a >> n]


@pytest.mark.parametrize("a", [-7.5, -0.0, 0.0, 1.25, 1e300, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("b", [-2.5, 0.75, 3.0, math.inf])
@pytest.mark.parametrize("expression", ["a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "-a", "abs(a)", "a**2"])
def test_floats_are_pythons(run: Run, a: float, b: float, expression: str) -> None:
    out = np.zeros(1, np.float64)
    run(f"@gpu.kernel\ndef k(a: f64, b: f64, out: MutSlice[f64]) -> None:\n    out[0] = {expression}\n", a, b, out)
    try:
        expected = python_result(expression, a=a, b=b)
    except OverflowError:
        expected = math.inf
    np.testing.assert_array_equal(out[0], expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("i32(f32(3.99))", 3),
        ("i32(f32(-3.99))", -3),
        ("i32(f64(1e20))", INT_MAX),
        ("i32(f32(-1e20))", INT_MIN),
        ("i32(x / x)", 0),
        ("u32(f32(-5.0) * f32(1.0))", 0),
        ("u32(i32(-1) + n)", 2**32 - 1),
        ("i64(n - 1)", -1),
        ("i64(u32(n - 1))", 2**32 - 1),
        ("i32(n == 0)", 1),
        ("i32(bool(n))", 0),
        ("i32(i64(2**32 + 5) + n)", 5),
    ],
)
def test_conversions(run: Run, expression: str, expected: int) -> None:
    out = np.zeros(1, np.int64)
    run(
        f"@gpu.kernel\ndef k(n: i32, x: f32, out: MutSlice[i64]) -> None:\n    out[0] = i64({expression})\n",
        0,
        0.0,
        out,
    )
    assert out[0] == expected


def test_weak_literals_take_their_neighbours_type(run: Run) -> None:
    out = np.zeros(4, np.float64)
    run(
        """
        @gpu.kernel
        def k(a: f32, b: f64, n: i32, m: i64, out: MutSlice[f64]) -> None:
            out[0] = a * 0.1
            out[1] = b * 0.1
            out[2] = n * 0.1
            out[3] = f64(m + 1)
        """,
        1.0,
        1.0,
        1,
        2**40,
        out,
    )
    single = float(np.float32(0.1))
    assert out.tolist() == [single, 0.1, single, float(2**40 + 1)]


@pytest.mark.parametrize("name", ["sqrt", "exp", "log", "sin", "cos"])
@pytest.mark.parametrize("module", ["math", "gpu.math"])
def test_math_functions(run: Run, name: str, module: str) -> None:
    single, double = np.zeros(1, np.float32), np.zeros(1, np.float64)
    run(
        f"""
        @gpu.kernel
        def k(x: f32, y: f64, a: MutSlice[f32], b: MutSlice[f64]) -> None:
            a[0] = {module}.{name}(x)
            b[0] = {module}.{name}(y)
        """,
        0.7,
        0.7,
        single,
        double,
    )
    assert single[0] == pytest.approx(getattr(math, name)(0.7), rel=1e-6)
    assert double[0] == pytest.approx(getattr(math, name)(0.7), rel=1e-15)


def test_power_by_a_variable(run: Run) -> None:
    out = np.zeros(3, np.float64)
    run(
        """
        @gpu.kernel
        def k(x: f64, y: f64, out: MutSlice[f64]) -> None:
            out[0] = x**y
            out[1] = math.pow(x, 2.5)
            out[2] = x ** -2.0
        """,
        1.7,
        3.3,
        out,
    )
    assert out.tolist() == pytest.approx([1.7**3.3, 1.7**2.5, 1.7**-2.0], rel=1e-14)


# threads and memory


def test_thread_coordinates(run: Run) -> None:
    out = np.zeros((24, 9), np.int32)
    parts = ", ".join(f"gpu.{r}.{a}" for r in ("thread_idx", "block_idx", "block_dim") for a in "xyz")
    run(
        f"""
        @gpu.kernel
        def k(out: MutSlice2D[i32]) -> None:
            block = gpu.block_idx.x + gpu.grid_dim.x * (gpu.block_idx.y + gpu.grid_dim.y * gpu.block_idx.z)
            t = gpu.thread_idx.x + gpu.block_dim.x * (gpu.thread_idx.y + gpu.block_dim.y * gpu.thread_idx.z)
            r = block * (gpu.block_dim.x * gpu.block_dim.y * gpu.block_dim.z) + t
            {", ".join(f"out[r, {i}]" for i in range(9))} = {parts}
        """,
        out,
        grid=(1, 2, 2),
        block=(3, 2, 1),
    )
    expected = [[x, y, 0, 0, by, bz, 3, 2, 1] for bz in range(2) for by in range(2) for y in range(2) for x in range(3)]
    assert out.tolist() == expected


def test_shared_memory_and_barrier_turn_a_block_around(run: Run) -> None:
    x = np.arange(64, dtype=np.float32)
    y = np.zeros(64, np.float32)
    run(
        """
        @gpu.kernel
        def k(x: Slice[f32], y: MutSlice[f32]) -> None:
            tile = gpu.shared_array((4, 4), f32)
            t = gpu.thread_idx.x
            start = gpu.block_idx.x * 16
            tile[t // 4, t % 4] = x[start + t]
            gpu.sync_threads()
            y[start + t] = tile[t % 4, t // 4]
        """,
        x,
        y,
        grid=4,
        block=16,
    )
    assert y.tolist() == x.reshape(4, 4, 4).transpose(0, 2, 1).ravel().tolist()


def test_atomic_add_gives_the_old_value_in_shared_and_global_memory(run: Run) -> None:
    tickets, total = np.zeros(40, np.int32), np.zeros(1, np.uint64)
    run(
        """
        @gpu.kernel
        def k(tickets: MutSlice[i32], total: MutSlice[u64]) -> None:
            counter = gpu.shared_array(1, i32)
            if gpu.thread_idx.x == 0:
                counter[0] = 0
            gpu.sync_threads()
            mine = gpu.atomic_add(counter, 0, 1)
            gpu.atomic_add(tickets, mine, 1)
            gpu.atomic_add(total, 0, u64(mine))
        """,
        tickets,
        total,
        grid=3,
        block=40,
    )
    assert tickets.tolist() == [3] * 40
    assert total[0] == 3 * sum(range(40))


# what a check says


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("out[n] = 1", "4"),
        ("out[0] = 1 // (n - 4)", "integer division by zero"),
        ("out[0] = 1 % (n - 4)", "integer division by zero"),
        ("for i in range(0, 5, n - 4):\n        out[0] = i", "step of range"),
        ('assert n < 4, "n is too large"', "n is too large"),
        ("out[u32(n) - 5] = 1", "4294967295"),
    ],
)
def test_a_failing_check_names_its_line(simulated: Run, body: str, message: str) -> None:
    source = f"@gpu.kernel\ndef k(n: i32, out: MutSlice[i32]) -> None:\n    {body}\n"
    with pytest.raises(KernelFault, match=message) as raised:
        simulated(source, 4, np.zeros(4, np.int32))
    assert f"kernel.py:{HEAD.count(NEWLINE) + 3}:" in str(raised.value)


def test_contracts_are_checked_before_the_kernel_runs(run: Run) -> None:
    source = textwrap.dedent(
        """
        @gpu.kernel
        def k(n: i32, m: f32, x: Slice2D[f32], y: MutSlice[f32]) -> None:
            gpu.require(len(x) * x.shape[1] >= n + 1 and not m < 0.5)
            y[0] = 1.0
        """
    )
    x, y = np.zeros((2, 3), np.float32), np.zeros(1, np.float32)
    run(source, 5, 0.5, x, y)
    assert y[0] == 1.0
    for n, m in ((6, 0.5), (5, 0.25)):
        with pytest.raises(KernelArgumentError, match=r"len\(x\) \* x.shape\[1\] >= n \+ 1"):
            run(source, n, m, x, y)
