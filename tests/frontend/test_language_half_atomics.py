"""Atomics of the 16-bit types against NumPy: every operation, alone and in crowds, in global and in shared memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from oxide_build.simulator import bfloat
from tests.frontend.conftest import Run, built_kernel, full_source

IMPORTS = "from oxide_build.gpu import bf16, f16, i16, u16\n"
DTYPES: dict[str, Any] = {"f16": np.float16, "bf16": np.uint16, "i16": np.int16, "u16": np.uint16}
"""How NumPy holds each type in memory: bf16 as its bits."""
_FLOATS = [0.0, -0.0, 1.5, -2.25, 65504.0, -65504.0, np.inf, 1e-7, 3.0]
EDGES: dict[str, list[float]] = {
    "f16": _FLOATS,
    "bf16": _FLOATS,
    "i16": [0, 1, -1, 32767, -32768, 77],
    "u16": [0, 1, 65535, 32768, 77],
}
COMBINING = [("add", "f16"), ("add", "bf16"), ("sub", "f16"), ("sub", "bf16"), *(("exch", name) for name in DTYPES)]


def stored(values: Any, name: str) -> Any:
    """Numbers as an array of the type."""
    if name == "bf16":
        return bfloat.encode(bfloat.nearest(np.asarray(values, np.float32)))
    return np.asarray(values).astype(DTYPES[name])


def numbers(array: Any, name: str) -> Any:
    """What an array of the type holds, in single precision."""
    return bfloat.decode(array) if name == "bf16" else array.astype(np.float32)


@pytest.mark.parametrize("order", ["relaxed", "acq_rel", "seq_cst"])
@pytest.mark.parametrize(("operation", "name"), COMBINING)
def test_one_step_on_every_pair_of_edge_values(run: Run, operation: str, name: str, order: str) -> None:
    pairs = [(a, b) for a in EDGES[name] for b in EDGES[name]]
    cells, values = (stored(column, name) for column in zip(*pairs, strict=True))
    start, old = cells.copy(), np.zeros_like(cells)
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(cells: MutSlice[{name}], values: Slice[{name}], old: MutSlice[{name}]) -> None:
    i = gpu.thread_idx.x
    old[i] = gpu.atomic_{operation}(cells, i, values[i], order="{order}")
""",
        *(cells, values, old),
        block=len(cells),
    )
    assert old.tobytes() == start.tobytes()
    a, b = numbers(start, name), numbers(values, name)
    with np.errstate(all="ignore"):
        expected = {"add": a + b, "sub": a - b, "exch": b}[operation]
        np.testing.assert_array_equal(numbers(cells, name), numbers(stored(expected, name), name))


@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize("name", ["f16", "bf16"])
def test_crowds_add_up(run: Run, name: str, space: str) -> None:
    """Neighbours share a 32-bit word; every sum on the way is exact."""
    out, old = stored(np.zeros(7), name), stored(np.zeros(256), name)
    array = "s" if space == "shared" else "out"
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(out: MutSlice[{name}], old: MutSlice[{name}]) -> None:
    s = gpu.shared_array(7, {name})
    t = gpu.thread_idx.x
    if t < 7:
        s[t] = 0.0
    gpu.sync_threads()
    old[t] = gpu.atomic_add({array}, t % 7, 1.0, scope="block")
    gpu.sync_threads()
    if t < 7:
        out[t] = {array}[t]
""",
        *(out, old),
        block=256,
    )
    found = numbers(old, name)
    for cell in range(7):
        count = len(range(cell, 256, 7))
        assert numbers(out, name)[cell] == count
        assert sorted(found[cell::7]) == list(range(count))


@pytest.mark.parametrize("name", ["i16", "u16"])
def test_compare_and_swap_counts(run: Run, name: str) -> None:
    cells = np.zeros(3, DTYPES[name])
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(cells: MutSlice[{name}]) -> None:
    place = gpu.thread_idx.x % 3
    done = False
    while not done:
        found = gpu.atomic_load(cells, place)
        done = gpu.atomic_cas(cells, place, found, found + 1, order="acq_rel", scope="system") == found
""",
        cells,
        grid=2,
        block=48,
    )
    assert cells.tolist() == [32, 32, 32]


@pytest.mark.parametrize("name", DTYPES)
def test_loads_and_stores(run: Run, name: str) -> None:
    x = stored(EDGES[name], name)
    out = np.zeros_like(x)
    run(
        IMPORTS
        + f"""
@gpu.kernel
def k(x: MutSlice[{name}], out: MutSlice[{name}]) -> None:
    i = gpu.thread_idx.x
    gpu.atomic_store(out, i, gpu.atomic_load(x, i, order="acquire"), order="release")
""",
        *(x, out),
        block=len(x),
    )
    assert out.tobytes() == x.tobytes()


@pytest.mark.gpu
@pytest.mark.parametrize("target", ["sm_75", "sm_80"])
def test_bf16_sums_of_older_targets(target: str, tmp_path: Any) -> None:
    """The loop that stands for the instruction, on the GPU at hand."""
    torch = pytest.importorskip("torch")
    source = """
from oxide_build.gpu import bf16

@gpu.kernel
def k(out: MutSlice[bf16]) -> None:
    gpu.atomic_add(out, gpu.thread_idx.x % 3, 0.5, order="seq_cst")
    gpu.atomic_exch(out, 3, 2.0)
"""
    kernel = built_kernel(full_source(source), tmp_path / "gpu_kernels", target)
    out = torch.zeros(4, dtype=torch.bfloat16, device="cuda")
    kernel[2, 96](out)
    assert out.float().cpu().tolist() == [32.0, 32.0, 32.0, 2.0]
