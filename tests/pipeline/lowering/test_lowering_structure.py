"""What lowering makes of views, checks, kernels and calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oxide_build.dialects import llvm, mir
from oxide_build.errors import CompileError, SourceFile, Span
from oxide_build.ir import Module
from oxide_build.ir.types import SCALARS, Pointer, bool_, f16, f32, i8, i32
from oxide_build.pipeline.lowering import function as handlers
from oxide_build.pipeline.lowering import lower
from oxide_build.pipeline.lowering.types import register
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS

Lowered = Callable[..., Module]

COPY = """
kernel @copy(%x: view<?x?xf64, read, global>, %y: view<?x?xf64, mut, global>, %i: u32, %j: i32, %on: bool) KERNEL {
^bb0:
  %w = mir.extent %x {dimension = 1} : i32
  %p = mir.element %x, %i, %j : ptr<f64, global>
  %v = mir.load %p : f64
  mir.bounds_check %j, %w
  %q = mir.element %y, %i, %j : ptr<f64, global>
  mir.check %on {message = 'not on'}
  mir.store %v, %q
  mir.return
}"""


def names(module: Module, function: str) -> list[str]:
    return [op.name.removeprefix("llvm.") for op in module.functions[function].ops()]


def test_every_mir_operation_has_a_handler() -> None:
    assert set(handlers._HANDLERS) == mir.SSA_OPS


def test_kernel_parameters_follow_the_manifest(lowered: Lowered) -> None:
    kernel = lowered(COPY).functions["copy"]
    view = [Pointer(None, "global"), i32, i32]
    assert [value.type for value in kernel.parameters] == [*view, *view, i32, i32, i8]


def test_indices_widen_by_their_own_sign(lowered: Lowered) -> None:
    element = names(lowered(COPY), "copy")[2:8]
    assert element == ["zext", "sext", "mul", "sext", "add", "getelementptr"]


def test_one_trap_block_placed_last(lowered: Lowered) -> None:
    kernel = lowered(COPY).functions["copy"]
    traps = [block for block in kernel.blocks if block.ops[-1].definition is llvm.unreachable]
    assert traps == [kernel.blocks[-1]]
    assert len(traps[0].arguments) == 2


def test_checks_vanish_without_bounds_checks(lowered: Lowered) -> None:
    module = lowered(COPY, Options(bounds_checks=False))
    assert len(module.functions["copy"].blocks) == 1
    assert not module.globals


def test_the_trap_knows_file_line_and_message(ssa: Callable[[str], Module]) -> None:
    module = ssa(COPY)
    source = SourceFile("kernels/copy.py", "")
    for line, op in enumerate(module.functions["copy"].ops(), 10):
        op.span = Span(source, line, 1, line, 2)
    lowered = lower(module, TARGETS["sm_90"], Options())
    texts = {bytes(item.values or ())[:-1].decode() for item in lowered.globals.values()}
    assert texts == {"kernels/copy.py", "copy", "index out of bounds", "not on"}
    lines = [op.attributes["value"] for op in lowered.functions["copy"].ops() if op.definition is llvm.constant]
    assert {13, 15} <= set(lines)


def test_a_module_is_left_as_it_was(ssa: Callable[[str], Module]) -> None:
    module = ssa(COPY)
    before = str(module)
    lower(module, TARGETS["sm_90"], Options())
    assert str(module) == before


SHARED = """
kernel @tile(%i: i32, %on: bool) KERNEL {
^bb0:
  %s = mir.shared_array {symbol = 'flags', type = view<4x8xbool, mut, shared>} : view<4x8xbool, mut, shared>
  %n = mir.extent %s {dimension = 1} : i32
  %p = mir.element %s, %i, %n : ptr<bool, shared>
  mir.store %on, %p
  mir.sync_threads
  mir.return
}"""


def test_fixed_extents_are_constants_and_bools_bytes(lowered: Lowered) -> None:
    module = lowered(SHARED)
    (memory,) = module.globals.values()
    assert (memory.name, memory.element, memory.count) == ("tile.flags", i8, 32)
    assert (memory.space, memory.alignment, memory.values) == ("shared", 16, None)
    constants = [op.attributes["value"] for op in module.functions["tile"].ops() if op.definition is llvm.constant]
    assert constants.count(8) == 2
    assert [op for op in module.functions["tile"].ops() if op.definition is llvm.zext]


def test_views_pass_to_device_functions_as_their_parts(lowered: Lowered) -> None:
    module = lowered("""
device @both(%x: view<?x4xf32, read, global>, %i: i32) -> (f32, i32) {
^bb0:
  %n = mir.extent %x {dimension = 0} : i32
  %p = mir.element %x, %i, %i : ptr<f32, global>
  %v = mir.load %p : f32
  mir.return %v, %n
}
kernel @caller(%x: view<?x4xf32, read, global>) KERNEL {
^bb0:
  %n = mir.extent %x {dimension = 0} : i32
  %v, %m = mir.call %x, %n {callee = 'both', results = (f32, i32)} : f32, i32
  mir.return
}""")
    assert [value.type for value in module.functions["both"].parameters] == [Pointer(None, "global"), i32, i32]
    assert [value.type for value in module.functions["caller"].parameters] == [Pointer(None, "global"), i32, i32]
    assert module.functions["both"].results == (f32, i32)


def test_two_edges_to_one_block_become_one(lowered: Lowered) -> None:
    module = lowered("""
device @choose(%c: bool, %a: i32, %b: i32) -> i32 {
^bb0:
  mir.cond_br %c, ^bb1(%a), ^bb1(%b)
^bb1(%r: i32):
  mir.return %r
}""")
    assert names(module, "choose") == ["select", "br", "return"]


@pytest.mark.parametrize(
    ("block", "expected"),
    [("None", (("nvvm.maxntid", "1024"),)), ("(16, 8, 1)", (("nvvm.reqntid", "16,8,1"),))],
)
def test_launch_bounds(lowered: Lowered, block: str, expected: tuple[tuple[str, str], ...]) -> None:
    module = lowered(f"kernel @k() {{index_dims = 0, block = {block}, contracts = ()}} {{\n^bb0:\n  mir.return\n}}")
    assert module.functions["k"].attributes["attributes"] == expected


ADD = """
kernel @k(%x: f32, %y: f32) KERNEL {
^bb0:
  %z = mir.add %x, %y : f32
  %w = mir.math %z {function = 'exp'} : f32
  mir.return
}"""


@pytest.mark.parametrize(
    ("options", "flags", "callee"),
    [
        (Options(), ("contract",), "__nv_expf"),
        (Options(fp_contract=False), (), "__nv_expf"),
        (Options(fast_math=True), ("arcp", "contract", "afn"), "__nv_fast_expf"),
    ],
)
def test_float_options(lowered: Lowered, options: Options, flags: tuple[str, ...], callee: str) -> None:
    add, exp, _ = lowered(ADD, options).functions["k"].ops()
    assert add.attributes["fast_math"] == flags
    assert exp.attributes["callee"] == callee


def test_a_scope_the_target_does_not_have_is_refused(lowered: Lowered) -> None:
    kernel = """
kernel @k(%x: view<?xi32, mut, global>, %i: i32) KERNEL {
^bb0:
  %p = mir.element %x, %i : ptr<i32, global>
  %old = mir.atomic %p, %i {operation = 'add', order = 'relaxed', scope = 'cluster'} : i32
  mir.return
}"""
    lowered(kernel, target="sm_90")
    with pytest.raises(CompileError, match="scope 'cluster' exists from sm_90 on; this is compiled for sm_80"):
        lowered(kernel, target="sm_80")


@pytest.mark.parametrize("half", ["f16", "bf16"])
def test_half_precision_goes_through_single(lowered: Lowered, half: str) -> None:
    _, widened, exp, rounded, _ = lowered(ADD.replace("f32", half)).functions["k"].ops()
    assert widened.name == "llvm.fpext"
    assert exp.attributes["callee"] == "__nv_expf"
    assert (rounded.name, str(rounded.result.type)) == ("llvm.fptrunc", half)


def test_registers_have_no_sign() -> None:
    assert {scalar.name: register(scalar).name for scalar in SCALARS.values() if scalar.kind == "uint"} == {
        "u8": "i8",
        "u16": "i16",
        "u32": "i32",
        "u64": "i64",
    }
    assert register(bool_) == bool_
    assert register(f16) == f16
