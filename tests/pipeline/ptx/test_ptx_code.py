"""The PTX of every mir operation and type, judged by ptxas, and what must be seen in its text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from oxide_build.dialects import vocabulary
from oxide_build.dialects.functions import BIT_FUNCTIONS, MATH_FUNCTIONS
from oxide_build.errors import SourceFile, Span
from oxide_build.ir import Module
from oxide_build.ir.types import SCALARS
from oxide_build.pipeline.llvm_ir import emit_llvm_ir
from oxide_build.pipeline.lowering import lower
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import TARGETS

Ptx = Callable[..., str]

NUMBERS = tuple(name for name in SCALARS if name != "bool")
BINARY = ("add", "sub", "mul", "div", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr")
UNARY = ("neg", "abs", "not")
KINDS = {
    **dict.fromkeys(("div",), ("float",)),
    **dict.fromkeys(("abs",), ("int", "float")),
    **dict.fromkeys(("shl", "shr"), ("int", "uint")),
    **dict.fromkeys(("and", "or", "xor", "not"), ("bool", "int", "uint")),
}


def operations(name: str) -> list[str]:
    """Every operation on two values %a and %b of a type, as mir text with the result's type."""
    kind = SCALARS[name].kind
    fitting = [op for op in (*BINARY, *UNARY) if kind in KINDS.get(op, ("int", "uint", "float"))]
    lines = [f"mir.{op} {'%a' if op in UNARY else '%a, %b'} : {name}" for op in fitting]
    predicates = vocabulary.PREDICATES[:2] if kind == "bool" else vocabulary.PREDICATES
    lines += [f"mir.cmp %a, %b {{predicate = '{predicate}'}} : bool" for predicate in predicates]
    lines += [f"mir.cast %a {{type = {other}}} : {other}" for other in (*NUMBERS, "bool")]
    lines += [f"mir.select %on, %a, %b : {name}"]
    if kind == "float":
        operands = {"x": "%a", "y": "%b", "z": "%a", "n": "%n"}
        lines += [
            f"mir.math {', '.join(operands[key] for key in entry.parameters)} {{function = '{function}'}} : {name}"
            for function, entry in MATH_FUNCTIONS.items()
            if entry.narrow or SCALARS[name].bits > 16
        ]
    if kind in ("int", "uint"):
        results = {"brev": name}
        lines += [
            f"mir.bits %a {{function = '{function}'}} : {results.get(function, 'i32')}" for function in BIT_FUNCTIONS
        ]
    same_width = [other for other in NUMBERS if SCALARS[other].bits == SCALARS[name].bits]
    return lines + [f"mir.bitcast %a {{type = {other}}} : {other}" for other in same_width]


def every_operation(name: str) -> str:
    """A kernel that stores the result of every operation on a type."""
    body, views = [], set()
    for number, line in enumerate(operations(name)):
        result = line.rpartition(" : ")[2]
        views.add(result)
        body += [
            f"  %r{number} = {line}",
            "  mir.bounds_check %i, %n",
            f"  %p{number} = mir.element %to_{result}, %i : ptr<{result}, global>",
            f"  mir.store %r{number}, %p{number}",
        ]
    parameters = ", ".join(f"%to_{view}: view<?x{view}, mut, global>" for view in sorted(views))
    return "\n".join(
        [
            f"kernel @every(%a: {name}, %b: {name}, %on: bool, %n: i32, {parameters}) KERNEL {{",
            "^bb0:",
            "  %i = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32",
            *body,
            "  mir.return\n}",
        ]
    )


@pytest.mark.parametrize("options", [Options(), Options(fast_math=True, bounds_checks=False)], ids=["default", "fast"])
@pytest.mark.parametrize("name", [*NUMBERS, "bool"])
def test_every_operation_of_every_type(ptx: Ptx, name: str, options: Options) -> None:
    assert ".visible .entry every(" in ptx(every_operation(name), options)


@pytest.mark.parametrize("target", ["sm_75", "sm_80", "sm_100"])
@pytest.mark.parametrize("name", ["f16", "bf16", "i8"])
def test_narrow_types_on_older_and_newer_targets(ptx: Ptx, name: str, target: str) -> None:
    assert ".visible .entry every(" in ptx(every_operation(name), target=target)


HALF = """
kernel @half(%a: HALF, %b: HALF, %y: view<?xHALF, mut, global>) KERNEL {
^bb0:
  %i = mir.constant {value = 0, type = i32} : i32
  %product = mir.mul %a, %b : HALF
  %sum = mir.add %product, %a : HALF
  %fused = mir.math %sum, %a, %b {function = 'fma'} : HALF
  %p = mir.element %y, %i : ptr<HALF, global>
  mir.store %fused, %p
  mir.return
}"""


@pytest.mark.parametrize(
    ("name", "target", "separate"),
    [
        ("f16", "sm_75", ["mul.rn.f16", "add.rn.f16", "fma.rn.f16"]),
        ("bf16", "sm_75", ["mul.rn.f32", "add.rn.f32", "fma.rn.f32"]),
        ("bf16", "sm_80", ["fma.rn.bf16"]),
        ("bf16", "sm_90", ["mul.rn.bf16", "add.rn.bf16", "fma.rn.bf16"]),
    ],
)
def test_half_precision_is_the_hardware_s_where_it_has_it(
    ptx: Ptx, name: str, target: str, separate: list[str]
) -> None:
    text = ptx(HALF.replace("HALF", name), Options(fp_contract=False), target)
    assert [instruction for instruction in separate if instruction not in text] == []


APPROXIMATE = [name for name, entry in MATH_FUNCTIONS.items() if entry.approximate]


@pytest.mark.parametrize("function", APPROXIMATE)
def test_fast_math_approximates_in_single_precision_only(ptx: Ptx, function: str) -> None:
    operands = ", ".join(["%a"] * len(MATH_FUNCTIONS[function].parameters))
    kernel = f"""
kernel @k(%a: f32, %y: view<?xf32, mut, global>) KERNEL {{
^bb0:
  %i = mir.constant {{value = 0, type = i32}} : i32
  %r = mir.math {operands} {{function = '{function}'}} : f32
  %p = mir.element %y, %i : ptr<f32, global>
  mir.store %r, %p
  mir.return
}}"""
    instruction = r"\b(sin|cos|ex2|lg2)\.approx\.ftz\.f32\b"
    fast, double = ptx(kernel, Options(fast_math=True)), ptx(kernel.replace("f32", "f64"), Options(fast_math=True))
    assert re.search(instruction, fast)
    assert len(fast) < len(ptx(kernel))
    assert not re.search(instruction, double)


BLOCK_SUM = """
kernel @block_sum(%x: view<?xf32, read, global>, %sums: view<?xf32, mut, global>, %d: f64) KERNEL {
^bb0:
  %s = mir.shared_array {symbol = 'partial', type = view<256xf32, mut, shared>} : view<256xf32, mut, shared>
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %b = mir.coordinate {register = 'block_idx', axis = 'y'} : i32
  %w = mir.coordinate {register = 'block_dim', axis = 'z'} : i32
  %g = mir.coordinate {register = 'grid_dim', axis = 'x'} : i32
  %k = mir.mod %b, %g : i32
  %n = mir.extent %x {dimension = 0} : i32
  %m = mir.extent %s {dimension = 0} : i32
  mir.bounds_check %k, %n
  %p = mir.element %x, %k : ptr<f32, global>
  %v = mir.load %p : f32
  %e = mir.math %v {function = 'exp'} : f32
  %y = mir.math %d, %d {function = 'pow'} : f64
  %z = mir.cast %y {type = f32} : f32
  %u = mir.add %e, %z : f32
  mir.bounds_check %t, %m
  %q = mir.element %s, %t : ptr<f32, shared>
  mir.store %u, %q
  mir.sync_threads
  mir.bounds_check %w, %m
  %o = mir.element %s, %w : ptr<f32, shared>
  %f = mir.load %o : f32
  %c = mir.element %sums, %k : ptr<f32, global>
  %old = mir.atomic %c, %f {operation = 'add', order = 'relaxed', scope = 'device'} : f32
  mir.return
}"""


@pytest.mark.parametrize("target", TARGETS)
def test_every_target(ptx: Ptx, target: str) -> None:
    text = ptx(BLOCK_SUM, target=target)
    assert f".version {TARGETS[target].ptx}\n.target {target}\n" in text
    assert text.count("call.uni __assertfail") == 1


@pytest.mark.parametrize("space", ["global", "shared"])
@pytest.mark.parametrize(
    ("type", "instruction"),
    [("i32", "u32"), ("u32", "u32"), ("i64", "u64"), ("u64", "u64"), ("f32", "f32"), ("f64", "f64")],
)
def test_atomics(ptx: Ptx, type: str, instruction: str, space: str) -> None:
    memory = f"view<64x{type}, mut, shared>"
    shared = f"  %x = mir.shared_array {{symbol = 's', type = {memory}}} : {memory}\n" if space == "shared" else ""
    parameter = "" if shared else f"%x: view<?x{type}, mut, global>, "
    text = ptx(f"""
kernel @count({parameter}%v: {type}, %i: i32, %out: view<?x{type}, mut, global>) KERNEL {{
^bb0:
{shared}  %p = mir.element %x, %i : ptr<{type}, {space}>
  %old = mir.atomic %p, %v {{operation = 'add', order = 'relaxed', scope = 'device'}} : {type}
  %q = mir.element %out, %i : ptr<{type}, global>
  mir.store %old, %q
  mir.return
}}""")
    assert re.search(rf"\batom(\.relaxed\.gpu)?\.{space}\.add\.{instruction}\b", text), text


SAXPY = """
kernel @saxpy(%a: f32, %x: view<?xf32, read, global>, %y: view<?xf32, disjoint, global>) KERNEL {
^bb0:
  %nx = mir.extent %x {dimension = 0} : i32
  %n = mir.extent %y {dimension = 0} : i32
  %long = mir.cmp %nx, %n {predicate = 'ge'} : bool
  mir.assume %long
  %b = mir.coordinate {register = 'block_idx', axis = 'x'} : i32
  %d = mir.coordinate {register = 'block_dim', axis = 'x'} : i32
  %t = mir.coordinate {register = 'thread_idx', axis = 'x'} : i32
  %start = mir.mul %b, %d : i32
  %i = mir.add %start, %t : i32
  %zero = mir.constant {value = 0, type = i32} : i32
  %positive = mir.cmp %i, %zero {predicate = 'ge'} : bool
  mir.assume %positive
  %c = mir.cmp %i, %n {predicate = 'lt'} : bool
  mir.cond_br %c, ^bb1, ^bb2
^bb1:
  mir.bounds_check %i, %nx
  %p = mir.element %x, %i : ptr<f32, global>
  %v = mir.load %p : f32
  %av = mir.mul %a, %v : f32
  mir.bounds_check %i, %n
  %q = mir.element %y, %i : ptr<f32, global>
  %w = mir.load %q : f32
  %s = mir.add %av, %w : f32
  mir.store %s, %q
  mir.br ^bb2
^bb2:
  mir.return
}"""


def test_a_proven_check_costs_nothing(ptx: Ptx) -> None:
    text = ptx(SAXPY)
    assert "__assertfail" not in text
    assert text.count("setp") == 1


def test_multiply_and_add_fuse_only_when_allowed(ptx: Ptx) -> None:
    assert "fma.rn.f32" in ptx(SAXPY)
    assert "fma.rn.f32" not in ptx(SAXPY, Options(fp_contract=False))
    assert "fma.rn.ftz.f32" in ptx(SAXPY, Options(fast_math=True))


def test_reads_never_go_through_the_incoherent_cache(ptx: Ptx) -> None:
    assert ".nc" not in ptx(SAXPY)


DIVIDE = """
kernel @divide(%a: f32, %b: f32, %y: view<?xf32, mut, global>) KERNEL {
^bb0:
  %i = mir.constant {value = 0, type = i32} : i32
  %q = mir.div %a, %b : f32
  %r = mir.math %q {function = 'sqrt'} : f32
  %p = mir.element %y, %i : ptr<f32, global>
  mir.store %r, %p
  mir.return
}"""


def test_division_and_root_are_exact_unless_fast(ptx: Ptx) -> None:
    exact, fast = ptx(DIVIDE), ptx(DIVIDE, Options(fast_math=True))
    assert "div.rn.f32" in exact
    assert "sqrt.rn.f32" in exact
    assert "div.approx.ftz.f32" in fast
    assert "sqrt.approx.ftz.f32" in fast


CORNER = """
kernel @corner(%y: view<?xi32, mut, global>) {index_dims = 0, block = BLOCK, contracts = ()} {
^bb0:
  %i = mir.coordinate {register = 'thread_idx', axis = 'y'} : i32
  %p = mir.element %y, %i : ptr<i32, global>
  mir.store %i, %p
  mir.return
}"""


def test_launch_bounds_reach_the_image(ptx: Ptx) -> None:
    free, fixed = (ptx(CORNER.replace("BLOCK", block)) for block in ("None", "(16, 8, 1)"))
    assert ".maxntid 1024" in free
    assert ".reqntid" not in free
    assert "%tid.y" in free
    assert ".reqntid 16, 8, 1" in fixed
    assert ".maxntid" not in fixed


def test_lines_reach_the_image(
    ssa: Callable[[str], Module], generator: CodeGenerator, ptxas: Callable[[str], str]
) -> None:
    module, target, options = ssa(SAXPY), TARGETS["sm_75"], Options()
    source = SourceFile("kernels/vector.py", "")
    module.functions["saxpy"].span = Span(source, 5, 1, 5, 2)
    for op in module.functions["saxpy"].ops():
        op.span = Span(source, 11, 5, 11, 9)
    text = emit_llvm_ir(lower(module, target, options), target, options)
    ptx = ptxas(generator.emit_ptx("vector", text, target, options).result())
    assert '.file\t1 "kernels/vector.py"' in ptx
    assert ".loc\t1 11 5" in ptx
    assert ".target sm_75\n" in ptx  # no `, debug`


@pytest.mark.parametrize(("operation", "type"), [("shl", "i64"), ("shl", "u64"), ("shr", "u64"), ("shr", "i64")])
def test_a_64_bit_shift_looks_at_all_of_its_amount(operation: str, type: str, ptx: Callable[..., str]) -> None:
    """PTX reads 32 bits of it; LLVM's backend leaves out the comparison where it takes a `select` for PTX's shift."""
    text = ptx(
        f"""kernel @shift(%a: {type}, %n: {type}, %out: view<?x{type}, mut, global>) KERNEL {{
^bb0:
  %0 = mir.{operation} %a, %n : {type}
  %1 = mir.constant {{value = 0, type = i32}} : i32
  %2 = mir.element %out, %1 : ptr<{type}, global>
  mir.store %0, %2
  mir.return
}}"""
    )
    assert re.search(r"setp\.\w+\.[us]64|min\.[us]64", text), text
