"""Generic kernels, compile-time parameters and the decorator's options: each variant against plain NumPy."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import pytest

from oxide_build.errors import CompileErrors, KernelArgumentError, KernelFault, LaunchError, SourceFile
from oxide_build.gpu import Kernel
from oxide_build.pipeline import describe, describe_generics, to_ssa
from tests.frontend.conftest import built_kernel, full_source

Run: TypeAlias = Callable[..., None]
Launch: TypeAlias = Callable[..., None]

MARKS = "from collections.abc import Callable\nfrom enum import IntEnum\nfrom typing import TypeVar\n"

REDUCE = (
    MARKS
    + """
T = TypeVar("T", f32, f64, i32, u64)
BLOCKS = (32, 64, 128)

@gpu.device
def add(a: T, b: T) -> T:
    return a + b

@gpu.device
def larger(a: T, b: T) -> T:
    return max(a, b)

@gpu.kernel(values={"BLOCK": BLOCKS, "op": (add, larger)}, block="BLOCK")
def reduce(
    x: Slice[T], out: MutSlice[T], first: T, op: gpu.Const[Callable[[T, T], T]] = larger, BLOCK: gpu.Const[int] = 64
) -> None:
    gpu.require(len(x) <= len(out) * BLOCK)
    partial = gpu.shared_array(BLOCK, x.dtype)
    t = gpu.thread_idx.x
    i = gpu.block_idx.x * BLOCK + t
    partial[t] = x[i] if i < len(x) else first
    gpu.sync_threads()
    half = BLOCK // 2
    while half > 0:
        if t < half:
            partial[t] = op(partial[t], partial[t + half])
        gpu.sync_threads()
        half //= 2
    if t == 0:
        out[gpu.block_idx.x] = partial[0]
"""
)


def imported(source: str, directory: Path) -> ModuleType:
    """The text as a module of a package that nothing has built."""
    text = full_source(source)
    name = f"kernels_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    package = directory / name
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "kernel.py").write_text(text, encoding="utf-8")
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    return importlib.import_module(f"{name}.kernel")


@pytest.fixture(params=["simulator", pytest.param("gpu", marks=pytest.mark.gpu)])
def launch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """`launch(source, grid, block, *arguments, **named)`: the last kernel; a name in `named` may be a function's."""
    base = tmp_path_factory.getbasetemp()

    def simulate(source: str, grid: Any, block: Any, *arguments: Any, **named: Any) -> None:
        module = imported(source, base / "simulated_variants")
        kernel = [value for value in vars(module).values() if isinstance(value, Kernel)][-1]
        kernel.simulate[grid, block](*arguments, **functions(module, named))

    def launch_on_gpu(source: str, grid: Any, block: Any, *arguments: Any, **named: Any) -> None:
        to_gpu, to_host = carriers()
        kernel = built_kernel(full_source(source), base / "gpu_variants")
        passed = [to_gpu(a) if isinstance(a, np.ndarray) else a for a in arguments]
        kernel[grid, block](*passed, **functions(sys.modules[kernel.__module__], named))
        for host, device in zip(arguments, passed, strict=True):
            if isinstance(host, np.ndarray):
                host[...] = to_host(device)

    return simulate if request.param == "simulator" else launch_on_gpu


def carriers() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """How arrays reach the GPU and come back: with CuPy, else with PyTorch."""
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        torch = pytest.importorskip("torch")
        return lambda array: torch.from_numpy(array).cuda(), lambda array: array.cpu().numpy()
    return cupy.asarray, cupy.asnumpy


def functions(module: ModuleType, named: dict[str, Any]) -> dict[str, Any]:
    """The arguments, where a text names a function of the module that function."""
    return {key: getattr(module, value) if isinstance(value, str) else value for key, value in named.items()}


def numbers(dtype: str, count: int) -> Any:
    return np.random.default_rng(7).integers(0, 100, count).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint64"])
@pytest.mark.parametrize(("block", "op"), list(itertools.product((32, 64, 128), ("add", "larger"))))
def test_every_variant_of_a_reduction(launch: Launch, dtype: str, block: int, op: str) -> None:
    x = numbers(dtype, 300)
    out = np.zeros(-(-300 // block), dtype)
    launch(REDUCE, len(out), block, x, out, 0, op=op, BLOCK=block)
    parts = np.pad(x, (0, len(out) * block - 300)).reshape(len(out), block)
    assert np.array_equal(out, parts.sum(1, dtype) if op == "add" else parts.max(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_a_launch_does_not_give_is_the_default(launch: Launch, dtype: str) -> None:
    x, out = numbers(dtype, 64), np.zeros(1, dtype)
    launch(REDUCE, 1, 64, x, out, 0)
    assert out[0] == x.max()


@pytest.mark.parametrize("empty", [np.float32, np.float64])
def test_empty_arrays_choose_as_others_do(launch: Launch, empty: Any) -> None:
    out = np.ones(1, empty)
    launch(REDUCE, 1, 32, np.zeros(0, empty), out, 7, op="larger", BLOCK=32)
    assert out[0] == 7


def test_the_first_listed_is_the_default_without_one(launch: Launch) -> None:
    source = """
        @gpu.kernel(values={"n": (3, 5)})
        def fill(out: MutSlice[i32], n: gpu.Const[int]) -> None:
            out[0] = n
    """
    out = np.zeros(1, np.int32)
    launch(source, 1, 1, out)
    assert out[0] == 3
    launch(source, 1, 1, out, 5)
    assert out[0] == 5


CONSTANTS = (
    MARKS
    + """
SIZE = 4

class Mode(IntEnum):
    ADD = 1
    MUL = 2

@gpu.kernel(values={"mode": (Mode.ADD, Mode.MUL), "twice": (False, True), "by": (0.5, -2, SIZE), "n": [SIZE, 1]})
def apply(
    x: MutSlice[f64], mode: gpu.Const[int], twice: gpu.Const[bool], by: gpu.Const[float], n: gpu.Const[i32]
) -> None:
    values = gpu.local_array(n, f64)
    for k in gpu.static_range(n):
        values[k] = x[k]
        match mode:
            case Mode.ADD:
                values[k] += by
            case Mode.MUL:
                values[k] *= by
        if twice:
            values[k] *= 2.0
        x[k] = values[k]
"""
)


@pytest.mark.parametrize(
    ("mode", "twice", "by", "n"), list(itertools.product((1, 2), (False, True), (0.5, -2, 4.0), (4, 1)))
)
def test_numbers_bools_and_enums(launch: Launch, mode: int, twice: bool, by: float, n: int) -> None:
    x = np.arange(4, dtype=np.float64)
    changed = (x[:n] + by if mode == 1 else x[:n] * by) * (2 if twice else 1)
    launch(CONSTANTS, 1, 1, x, mode=np.int32(mode), twice=np.bool_(twice), by=by, n=n)
    assert np.array_equal(x, np.concatenate([changed, np.arange(n, 4)]))


NUMBERS_ONLY = (
    MARKS
    + """
T = TypeVar("T", i32, i64, f64)

@gpu.kernel
def store(a: T, b: T, size: MutSlice[i32], out: MutSlice[f64]) -> None:
    out[0] = f64(a) + f64(b)
    size[0] = i32(f64(T(1) // T(2) * T(2)))
    size[1] = i32(f64(T(2147483647) + T(1)) / 1048576.0)
"""
)


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (1, 2, "i32"),
        (1, 2**40, "i64"),
        (1, 2.5, "f64"),
        (np.int64(1), 2, "i64"),
        (np.float64(1), 2, "f64"),
        (np.int32(1), np.int32(2), "i32"),
    ],
)
def test_a_type_of_numbers_alone(launch: Launch, a: Any, b: Any, kind: str) -> None:
    out, size = np.zeros(1), np.zeros(2, np.int32)
    launch(NUMBERS_ONLY, 1, 1, a, b, size, out)
    assert out[0] == float(a) + float(b)
    assert size[1] == {"i32": -2048, "i64": 2048, "f64": 2048}[kind]


def test_a_constant_of_a_type_variables_type(launch: Launch) -> None:
    source = (
        MARKS
        + """
T = TypeVar("T", i32, f64)

@gpu.kernel(values={"by": (1, 3)})
def add(x: MutSlice[T], size: MutSlice[i32], by: gpu.Const[T]) -> None:
    x[0] = x[0] + by
    size[0] = i32(f64(by // T(2) * T(2)))
    for k in range(4):
        x[1] += by
"""
    )
    for dtype, by in itertools.product((np.int32, np.float64), (1, 3)):
        x, size = np.ones(2, dtype), np.zeros(1, np.int32)
        launch(source, 1, 1, x, size, by=by)
        assert x.tolist() == [1 + by, 1 + 4 * by]


def test_element_types_as_types(run: Run) -> None:
    source = """
        @gpu.kernel
        def kernel(x: Slice[f64], y: MutSlice2D[u32], z: MutSlice[f32]) -> None:
            tile = gpu.shared_array(4, x.dtype)
            tile[0] = 0.1
            held = gpu.local_array(2, tile.dtype)
            held[0] = tile[0]
            y[0, 0] = gpu.bitcast(z[0], y.dtype)
            y[0, 1] = y[0].dtype(7.9)
            z[1] = z.dtype(held[0] - x.dtype(0.1))
    """
    y, z = np.zeros((1, 2), np.uint32), np.ones(2, np.float32)
    run(source, np.zeros(1), y, z)
    assert y.tolist() == [[0x3F800000, 7]]
    assert z.tolist() == [1, 0]


def test_several_type_variables(launch: Launch) -> None:
    source = (
        MARKS
        + """
T = TypeVar("T", f32, f64)
U = TypeVar("U", i32, u32)

@gpu.kernel
def gather(x: Slice[T], where: Slice[U], out: DisjointSlice[T]) -> None:
    i = gpu.index_1d()
    if i < len(out):
        out[i] = x[i32(where[i])]
"""
    )
    for dtype, index in itertools.product((np.float32, np.float64), (np.int32, np.uint32)):
        x, where, out = np.arange(5, dtype=dtype), np.array([4, 0, 2], index), np.zeros(3, dtype)
        launch(source, 1, 32, x, where, out)
        assert out.tolist() == [4, 0, 2]


def test_two_dimensional_blocks_by_name(launch: Launch) -> None:
    source = """
        @gpu.kernel(values={"SIDE": (4, 8), "ROWS": (2, 4)}, block=("SIDE", "ROWS"))
        def transpose(a: Slice2D[f32], b: MutSlice2D[f32], SIDE: gpu.Const[int], ROWS: gpu.Const[int]) -> None:
            tile = gpu.shared_array((SIDE, SIDE + 1), f32)
            x, y = gpu.thread_idx.x, gpu.thread_idx.y
            for step in gpu.static_range(0, SIDE, ROWS):
                tile[y + step, x] = a[y + step, x]
            gpu.sync_threads()
            for step in gpu.static_range(0, SIDE, ROWS):
                b[y + step, x] = tile[x, y + step]
    """
    for side, rows in itertools.product((4, 8), (2, 4)):
        a = np.arange(side * side, dtype=np.float32).reshape(side, side)
        b = np.zeros_like(a)
        launch(source, 1, (side, rows), a, b, SIDE=side, ROWS=rows)
        assert np.array_equal(b, a.T)


def test_code_behind_a_chosen_return_is_left_out(run: Run) -> None:
    source = """
        @gpu.device
        def pick(pair: gpu.Const[int], x: f32) -> f32:
            if pair == 1:
                return x
            unheard_of = x << 3
            return unheard_of

        @gpu.device
        def nested(n: gpu.Const[int], x: i32) -> i32:
            if n > 0:
                if n > 1:
                    if x > 0:
                        return 1
                    else:
                        return 2
                return 3
            return x.shape

        @gpu.kernel
        def kernel(x: MutSlice[f32], y: MutSlice[i32]) -> None:
            x[0] = pick(1, x[0])
            y[0] = nested(1, 5)
            y[1] = nested(2, 5)
            y[2] = nested(2, -5)
            for k in gpu.static_range(3):
                if k == 1:
                    continue
                y[3 + k] = k
    """
    x, y = np.array([2.5], np.float32), np.full(6, 9, np.int32)
    run(source, x, y)
    assert x[0] == 2.5
    assert y.tolist() == [3, 1, 2, 0, 9, 2]


def test_a_kernel_leaves_out_what_a_constant_rules_out(launch: Launch) -> None:
    source = (
        MARKS
        + """
T = TypeVar("T", f32, i32)

@gpu.kernel(values={"bits": (False, True)})
def halve(x: MutSlice[T], bits: gpu.Const[bool]) -> None:
    if bits:
        x[0] = x.dtype(i32(x[0]) >> 1)
        return
    x[0] = T(f32(x[0]) / 2.0)
"""
    )
    for dtype, bits in itertools.product((np.float32, np.int32), (False, True)):
        x = np.array([7], dtype)
        launch(source, 1, 1, x, bits=bits)
        assert x[0] == (3.5 if dtype is np.float32 and not bits else 3)


def test_options_of_a_kernel(run: Run) -> None:
    source = """
        @gpu.kernel(max_threads=128, min_blocks=4, bounds_checks=False, fast_math=True)
        def kernel(x: MutSlice[f32]) -> None:
            i = gpu.thread_idx.x
            x[i] = math.sqrt(x[i]) / 3.0
    """
    x = np.arange(128, dtype=np.float32)
    run(source, x, block=128)
    np.testing.assert_allclose(x, np.sqrt(np.arange(128)) / 3, rtol=1e-5)


@pytest.fixture
def reduce(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The module with the reduction, for what a GPU need not see."""
    return imported(REDUCE, tmp_path_factory.getbasetemp() / "simulated_variants")


F32, F64 = np.zeros(4, np.float32), np.zeros(4, np.float64)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((F32, F32, 0), {"BLOCK": 48}, "'BLOCK' is known at compile time and is 32, 64 or 128, got 48"),
        ((F32, F32, 0), {"BLOCK": 64.0}, "'BLOCK' is known at compile time and is 32, 64 or 128, got 64.0"),
        ((F32, F32, 0), {"BLOCK": True}, "'BLOCK' is known at compile time and is 32, 64 or 128, got True"),
        ((F32, F32, 0), {"BLOCK": [64]}, "'BLOCK' is known at compile time and is 32, 64 or 128, got [64]"),
        ((F32, F32, 0), {"op": max}, "'op' is known at compile time and is add or larger, got max"),
        ((F32, F32, 0), {"op": "add"}, "'op' is known at compile time and is add or larger, got 'add'"),
        ((F32, F64, 0), {}, "'x' makes T f32, 'out' makes it f64"),
        ((F32.astype(np.int8), F32.astype(np.int8), 0), {}, "T is f32, f64, i32 or u64, 'x' makes it i8"),
        (([1], [1], 0), {}, "nothing says what T is: 'x' is a list, no array"),
        ((F32, F32), {}, "missing 'first'"),
        ((F32, F32, 0), {"BLOK": 64}, "unknown 'BLOK' (did you mean 'BLOCK'?)"),
        ((F32, F32[:1], 0), {"first": 1}, "'first' given twice"),
    ],
)
def test_a_call_that_fits_no_variant(reduce: Any, arguments: Any, named: dict[str, Any], message: str) -> None:
    with pytest.raises(KernelArgumentError) as raised:
        reduce.reduce.simulate[1, 64](*arguments, **named)
    assert message in str(raised.value)


def test_contracts_and_blocks_say_which_variant(reduce: Any) -> None:
    with pytest.raises(LaunchError, match=r"written for \(128, 1, 1\) with .*BLOCK = 128"):
        reduce.reduce.simulate[1, 64](F32, F32, 0, BLOCK=128)
    many = np.zeros(1000, np.float32)
    with pytest.raises(KernelArgumentError, match=r"requires len\(x\) <= len\(out\) \* BLOCK, found .*BLOCK = 128"):
        reduce.reduce.simulate[1, 128](many, F32, 0, BLOCK=128)


def test_a_block_larger_than_max_threads_is_refused(simulated: Run) -> None:
    source = """
        @gpu.kernel(max_threads=64)
        def kernel(x: MutSlice[f32]) -> None:
            x[0] = 1.0
    """
    with pytest.raises(LaunchError, match="128 threads, the kernel is compiled for at most 64"):
        simulated(source, F32, block=128)


def test_a_contract_of_constants_excludes_variants(tmp_path: Path) -> None:
    source = """
        @gpu.kernel(values={"TILE": (4, 6), "STEP": (2, 4)})
        def kernel(x: MutSlice[i32], TILE: gpu.Const[int], STEP: gpu.Const[int]) -> None:
            gpu.require(TILE % STEP == 0)
            x[0] = TILE // STEP
    """
    kernel = imported(source, tmp_path).kernel
    x = np.zeros(1, np.int32)
    kernel.simulate[1, 1](x, TILE=4, STEP=4)
    assert x[0] == 1
    with pytest.raises(KernelArgumentError, match=r"requires TILE % STEP == 0, found TILE = 6, STEP = 4"):
        kernel.simulate[1, 1](x, TILE=6, STEP=4)


def test_the_simulator_checks_bounds_whatever_the_kernel_says(simulated: Run) -> None:
    source = """
        @gpu.kernel(bounds_checks=False)
        def kernel(x: MutSlice[f32]) -> None:
            x[gpu.thread_idx.x] = 1.0
    """
    with pytest.raises(KernelFault):
        simulated(source, F32, block=32)


def module_of(source: str) -> Any:
    return to_ssa(SourceFile("kernel.py", full_source(source), "test.kernel"))


def test_entries_have_names_of_their_own() -> None:
    source = """
        @gpu.device
        def fill_1(x: MutSlice[f32]) -> None:
            x[0] = 1.0

        @gpu.kernel(values={"n": (1, -1), "scale": (0.5, 5.0)})
        def fill(x: MutSlice[f32], n: gpu.Const[int], scale: gpu.Const[float]) -> None:
            fill_1(x)
            x[1] = scale * n

        @gpu.kernel
        def fill_1_5p0(x: MutSlice[f32]) -> None:
            x[0] = 2.0
    """
    module = module_of(source)
    symbols = [kernel.symbol for kernel in describe(module)]
    assert symbols == ["fill_1_0p5", "fill_1_5p0_1", "fill_minus1_0p5", "fill_minus1_5p0", "fill_1_5p0"]
    assert [kernel.unit for kernel in describe(module)] == [*symbols[:4], ""]
    (generic,) = describe_generics(module)
    assert [(c.name, c.type, c.values, c.default) for c in generic.constants] == [
        ("n", "int", ("1", "-1"), "1"),
        ("scale", "float", ("0.5", "5.0"), "0.5"),
    ]


def test_one_mistake_in_several_variants_is_reported_once() -> None:
    source = """
        @gpu.kernel(values={"BLOCK": (64, 128)})
        def kernel(x: MutSlice[f32], BLOCK: gpu.Const[int]) -> None:
            x[0] = oops
            if BLOCK == 128:
                x[1] = missing
    """
    with pytest.raises(CompileErrors) as raised:
        module_of(source)
    messages = [error.message for error in raised.value.errors]
    assert messages == ["unknown name `oops`", "unknown name `missing`, with BLOCK = 128"]
