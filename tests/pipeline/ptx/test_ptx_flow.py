"""PTX of what steers compilation: unroll requests, targets, functions kept, printing, inline PTX."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oxide_build.errors import SourceFile
from oxide_build.pipeline import to_llvm_ir, to_ssa
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

HEAD = "from oxide_build import gpu\nfrom oxide_build.gpu import MutSlice, Slice, f32, i32, u32\n"


@pytest.fixture
def emitted(generator: CodeGenerator, ptxas: Callable[[str], str]) -> Callable[..., str]:
    """A kernel's source to PTX that ptxas accepts."""

    def emit(source: str, target: str = "sm_90") -> str:
        module = to_ssa(SourceFile("kernel.py", HEAD + source, "kernel"))
        text = to_llvm_ir(module, TARGETS[target], Options())
        return ptxas(generator.emit_ptx("kernel", text, TARGETS[target], Options()).result())

    return emit


LOOP = """
@gpu.kernel
def k(n: i32, x: MutSlice[f32]) -> None:
    gpu.require(n <= len(x))
    for i in LOOP:
        x[i] = x[i] * x[i]
"""


@pytest.mark.parametrize("copies", [1, 2, 4])
def test_unroll_request_copies_the_body(emitted: Callable[..., str], copies: int) -> None:
    text = emitted(LOOP.replace("LOOP", f"gpu.unroll(range(n), {copies})"))
    remainder = copies - 1 if copies > 1 else 0
    assert copies <= text.count("mul.rn.f32") + text.count("mul.f32") <= copies + max(1, remainder)


ARCH = """
@gpu.kernel
def k(x: MutSlice[i32]) -> None:
    if gpu.arch >= 90 and x[0] > 0:
        gpu.ptx("barrier.cluster.arrive;", None)
    elif not gpu.arch >= 80:
        x[0] = 80
    else:
        x[0] = 75
"""


@pytest.mark.parametrize(
    ("target", "cluster"), [("sm_75", False), ("sm_80", False), ("sm_90", True), ("sm_100a", True)]
)
def test_only_the_side_a_target_takes_is_compiled_for_it(
    emitted: Callable[..., str], target: str, cluster: bool
) -> None:
    assert ("barrier.cluster.arrive" in emitted(ARCH, target)) == cluster


def test_dead_sides_are_gone_before_llvm() -> None:
    module = to_ssa(SourceFile("kernel.py", HEAD + ARCH, "kernel"))
    assert "barrier.cluster" not in to_llvm_ir(module, TARGETS["sm_80"], Options())
    assert "barrier.cluster" in to_llvm_ir(module, TARGETS["sm_90"], Options())


@pytest.mark.parametrize("inline", [True, False])
def test_a_function_kept_is_called(emitted: Callable[..., str], inline: bool) -> None:
    text = emitted(f"""
@gpu.device(inline={inline})
def twice(x: f32) -> f32:
    return x * x + 1.0

@gpu.kernel
def k(x: MutSlice[f32]) -> None:
    x[0] = twice(x[0])
    x[1] = twice(x[1])
""")
    assert (".func  (.param .b32 func_retval0) twice(" in text) != inline


def test_print_is_vprintf_with_promoted_arguments(emitted: Callable[..., str]) -> None:
    text = emitted("""
@gpu.kernel
def k(x: MutSlice[f32]) -> None:
    for i in range(len(x)):
        print("x", i, x[i], x[i] > 1.0)
""")
    assert ".extern .func  (.param .b32 func_retval0) vprintf" in text
    assert "cvt.f64.f32" in text


def test_inline_ptx_stands_as_written(emitted: Callable[..., str]) -> None:
    text = emitted("""
@gpu.kernel
def k(x: MutSlice[u32]) -> None:
    x[0] = gpu.ptx("{ .reg .u32 t; mov.u32 t, %laneid; add.u32 %0, t, %1; }", u32, x[0])
""")
    assert "mov.u32 t, %laneid; add.u32 %r" in text
