"""The text of LLVM IR: literals, phis, structs, declarations, debug lines."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import llvmlite.binding as llvm
import pytest

from oxide_build.dialects import llvm as llvm_dialect
from oxide_build.dialects import nvvm
from oxide_build.errors import InternalError, SourceFile, Span
from oxide_build.ir import Global, Module
from oxide_build.ir.types import SCALARS, i32
from oxide_build.pipeline.llvm_ir import emit_llvm_ir
from oxide_build.pipeline.llvm_ir.function import _WRITERS
from oxide_build.pipeline.llvm_ir.literals import constant_text, global_text, string_text, symbol_text
from oxide_build.pipeline.lowering import lower
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS

TARGET = TARGETS["sm_80"]

LOOP = """
device @sum(%n: i32, %x: view<?xf32, read, global>) -> (f32, i32) {
^bb0:
  %zero = mir.constant {value = 0, type = i32} : i32
  %none = mir.constant {value = 0.1, type = f32} : f32
  mir.br ^bb1(%zero, %none)
^bb1(%i: i32, %acc: f32):
  %more = mir.cmp %i, %n {predicate = 'lt'} : bool
  mir.cond_br %more, ^bb2, ^bb3
^bb2:
  %p = mir.element %x, %i : ptr<f32, global>
  %v = mir.load %p : f32
  %e = mir.math %v {function = 'exp'} : f32
  %s = mir.add %acc, %e : f32
  %one = mir.constant {value = 1, type = i32} : i32
  %next = mir.add %i, %one : i32
  mir.br ^bb1(%next, %s)
^bb3:
  mir.return %acc, %i
}
kernel @k(%x: view<?xf32, read, global>, %y: view<?xf32, mut, global>) KERNEL {
^bb0:
  %n = mir.extent %x {dimension = 0} : i32
  %s, %m = mir.call %n, %x {callee = 'sum', results = (f32, i32)} : f32, i32
  mir.bounds_check %m, %n
  %p = mir.element %y, %m : ptr<f32, global>
  mir.store %s, %p
  mir.return
}"""


def test_every_operation_has_a_writer() -> None:
    assert set(_WRITERS) == {*llvm_dialect.DIALECT.ops, *nvvm.DIALECT.ops}


@pytest.mark.parametrize(
    ("value", "type", "text"),
    [
        (True, "bool", "true"),
        (-1, "i32", "-1"),
        (0.1, "f32", "0x3FB99999A0000000"),
        (0.1, "f64", "0x3FB999999999999A"),
        (1e40, "f32", "0x7FF0000000000000"),
        (-math.inf, "f32", "0xFFF0000000000000"),
        (math.nan, "f64", "0x7FF8000000000000"),
        (1.5, "f16", "0xH3E00"),
        (1.5, "bf16", "0xR3FC0"),
        (1.00390625, "bf16", "0xR3F80"),
        (math.nan, "bf16", "0xR7FC0"),
    ],
)
def test_constants(value: float, type: str, text: str) -> None:
    assert constant_text(value, SCALARS[type]) == text


def test_strings_and_symbols_are_escaped() -> None:
    assert string_text(b'a"\\\n\xc3') == '"a\\22\\5C\\0A\\C3"'
    assert symbol_text("a.b_1") == "@a.b_1"
    assert symbol_text("é") == '@"\\C3\\A9"'


def test_memory_with_values() -> None:
    table = Global("table", i32, 2, "constant", 4, (7, -1))
    assert global_text(table) == "@table = internal addrspace(4) constant [2 x i32] [i32 7, i32 -1], align 4"


def test_llvm_reads_it_and_it_is_the_same_each_time(llvm_ir: Callable[..., str]) -> None:
    text = llvm_ir(LOOP)
    llvm.parse_assembly(text).verify()
    assert text == llvm_ir(LOOP)


def test_block_arguments_are_phis(llvm_ir: Callable[..., str]) -> None:
    phis = re.findall(r"= phi (\w+) \[ \S+, (%bb\d) \], \[ \S+, (%bb\d) \]", llvm_ir(LOOP))
    assert phis == [("i32", "%bb0", "%bb2"), ("float", "%bb0", "%bb2")]


def test_several_results_are_a_struct(llvm_ir: Callable[..., str]) -> None:
    text = llvm_ir(LOOP)
    assert "define internal { float, i32 } @sum(" in text
    assert text.count("insertvalue { float, i32 }") == text.count("extractvalue { float, i32 }") == 2


def test_only_what_nobody_defines_is_declared(llvm_ir: Callable[..., str]) -> None:
    declared = re.findall(r"^declare .*@(\w+)", llvm_ir(LOOP), re.MULTILINE)
    assert declared == ["__assertfail", "__nv_expf"]


def test_arrays_may_overlap(llvm_ir: Callable[..., str]) -> None:
    assert not re.search("noalias|readonly|nsw|nuw|inbounds", llvm_ir(LOOP))


def test_a_call_of_nothing_known_is_our_fault(lowered: Callable[..., Module]) -> None:
    module = lowered(LOOP)
    del module.functions["sum"]
    with pytest.raises(InternalError, match="call of @sum, which no module defines"):
        emit_llvm_ir(module, TARGET, Options())


def test_the_flush_to_zero_mode_reaches_libdevice(llvm_ir: Callable[..., str]) -> None:
    text = llvm_ir(LOOP, Options(fast_math=True))
    assert '!{i32 4, !"nvvm-reflect-ftz", i32 1}' in text
    assert text.count('"denormal-fp-math-f32"="preserve-sign,preserve-sign"') == 2
    assert "nvvm-reflect-ftz" not in llvm_ir(LOOP)


def spanned(module: Module) -> Module:
    """The module as a frontend would place it: each operation on a line of its own."""
    source = SourceFile('kernels/"odd".py', "")
    line = 0
    for function in module.functions.values():
        function.span = Span(source, line := line + 1, 1, line, 9)
        for op in function.ops():
            op.span = Span(source, line := line + 1, 5, line, 9)
    return module


def test_lines_reach_the_instructions(ssa: Callable[[str], Module]) -> None:
    module = spanned(ssa(LOOP))
    text = emit_llvm_ir(lower(module, TARGET, Options()), TARGET, Options())
    llvm.parse_assembly(text).verify()
    assert 'DIFile(filename: "kernels/\\22odd\\22.py", directory: "")' in text
    assert "emissionKind: DebugDirectivesOnly" in text
    assert "!DILocation(line: 8, column: 5" in text
    without = Options(line_info=False)
    assert "!dbg" not in emit_llvm_ir(lower(module, TARGET, without), TARGET, without)
