"""What each kernel should compute: launches with fresh random inputs, and the answers in float64 NumPy.

In: a random generator and a size. Out: a `Launch`, ready for a GPU or the simulator. Its own room because the demo
and the tests check the same kernels against the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from example_pkg.kernels import heat, histogram, mandelbrot, matmul, softmax, vector
from oxide_build.gpu import Kernel

Array: TypeAlias = npt.NDArray[Any]
Random: TypeAlias = np.random.Generator
Dims: TypeAlias = "int | tuple[int, int]"
Size: TypeAlias = "tuple[int, ...]"
Measure: TypeAlias = Callable[[Array, Array], float]

LEFT, TOP, WIDTH = -2.2, 1.25, 3.2
"""The part of the complex plane in the Mandelbrot picture."""

LIMIT = 200
UNTOUCHED = 0x0BADBEEF
"""What integer outputs hold before the launch; those of floats hold NaN."""


@dataclass(frozen=True)
class Launch:
    """A launch: blocks, threads a block, arguments; the last argument is the output, `expected` what it should hold."""

    grid: Dims
    block: Dims
    arguments: tuple[Any, ...]
    expected: Array


def largest_error(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest expected value; NaN where anything found is NaN."""
    if expected.size == 0:
        return 0.0
    return float(np.abs(found - expected).max() / (np.abs(expected).max() or 1.0))


def share_wrong(found: Array, expected: Array) -> float:
    """How many of the elements differ, from 0 to 1."""
    return float(np.mean(found != expected)) if expected.size else 0.0


@dataclass(frozen=True)
class Case:
    """A kernel, how to make a launch of some size, the size the demo shows, those the tests try, and what is exact."""

    kernel: Kernel
    make: Callable[[Random, Size], Launch]
    shown: Size
    tried: tuple[Size, ...]
    tolerance: float
    measure: Measure = largest_error

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.kernel.__name__


def blocks(size: int, block: int) -> int:
    """How many blocks cover `size` elements; one at least, since no grid is empty."""
    return max(1, -(-size // block))


def _grid_2d(shape: Size, block: tuple[int, int]) -> tuple[int, int]:
    """Blocks along x and y for an array of that shape, whose columns run along x."""
    rows, cols = shape
    return blocks(cols, block[0]), blocks(rows, block[1])


def _uniform(random: Random, *shape: int) -> Array:
    return random.uniform(-1.0, 1.0, shape).astype(np.float32)


def _nan(*shape: int) -> Array:
    return np.full(shape, np.nan, np.float32)


def _double(array: Array) -> Array:
    return array.astype(np.float64)


def make_saxpy(random: Random, size: Size) -> Launch:
    """y = a x + y."""
    (n,) = size
    a, x, y = float(np.float32(random.normal())), _uniform(random, n), _uniform(random, n)
    return Launch(blocks(n, 256), 256, (a, x, y), a * _double(x) + _double(y))


def make_dot(random: Random, size: Size) -> Launch:
    """out[0] += x · y, of positive numbers: sums that cancel have no meaningful relative error."""
    (n,) = size
    x, y, out = abs(_uniform(random, n)), abs(_uniform(random, n)), abs(_uniform(random, 1))
    expected = _double(out) + _double(x) @ _double(y)
    return Launch(min(blocks(n, 256), 64), 256, (x, y, out), expected)


def make_matmul(random: Random, size: Size) -> Launch:
    """c = a @ b; the size is rows of a, columns of a, columns of b."""
    m, k, n = size
    a, b = _uniform(random, m, k), _uniform(random, k, n)
    grid = _grid_2d((m, n), (matmul.TILE, matmul.TILE))
    return Launch(grid, (matmul.TILE, matmul.TILE), (a, b, _nan(m, n)), _double(a) @ _double(b))


def make_softmax(random: Random, size: Size) -> Launch:
    """Rows of values 100 apart, about offsets up and down that no exponential survives."""
    rows, cols = size
    x = random.choice(np.array([-1000.0, 1000.0], np.float32), (rows, 1)) + 50.0 * _uniform(random, rows, cols)
    shifted = np.exp(_double(x) - x.max(axis=1, initial=-np.inf, keepdims=True))
    expected = shifted / shifted.sum(axis=1, keepdims=True)
    return Launch(max(1, rows), softmax.BLOCK, (x, _nan(rows, cols)), expected)


def make_histogram(random: Random, size: Size) -> Launch:
    """Values a tenth of which are past the last bin, added to bins that are not empty."""
    n, bins = size
    values = random.integers(0, bins + bins // 9 + 1, n, np.uint32)
    counts = random.integers(0, 1000, bins, np.uint32)
    expected = counts + np.bincount(values, minlength=bins)[:bins]
    return Launch(min(blocks(n, 256), 64), histogram.BLOCK, (values, counts), expected)


def make_heat(random: Random, size: Size) -> Launch:
    """One step from random temperatures."""
    before = _uniform(random, *size)
    rate = float(np.float32(random.uniform(0.05, 0.25)))
    t = _double(before)
    expected = t.copy()
    if min(size) > 2:
        around = t[:-2, 1:-1] + t[2:, 1:-1] + t[1:-1, :-2] + t[1:-1, 2:]
        expected[1:-1, 1:-1] += rate * (around - 4.0 * t[1:-1, 1:-1])
    return Launch(_grid_2d(size, (32, 8)), (32, 8), (rate, before, _nan(*size)), expected)


def make_mandelbrot(random: Random, size: Size) -> Launch:
    """The whole set; nothing about it is random."""
    rows, cols = size
    step = WIDTH / cols
    c = LEFT + np.arange(cols) * step + 1j * (TOP - np.arange(rows) * step)[:, None]
    counts = np.full(size, UNTOUCHED, np.int32)
    arguments = (LEFT, TOP, step, LIMIT, counts)
    return Launch(_grid_2d(size, (16, 16)), (16, 16), arguments, escape_counts(c, LIMIT))


def escape_counts(c: Array, limit: int) -> Array:
    """For each point how many iterations of z² + c stay within |z| <= 2."""
    real, imag = np.zeros(c.shape), np.zeros(c.shape)
    counts = np.zeros(c.shape, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(limit):
            inside = real * real + imag * imag <= 4.0
            counts += inside
            real, imag = real * real - imag * imag + c.real, 2.0 * real * imag + c.imag
    return counts


LENGTHS: tuple[Size, ...] = ((0,), (1,), (255,), (257,), (70_001,))

CASES = (
    Case(vector.saxpy, make_saxpy, (1_000_000,), LENGTHS, 1e-6),
    Case(vector.dot, make_dot, (1_000_000,), LENGTHS, 1e-5),
    Case(
        matmul.matmul,
        make_matmul,
        shown=(256, 200, 300),
        tried=((1, 1, 1), (16, 16, 16), (5, 0, 7), (17, 33, 50), (100, 64, 3)),
        tolerance=1e-5,
    ),
    Case(
        softmax.softmax,
        make_softmax,
        shown=(512, 1000),
        tried=((1, 1), (3, 257), (5, 256), (7, 31), (2, 1500)),
        tolerance=1e-5,
    ),
    Case(
        histogram.histogram,
        make_histogram,
        shown=(1_000_000, 256),
        tried=((0, 5), (1, 1), (1000, 256), (20_000, 37), (5_000, 1024)),
        tolerance=0.0,
    ),
    Case(
        heat.heat_step,
        make_heat,
        shown=(1000, 1000),
        tried=((1, 1), (2, 5), (3, 3), (33, 65), (8, 100), (101, 7)),
        tolerance=1e-6,
    ),
    # Near the set's edge a last bit decides when a point escapes, and a GPU fuses multiplications and additions.
    Case(
        mandelbrot.mandelbrot,
        make_mandelbrot,
        shown=(500, 640),
        tried=((1, 1), (17, 31), (40, 64)),
        tolerance=1e-2,
        measure=share_wrong,
    ),
)
