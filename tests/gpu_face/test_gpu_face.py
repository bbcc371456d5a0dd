"""The author's face: cheap to import, typed, and clear about what the host cannot do."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typed_kernels

from oxide_build import gpu
from oxide_build.dialects.functions import BIT_FUNCTIONS, MATH_FUNCTIONS
from oxide_build.errors import KernelArgumentError, KernelError, LaunchError, SourceFile
from oxide_build.gpu import DisjointSlice, MutSlice2D, Slice, f32, i32, types, u32
from oxide_build.pipeline import to_ssa

KERNELS = Path(__file__).with_name("typed_kernels.py")
VARIANTS = Path(__file__).with_name("typed_variants.py")
HEAVY = (
    "llvmlite",
    "setuptools",
    "numpy",
    "cuda",
    "dataclasses",
    "typing",
    "oxide_build.runtime",
    "oxide_build.errors",
)


@gpu.device
def twice(x: f32) -> f32:
    """Two x."""
    return x + x


@gpu.kernel
def scale(a: f32, x: Slice[f32], y: DisjointSlice[f32], m: MutSlice2D[i32], n: gpu.i32) -> None:
    """y = a * x."""
    i = gpu.index_1d()
    if i < len(y):
        y[i] = a * x[i]


@gpu.kernel(block=(16, 16))
def square(m: MutSlice2D[i32]) -> None:
    """Of two dimensions."""


@gpu.kernel(block=128)
def line(y: DisjointSlice[f32]) -> None:
    """Of one dimension, with its block fixed."""


def test_importing_kernels_loads_nothing_heavy() -> None:
    script = f"""
        import json, sys
        sys.path[:0] = {[str(KERNELS.parent), str(Path(gpu.__file__).parents[2])]!r}
        before = set(sys.modules)
        import typed_kernels
        print(json.dumps(sorted(set(sys.modules) - before)))
    """
    loaded = json.loads(_python(script))
    assert not [name for name in loaded if name in HEAVY or name.partition(".")[0] in HEAVY]


def _python(script: str) -> str:
    command = [
        sys.executable,
        "-S",
        "-c",
        textwrap.dedent(script),
    ]  # -S: what the environment's .pth files load is not ours
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_compiler_accepts_what_type_checkers_are_shown() -> None:
    to_ssa(SourceFile(KERNELS.name, KERNELS.read_text(encoding="utf-8"), "typed_kernels"))


def test_a_type_checker_accepts_kernels() -> None:
    mypy = pytest.importorskip("mypy.api")
    output, errors, status = mypy.run(["--strict", "--follow-imports=silent", str(KERNELS), str(VARIANTS)])
    assert status == 0, output + errors


def test_a_type_checker_keeps_disjoint_slices_to_the_own_index(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from oxide_build import gpu\n"
        "from oxide_build.gpu import DisjointSlice, Slice, f32\n"
        "@gpu.kernel\n"
        "def k(x: Slice[f32], y: DisjointSlice[f32]) -> None:\n"
        "    i = gpu.index_1d()\n"
        "    y[i + 1] = x[i + 1]\n"
        "    x[i] = y[i]\n"
    )
    output, _, _ = mypy.run(["--strict", "--follow-imports=silent", str(wrong)])
    assert 'wrong.py:6: error: Invalid index type "int" for "DisjointSlice[float]"; expected' in output
    assert 'wrong.py:7: error: Unsupported target for indexed assignment ("Slice[float]")' in output
    assert "Found 2 errors" in output


@pytest.mark.parametrize(("type_", "bits"), [(types.i8, 8), (types.i16, 16), (types.i32, 32), (types.i64, 64)])
def test_signed_constants_are_range_checked(type_: Callable[[int], int], bits: int) -> None:
    assert type_(-(2 ** (bits - 1))) == -(2 ** (bits - 1))
    with pytest.raises(OverflowError, match=f"i{bits} holds -{2 ** (bits - 1)} to {2 ** (bits - 1) - 1}, got"):
        type_(2 ** (bits - 1))


@pytest.mark.parametrize(("type_", "bits"), [(types.u8, 8), (types.u16, 16), (types.u32, 32), (types.u64, 64)])
def test_unsigned_constants_are_range_checked(type_: Callable[[int], int], bits: int) -> None:
    assert type_(2**bits - 1) == 2**bits - 1
    with pytest.raises(OverflowError, match=f"u{bits} holds 0 to {2**bits - 1}, got -1"):
        type_(-1)


def test_constants_are_numbers() -> None:
    assert u32(0xFFFFFFFF) == 0xFFFFFFFF
    assert isinstance(u32(1), int)
    assert f32(2) / 4 == 0.5
    assert math.isinf(f32("inf"))
    assert gpu.math.inf == f32(math.inf)


INTRINSICS: tuple[Callable[[], object], ...] = (
    gpu.index_1d,
    gpu.index_2d,
    gpu.sync_threads,
    lambda: gpu.grid_stride(4),
    lambda: gpu.shared_array(4, f32),
    lambda: gpu.shared_array((4, 4), f32),
    lambda: gpu.require(True),
    lambda: gpu.thread_idx.x,
    lambda: gpu.block_dim.z,
    lambda: gpu.math.sqrt(f32(1)),
    lambda: gpu.math.pow(f32(1), 2),
    lambda: gpu.bitcast(f32(1), u32),
    lambda: gpu.popc(u32(1)),
    lambda: gpu.fma(f32(1), 2.0, 3.0),
    lambda: twice(f32(1)),
    lambda: Slice[f32](),
    lambda: types.View.__len__(None),  # type: ignore[arg-type]  # any object shows that the body raises
)


@pytest.mark.parametrize("use", INTRINSICS)
def test_the_host_cannot_use_what_only_kernels_have(use: Callable[[], object]) -> None:
    with pytest.raises(
        KernelError, match=r"means something only inside a kernel\n  help: .*kernel\.simulate"
    ) as caught:
        use()
    assert "means something" in str(caught.value)


def test_every_public_name_is_documented() -> None:
    undocumented = [name for name in gpu.__all__ if not inspect.getdoc(getattr(gpu, name))]
    assert undocumented == []


def test_a_kernel_shows_itself() -> None:
    assert scale.signature == "scale(a: f32, x: Slice[f32], y: DisjointSlice[f32], m: MutSlice2D[i32], n: i32)"
    assert typed_kernels.saxpy.signature == "saxpy(a: f32, x: Slice[f32], y: DisjointSlice[f32])"
    assert repr(line) == f"<kernel {__name__}.line(y: DisjointSlice[f32])>"
    assert (scale.__name__, scale.__doc__, scale.__module__) == ("scale", "y = a * x.", __name__)
    assert list(inspect.signature(scale).parameters) == ["a", "x", "y", "m", "n"]
    assert (square.block, line.block, scale.block) == ((16, 16), 128, None)
    assert repr(twice) == f"<device function {__name__}.twice>"


@pytest.mark.parametrize("named", [scale, square, twice])
def test_kernels_are_pickled_by_name(named: object) -> None:
    assert pickle.loads(pickle.dumps(named)) is named
    assert copy.deepcopy(named) is named


def test_a_bare_call_says_what_to_write() -> None:
    with pytest.raises(KernelArgumentError, match=r"write scale\[grid, block\]\(\.\.\.\)"):
        scale(1.0)
    with pytest.raises(KernelArgumentError, match=r"write scale\.simulate\[grid, block\]\(\.\.\.\)"):
        scale.simulate(1.0)


@pytest.mark.parametrize("configuration", [4, (4,), (1, 2, 3, 4, 5)])
def test_what_is_no_configuration(configuration: Any) -> None:
    for subscripted in (scale, scale.simulate):
        with pytest.raises(LaunchError, match=r"write scale\[grid, block\], scale\[grid, block, stream\] or"):
            subscripted[configuration]


@pytest.mark.parametrize(
    ("kernel", "n", "block", "expected"),
    [
        (scale, 1000, None, (4, 256, None)),
        (scale, 1024, 128, (8, 128, None)),
        (line, 129, None, (2, 128, None)),
        (scale, 1, None, (1, 256, None)),
    ],
)
def test_forall_covers_n(kernel: gpu.Kernel, n: int, block: int | None, expected: object, monkeypatch: Any) -> None:
    monkeypatch.setattr(gpu.Kernel, "__getitem__", lambda self, configuration: configuration)
    assert kernel.forall(n, block=block) == expected


def test_forall_of_nothing_launches_nothing() -> None:
    scale.forall(0)(1.0, None, None)


def test_forall_refuses_what_has_no_line_of_threads() -> None:
    with pytest.raises(LaunchError, match="n must not be negative, got -1"):
        scale.forall(-1)
    with pytest.raises(LaunchError, match=r"forall launches in one dimension, its block is \(16, 16\)"):
        square.forall(10)
    with pytest.raises(LaunchError, match="its block is 0"):
        scale.forall(10, block=0)


def test_every_function_of_the_tables_has_a_signature() -> None:
    written_by_hand = {"fabs", "degrees", "radians", "isnan", "isinf", "isfinite", "modf", "frexp", "ulp", "dist"}
    names = {
        name for name, value in vars(gpu.math).items() if callable(value) and value.__module__ == gpu.math.__name__
    }
    assert names == {*MATH_FUNCTIONS, *written_by_hand}
    for name, entry in MATH_FUNCTIONS.items():
        parameters = tuple(inspect.signature(getattr(gpu.math, name)).parameters)
        assert parameters == (*entry.parameters, *(["base"] if name == "log" else []))
    for name in (*BIT_FUNCTIONS, "bitcast", "fma", "rsqrt"):
        assert callable(getattr(gpu, name))
