"""What a launch refuses, what faults say, and how long a million threads take."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from oxide_build.errors import KernelArgumentError, KernelFault, LaunchError
from oxide_build.manifest import Contract

SAXPY = """kernel @saxpy(%a: f32, %x: view<?xf32, read, global>, %y: view<?xf32, disjoint, global>) {
^bb0:
  %m = mir.extent %x {dimension = 0} : i32
  %n = mir.extent %y {dimension = 0} : i32
  %enough = mir.cmp %m, %n {predicate = 'ge'} : bool
  mir.assume %enough
  %bi = mir.coordinate {register = 'block_idx', axis = 'x'} : i32
  %bd = mir.coordinate {register = 'block_dim', axis = 'x'} : i32
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %base = mir.mul %bi, %bd : i32
  %i = mir.add %base, %t : i32
  %inside = mir.cmp %i, %n {predicate = 'lt'} : bool
  mir.cond_br %inside, ^bb1, ^bb2
^bb1:
  mir.bounds_check %i, %m
  %p = mir.element %x, %i : ptr<f32, global>
  %e = mir.load %p : f32
  %f = mir.mul %a, %e : f32
  mir.bounds_check %i, %n
  %q = mir.element %y, %i : ptr<f32, global>
  %g = mir.load %q : f32
  %h = mir.add %f, %g : f32
  mir.bounds_check %i, %n
  mir.store %h, %q
  mir.br ^bb2
^bb2:
  mir.return
}"""

CONTRACT = Contract("len(x) >= len(y)", 3, ("ge", ("extent", "x", 0), ("extent", "y", 0)))


def ones(*shape: int, dtype: Any = np.float32) -> Any:
    return np.ones(shape, dtype)


@pytest.mark.parametrize("size", [1_000_000, 1 << 20])
def test_a_million_threads_take_no_time(launch: Any, size: int) -> None:
    x, y = np.arange(size, dtype=np.float32), ones(size)
    start = time.perf_counter()
    launch(SAXPY, -(-size // 256), 256, 2.5, x, y, index_dims=1)
    assert time.perf_counter() - start < 2
    np.testing.assert_array_equal(y, np.float32(2.5) * x + np.float32(1))


READ_ONLY = ones(4)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (2.0, ones(4), ones(4, dtype=np.float64)),
            "argument 'y' is declared DisjointSlice[f32], got an array of float64",
        ),
        ((2.0, ones(4, dtype=">f4"), ones(4)), "argument 'x' is declared Slice[f32], got an array of >f4"),
        ((2.0, ones(4), ones(2, 2)), "argument 'y' is declared DisjointSlice[f32], got an array of rank 2"),
        (
            (2.0, ones(4), ones(8)[::2]),
            "argument 'y' is declared DisjointSlice[f32], got an array that is not C-contiguous",
        ),
        (
            (2.0, ones(4), READ_ONLY),
            "argument 'y' is declared DisjointSlice[f32], got a read-only array, which the kernel writes",
        ),
        ((2.0, [1.0, 2.0], ones(4)), "argument 'x' is declared Slice[f32], got a list"),
        ((ones(4), ones(4), ones(4)), "argument 'a' is declared f32, got array"),
        (("2", ones(4), ones(4)), "argument 'a' is declared f32, got '2'"),
        ((2.0, ones(4)), "missing 'y'"),
        ((2.0, ones(3), ones(4)), "requires len(x) >= len(y)"),
    ],
)
def test_arguments_that_do_not_fit(launch: Any, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(KernelArgumentError) as error:
        launch(SAXPY, 1, 32, *arguments, contracts=(CONTRACT,))
    assert message in str(error.value)
    assert "help:" in str(error.value)


def test_arguments_that_do_fit(launch: Any) -> None:
    y = ones(4)
    launch(SAXPY, 1, 32, np.float64(2), READ_ONLY, y)
    launch(SAXPY, 1, 32, 1, READ_ONLY, ones(0))
    assert y.tolist() == [3.0] * 4


@pytest.mark.parametrize(("grid", "block"), [(0, 32), (1, 2048), ((2, 2), 32), (1.5, 32), (1, (1, 2, 3, 4))])
def test_launches_that_no_device_takes(launch: Any, grid: Any, block: Any) -> None:
    with pytest.raises(LaunchError):
        launch(SAXPY, grid, block, 2.0, ones(4), ones(4), index_dims=1)


def test_a_broken_assumption_is_a_fault(launch: Any) -> None:
    with pytest.raises(KernelFault) as fault:
        launch(SAXPY, 1, 32, 2.0, ones(3), ones(4))
    assert "a gpu.require condition does not hold, in block (0, 0, 0), thread (0, 0, 0); 32 of the 32" in str(
        fault.value
    )


UNGUARDED = """kernel @k(%start: {index}, %x: view<?x?xf32, mut, global>) {{
^bb0:
  %n = mir.extent %x {{dimension = 1}} : i32
  %limit = mir.cast %n {{type = {index}}} : {index}
  %t = mir.coordinate {{register = 'thread_idx', axis = 'y'}} : i32
  %wide = mir.cast %t {{type = {index}}} : {index}
  %i = mir.add %start, %wide : {index}
  mir.bounds_check %i, %limit
  mir.return
}}"""


@pytest.mark.usefixtures("chunks")
def test_an_index_out_of_bounds(launch: Any) -> None:
    with pytest.raises(KernelFault) as fault:
        launch(UNGUARDED.format(index="i32"), 2, (4, 8), -1, ones(3, 10), lines={"mir.bounds_check": "x[0, i] = 1"})
    report = str(fault.value)
    assert report.startswith(
        "kernels/test.py:1:1: index -1 is out of bounds for extent 10, in block (0, 0, 0), thread (0, 0, 0); 8 of the"
    )
    assert "\n    x[0, i] = 1\n    ^^^^^^^^^^^\n  help: compare the index with the extent" in report


@pytest.mark.parametrize(
    ("index", "start", "found"),
    [
        ("i32", 7, "index 10 is out of bounds for extent 10, in block (0, 0, 0), thread (0, 3, 0); 20 of the 32"),
        (
            "u32",
            2**32 - 1,
            "index 4294967295 is out of bounds for extent 10, in block (0, 0, 0), thread (0, 0, 0); 4 of",
        ),
        ("i64", -(2**40), "index -1099511627776 is out of bounds"),
        ("u64", 2**63, "index 9223372036854775808 is out of bounds"),
    ],
)
def test_indices_of_every_type_are_checked(launch: Any, index: str, start: int, found: str) -> None:
    with pytest.raises(KernelFault) as fault:
        launch(UNGUARDED.format(index=index), 1, (4, 8), start, ones(3, 10))
    assert found in str(fault.value)


CHECKED = """kernel @k(%n: i32) {
^bb0:
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %2 = mir.constant {value = 2, type = i32} : i32
  %rest = mir.mod %t, %2 : i32
  %one = mir.constant {value = 1, type = i32} : i32
  %odd = mir.cmp %rest, %one {predicate = 'eq'} : bool
  mir.cond_br %odd, ^bb1, ^bb2
^bb1:
  %small = mir.cmp %t, %n {predicate = 'lt'} : bool
  mir.check %small {message = 'division by zero'}
  mir.br ^bb2
^bb2:
  mir.return
}"""


def test_a_check_fails_in_some_threads_of_a_branch(launch: Any) -> None:
    launch(CHECKED, 4, 64, 64)
    with pytest.raises(KernelFault) as fault:
        launch(CHECKED, 4, 64, 60)
    assert str(fault.value) == (
        "division by zero, in block (0, 0, 0), thread (61, 0, 0); 8 of the 128 threads running it together failed"
    )
