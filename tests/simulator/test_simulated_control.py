"""Control flow: loops and branches that part threads, device functions, coordinates."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

OWN_INDEX = """
  %bi = mir.coordinate {register = 'block_idx', axis = 'x'} : i32
  %bd = mir.coordinate {register = 'block_dim', axis = 'x'} : i32
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %base = mir.mul %bi, %bd : i32
  %i = mir.add %base, %t : i32
  %0 = mir.constant {value = 0, type = i32} : i32
  %1 = mir.constant {value = 1, type = i32} : i32
  %2 = mir.constant {value = 2, type = i32} : i32
  %3 = mir.constant {value = 3, type = i32} : i32"""


COLLATZ = f"""kernel @k(%out: view<?xi32, disjoint, global>) {{
^bb0:{OWN_INDEX}
  %n = mir.extent %out {{dimension = 0}} : i32
  %inside = mir.cmp %i, %n {{predicate = 'lt'}} : bool
  mir.cond_br %inside, ^bb1, ^bb2
^bb1:
  %x = mir.add %i, %1 : i32
  %steps = mir.call %x {{callee = 'steps', results = (i32,)}} : i32
  %p = mir.element %out, %i : ptr<i32, global>
  mir.store %steps, %p
  mir.br ^bb2
^bb2:
  mir.return
}}
device @steps(%n: i32) -> i32 {{
^bb0:
  %0 = mir.constant {{value = 0, type = i32}} : i32
  %1 = mir.constant {{value = 1, type = i32}} : i32
  %2 = mir.constant {{value = 2, type = i32}} : i32
  mir.br ^bb1(%n, %0)
^bb1(%x: i32, %s: i32):
  %done = mir.cmp %x, %1 {{predicate = 'eq'}} : bool
  mir.cond_br %done, ^bb2, ^bb3
^bb2:
  mir.return %s
^bb3:
  %rest = mir.mod %x, %2 : i32
  %odd = mir.cmp %rest, %1 {{predicate = 'eq'}} : bool
  mir.cond_br %odd, ^bb4, ^bb5
^bb4:
  %up = mir.call %x {{callee = 'tripled', results = (i32,)}} : i32
  mir.br ^bb6(%up)
^bb5:
  %half = mir.floordiv %x, %2 : i32
  mir.br ^bb6(%half)
^bb6(%next: i32):
  %more = mir.add %s, %1 : i32
  mir.br ^bb1(%next, %more)
}}
device @tripled(%x: i32) -> i32 {{
^bb0:
  %1 = mir.constant {{value = 1, type = i32}} : i32
  %3 = mir.constant {{value = 3, type = i32}} : i32
  %y = mir.mul %x, %3 : i32
  %z = mir.add %y, %1 : i32
  mir.return %z
}}"""


def collatz(n: int) -> int:
    steps = 0
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        steps += 1
    return steps


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("size", [1, 63, 64, 300])
def test_loops_of_different_length_in_nested_calls(launch: Any, size: int) -> None:
    out = np.zeros(size, np.int32)
    launch(COLLATZ, 5, 64, out)
    assert out.tolist() == [collatz(n + 1) for n in range(size)]


SWAPS = f"""kernel @k(%x: view<?xi32, mut, global>, %y: view<?xi32, mut, global>) {{
^bb0:{OWN_INDEX}
  %rest = mir.mod %t, %2 : i32
  %odd = mir.cmp %rest, %1 {{predicate = 'eq'}} : bool
  mir.cond_br %odd, ^bb1(%0, %t, %i), ^bb1(%0, %i, %t)
^bb1(%n: i32, %a: i32, %b: i32):
  %more = mir.cmp %n, %t {{predicate = 'lt'}} : bool
  %next = mir.add %n, %1 : i32
  mir.cond_br %more, ^bb1(%next, %b, %a), ^bb2(%a, %b)
^bb2(%c: i32, %d: i32):
  %p = mir.element %x, %i : ptr<i32, global>
  mir.store %c, %p
  %q = mir.element %y, %i : ptr<i32, global>
  mir.store %d, %q
  mir.return
}}"""


@pytest.mark.usefixtures("chunks")
def test_a_branch_passes_its_values_at_once(launch: Any) -> None:
    """Each thread swaps two loop values as often as its number in the block; odd threads begin with them swapped."""
    x, y = np.zeros(96, np.int32), np.zeros(96, np.int32)
    launch(SWAPS, 3, 32, x, y)
    assert x.tolist() == list(range(96))
    assert y.tolist() == [i % 32 for i in range(96)]


VIEWS = f"""kernel @k(%x: view<?x?xi32, read, global>, %y: view<?x?xi32, read, global>, %z: view<?xi32, mut, global>) {{
^bb0:{OWN_INDEX}
  %rest = mir.mod %i, %2 : i32
  %odd = mir.cmp %rest, %1 {{predicate = 'eq'}} : bool
  mir.cond_br %odd, ^bb2(%x), ^bb1
^bb1:
  mir.br ^bb2(%y)
^bb2(%v: view<?x?xi32, read, global>):
  %width = mir.extent %v {{dimension = 1}} : i32
  %row = mir.floordiv %i, %width : i32
  %column = mir.mod %i, %width : i32
  %p = mir.element %v, %row, %column : ptr<i32, global>
  %e = mir.load %p : i32
  %q = mir.element %z, %i : ptr<i32, global>
  mir.store %e, %q
  mir.return
}}"""


def test_threads_may_name_different_arrays(launch: Any) -> None:
    x = np.arange(40, dtype=np.int32).reshape(8, 5)
    y, z = -x.reshape(4, 10), np.zeros(40, np.int32)
    launch(VIEWS, 5, 8, x, y, z)
    assert z.tolist() == [i if i % 2 else -i for i in range(40)]


def coordinates_kernel() -> str:
    """Each thread writes its coordinates into the row of `out` that its number on the device selects."""
    registers = [(r, axis) for r in ("thread_idx", "block_idx", "block_dim", "grid_dim") for axis in "xyz"]
    lines = [
        f"%r{n} = mir.coordinate {{register = '{r}', axis = '{axis}'}} : i32" for n, (r, axis) in enumerate(registers)
    ]
    number = "%r5"
    for step, (size, coordinate) in enumerate([(10, 4), (9, 3), (8, 2), (7, 1), (6, 0)]):
        lines.append(f"%m{step} = mir.mul {number}, %r{size} : i32")
        lines.append(f"%s{step} = mir.add %m{step}, %r{coordinate} : i32")
        number = f"%s{step}"
    for n in range(len(registers)):
        lines.append(f"%c{n} = mir.constant {{value = {n}, type = i32}} : i32")
        lines.append(f"%p{n} = mir.element %out, {number}, %c{n} : ptr<i32, global>")
        lines.append(f"mir.store %r{n}, %p{n}")
    return "kernel @k(%out: view<?x?xi32, mut, global>) {\n^bb0:\n" + "\n".join([*lines, "mir.return"]) + "\n}"


@pytest.mark.usefixtures("chunks")
def test_threads_are_numbered_as_on_a_device(launch: Any) -> None:
    grid, block = (3, 2, 4), (4, 3, 2)
    out = np.full((24 * 24, 12), -1, np.int32)
    launch(coordinates_kernel(), grid, block, out)
    slowest_first = product(*map(range, (*grid[::-1], *block[::-1])))
    wanted = [(tx, ty, tz, bx, by, bz, *block, *grid) for bz, by, bx, tz, ty, tx in slowest_first]
    np.testing.assert_array_equal(out, wanted)
