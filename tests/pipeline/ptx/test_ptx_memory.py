"""The PTX of vector accesses and of the arrays a kernel makes, judged by ptxas, from kernels' source."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

Compile = Callable[..., str]

HEAD = """
from oxide_build import gpu
from oxide_build.gpu import MutSlice, MutSlice2D, Slice, Slice2D, f32, f64, i32, i64, u32, u64
"""


@pytest.fixture(scope="module")
def compile_source(generator: CodeGenerator, ptxas: Callable[[str], str]) -> Compile:
    """Kernel source to PTX that ptxas accepts."""

    def run(source: str, target: str = "sm_90", bounds_checks: bool = True) -> str:
        chosen, options = TARGETS[target], Options(bounds_checks=bounds_checks)
        text = to_llvm_ir(to_ssa(SourceFile("kernel.py", HEAD + source, "kernel")), chosen, options)
        return ptxas(generator.emit_ptx("kernel", text, chosen, options).result())

    return run


COPY = """
@gpu.kernel
def copy(x: {view}[{type}], y: MutSlice[{type}]) -> None:
    i = {width} * gpu.index_1d()
    {parts} = gpu.load_vector(x, i, {width})
    gpu.store_vector(y, i, ({parts}))
"""
PARTS = {2: "a, b", 4: "a, b, c, d"}


@pytest.mark.parametrize("target", ["sm_75", "sm_90", "sm_100"])
@pytest.mark.parametrize(("type", "width"), [(t, 4) for t in ("f32", "i32", "u32")] + [(t, 2) for t in ("f64", "i64")])
def test_one_access_of_sixteen_bytes(compile_source: Compile, type: str, width: int, target: str) -> None:
    text = compile_source(COPY.format(view="Slice", type=type, width=width, parts=PARTS[width]), target)
    # LLVM moves the same 16 bytes as two halves of 64 bits where the GPU has registers for that.
    loads = [f"ld.global.v4.b{b}" in text or f"ld.global.v2.b{b}" in text for b in (32, 64)]
    assert any(loads)
    assert any(f"st.global.v{n}.b{b}" in text for n, b in ((4, 32), (2, 64)))
    assert text.count("ld.global") == text.count("st.global") == 1


def test_one_access_of_eight_bytes(compile_source: Compile) -> None:
    text = compile_source(COPY.format(view="Slice", type="f32", width=2, parts=PARTS[2]))
    assert "ld.global.v2.b32" in text or "ld.global.b64" in text
    assert text.count("ld.global") == text.count("st.global") == 1


def test_an_index_aligned_by_its_form_needs_no_check(compile_source: Compile) -> None:
    text = compile_source(COPY.format(view="Slice", type="f32", width=4, parts=PARTS[4]))
    assert "vector access is not aligned" not in _messages(text)
    loose = COPY.format(view="Slice", type="f32", width=4, parts=PARTS[4]).replace("4 * gpu", "3 * gpu")
    assert "vector access is not aligned" in _messages(compile_source(loose))


def _messages(ptx: str) -> str:
    """The texts that lie in a module's memory as bytes."""
    lines = [line.partition("{")[2].partition("}")[0] for line in ptx.splitlines() if ".b8 text_" in line]
    numbers = (int(number) for line in lines for number in line.split(",") if number.strip())
    return "".join(map(chr, numbers))


def test_shared_memory_is_moved_in_vectors_too(compile_source: Compile) -> None:
    text = compile_source("""
@gpu.kernel
def k(y: MutSlice2D[f32]) -> None:
    t = gpu.thread_idx.x
    tile = gpu.shared_array((64, 4), f32)
    gpu.store_vector(tile[t], 0, (1.0, 2.0, 3.0, 4.0))
    gpu.sync_threads()
    gpu.store_vector(y, (t, 0), gpu.load_vector(tile, (63 - t, 0), 4))
""")
    assert "st.shared.v" in text
    assert "ld.shared.v" in text


def test_a_local_array_with_known_indices_stays_in_registers(compile_source: Compile) -> None:
    source = """
@gpu.kernel
def k(n: i32, y: MutSlice[f32]) -> None:
    a = gpu.local_array(4, f32)
    for j in range(4):
        a[j] = y[j]
    y[0] = a[3] + a[INDEX]
"""
    known, unknown = (compile_source(source.replace("INDEX", index)) for index in ("1", "n"))
    assert ".local" not in known
    assert ".local" in unknown
    assert "st.local" in unknown


def test_dynamic_shared_memory_asks_for_its_size(compile_source: Compile) -> None:
    text = compile_source(
        """
@gpu.kernel
def k(y: MutSlice[i32]) -> None:
    a = gpu.dynamic_shared_array(i32)
    b = gpu.dynamic_shared_array(f64)
    a[gpu.thread_idx.x] = 1
    y[0] = len(a) + len(b)
""",
        "sm_75",
    )
    assert text.count(".extern .shared") == 1
    assert "%dynamic_smem_size" in text


def test_a_table_is_constant_memory_and_a_known_index_costs_nothing(compile_source: Compile) -> None:
    source = """
TABLE = gpu.table((0.5, 0.25, 3), f64)

@gpu.kernel
def k(n: i32, y: MutSlice[f64]) -> None:
    y[0] = TABLE[INDEX]
"""
    known, unknown = (compile_source(source.replace("INDEX", index)) for index in ("2", "n"))
    assert "table" not in known
    assert ".global .align 16" in unknown
    assert "ld.global" in unknown


def test_unchecked_access_has_no_check(compile_source: Compile) -> None:
    source = """
@gpu.kernel
def k(x: Slice[f32], y: MutSlice[f32]) -> None:
    i = gpu.thread_idx.x
    y{how}[i] = x{how}[i + 1]
"""
    assert "__assertfail" in compile_source(source.format(how=""))
    unchecked = compile_source(source.format(how=".unchecked"))
    assert "__assertfail" not in unchecked
    assert "setp" not in unchecked


def test_alignment_reaches_the_manifest_through_rows_and_device_functions() -> None:
    from oxide_build.pipeline import describe

    module = to_ssa(
        SourceFile(
            "kernel.py",
            HEAD
            + """
@gpu.device
def pair(row: Slice[f32]) -> f32:
    a, b = gpu.load_vector(row, 0, 2)
    return a + b

@gpu.kernel
def k(x: Slice2D[f32], other: Slice[f32], y: MutSlice[f64], n: i32) -> None:
    row = x[0]
    while n > 0:
        row = x[n]
        n -= 1
    gpu.store_vector(y, 0, (1.0, f64(pair(row) + other[0])))

@gpu.kernel
def plain(x: Slice[f32], y: MutSlice[f32]) -> None:
    y[0] = x[0]
""",
            "kernel",
        )
    )
    first, second = describe(module)
    assert [p.alignment for p in first.parameters] == [8, 1, 16, 1]
    assert [p.alignment for p in second.parameters] == [1, 1]
