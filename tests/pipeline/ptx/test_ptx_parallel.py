"""The PTX of atomics at every order and scope, of warp operations, barriers and clocks, judged by ptxas.

The code generator drops the order and scope of LLVM's own atomics without a word, so the text of every combination is
looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from oxide_build.dialects import vocabulary

Ptx = Callable[..., str]

PTX_SCOPES = {"block": "cta", "cluster": "cluster", "device": "gpu", "system": "sys"}
BITS = {"i32": "b32", "u32": "b32", "i64": "b64", "u64": "b64"}
HALVES = {"f16": "b16", "bf16": "b16"}
INTEGER_HALVES = {"i16": "b16", "u16": "b16"}
ALL_BITS = {**BITS, **INTEGER_HALVES, **HALVES, "f32": "b32", "f64": "b64"}
SUMS = {"i32": "u32", "u32": "u32", "i64": "u64", "u64": "u64", "f32": "f32", "f64": "f64"}
HALF_SUMS = {"f16": "noftz.f16", "bf16": "noftz.bf16"}
ORDERED = {"i32": "s32", "u32": "u32", "i64": "s64", "u64": "u64"}
COUNTED = {"u32": "u32"}
PTX_TYPES = {
    "add": {**SUMS, **HALF_SUMS},
    "sub": {**SUMS, **HALF_SUMS},
    "min": ORDERED,
    "max": ORDERED,
    "inc": COUNTED,
    "dec": COUNTED,
    "and": BITS,
    "or": BITS,
    "xor": BITS,
    "cas": {**BITS, **INTEGER_HALVES},
    "exch": ALL_BITS,
    "load": ALL_BITS,
    "store": ALL_BITS,
}
"""Each operation's type in PTX by ours."""
ORDERS = {"load": vocabulary.LOAD_ORDERS, "store": vocabulary.STORE_ORDERS}
STRONGEST = {"load": "acquire", "store": "release"}
INSTRUCTIONS = {"load": "ld", "store": "st"}


def line(operation: str, order: str, scope: str, type: str) -> str:
    """The mir text of an atomic."""
    where = f"order = '{order}', scope = '{scope}'}}"
    if operation == "load":
        return f"%r = mir.atomic_load %p {{{where} : {type}"
    if operation == "store":
        return f"mir.atomic_store %v, %p {{{where}"
    if operation == "cas":
        return f"%r = mir.atomic_cas %p, %v, %v {{{where} : {type}"
    return f"%r = mir.atomic %p, %v {{operation = '{operation}', {where} : {type}"


def swapped(operation: str, type: str, target: str) -> bool:
    """Whether the target has no instruction, so that what is found there is swapped for the new value."""
    if operation == "exch":
        return type in {**HALVES, **INTEGER_HALVES}
    return operation in ("add", "sub") and type == "bf16" and target == "sm_75"


def expected(operation: str, order: str, scope: str, type: str, space: str, target: str) -> list[str]:
    """What its instructions must look like: nothing may be missing, nothing stronger stand there."""
    if not swapped(operation, type, target):
        return [instruction_of(operation, order, scope, type, space)]
    swap = instruction_of("cas", order, scope, "u16", space)
    return [f"ld.relaxed.{PTX_SCOPES[scope]}.{space}.b16", swap]


def instruction_of(operation: str, order: str, scope: str, type: str, space: str) -> str:
    """The one instruction of an atomic."""
    instruction = INSTRUCTIONS.get(operation, "atom")
    name = "" if operation in INSTRUCTIONS else "." + operation.replace("sub", "add")
    kind = f"{name}.{PTX_TYPES[operation][type]}"
    if instruction == "atom" and operation != "cas" and type[-2:] != "16" and (order, scope) == ("relaxed", "device"):
        return f"atom.{space}{kind}"
    sc = order == "seq_cst"
    semantics = STRONGEST.get(operation, "acq_rel") if sc else order
    return f"{f'fence.sc.{PTX_SCOPES[scope]}; ' * sc}{instruction}.{semantics}.{PTX_SCOPES[scope]}.{space}{kind}"


def kernel(name: str, operation: str, order: str, scope: str, type: str, space: str) -> str:
    """A kernel with one atomic, at an index of its own so that none is merged with another."""
    memory = f"view<64x{type}, mut, shared>"
    shared = f"  %x = mir.shared_array {{symbol = 's', type = {memory}}} : {memory}\n" if space == "shared" else ""
    keep = f"  %q = mir.element %out, %i : ptr<{type}, global>\n  mir.store %r, %q\n" * (operation != "store")
    parameter = "" if shared else f"%x: view<?x{type}, mut, global>, "
    return f"""kernel @{name}({parameter}%v: {type}, %i: i32, %out: view<?x{type}, mut, global>) KERNEL {{
^bb0:
{shared}  %p = mir.element %x, %i : ptr<{type}, {space}>
  {line(operation, order, scope, type)}
{keep}  mir.return
}}
"""


def combinations(operation: str, target: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Every order, scope, type and space of an operation that a target has."""
    scopes = [scope for scope in vocabulary.SCOPES if scope != "cluster" or target != "sm_75"]
    orders = ORDERS.get(operation, vocabulary.ORDERS)
    for order, scope, type, space in product(orders, scopes, PTX_TYPES[operation], ("global", "shared")):
        yield operation, order, scope, type, space


MEMORY_OPERATION = re.compile(r"(?:fence\.sc\.\w+; )?\b(?:atom|ld|st)\.[\w.:]+|\b(?:fence|membar|red)\.[\w.]+")


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize("operation", vocabulary.ATOMICS)
def test_every_order_and_scope_is_in_the_text(ptx: Ptx, operation: str, target: str) -> None:
    cases = list(combinations(operation, target))
    assert {case[3] for case in cases} == {type.name for type in vocabulary.ATOMICS[operation]}
    text = ptx("\n".join(kernel(f"k{n}", *case) for n, case in enumerate(cases)), target=target)
    entries = text.split(".visible .entry ")[1:]
    assert len(entries) == len(cases)
    for entry, case in zip(entries, cases, strict=True):
        found = [word for word in MEMORY_OPERATION.findall(entry) if not word.startswith(("ld.param", "st.global.b"))]
        assert found == expected(*case, target), entry


def test_there_are_many_combinations() -> None:
    count = sum(len(list(combinations(operation, "sm_90"))) for operation in vocabulary.ATOMICS)
    print(f"{count} combinations of operation, order, scope, type and space")
    assert count > 1500


def test_every_kind_of_memory_operation_is_kept_in_place(ptx: Ptx) -> None:
    """Ordinary accesses do not move over an atomic that orders them."""
    text = ptx("""
kernel @publish(%x: view<?xi32, mut, global>, %flag: view<?xu32, mut, global>) KERNEL {
^bb0:
  %0 = mir.constant {value = 0, type = i32} : i32
  %1 = mir.constant {value = 1, type = u32} : u32
  %p = mir.element %x, %0 : ptr<i32, global>
  %f = mir.element %flag, %0 : ptr<u32, global>
  %before = mir.load %p : i32
  mir.store %0, %p
  mir.atomic_store %1, %f {order = 'release', scope = 'device'}
  mir.thread_fence {scope = 'block'}
  %again = mir.atomic_load %f {order = 'acquire', scope = 'device'} : u32
  %after = mir.load %p : i32
  %sum = mir.add %before, %after : i32
  mir.store %sum, %p
  mir.return
}""")
    order = [
        "ld.global",
        "st.global",
        "st.release.gpu",
        "fence.acq_rel.cta",
        "ld.acquire.gpu",
        "ld.global",
        "st.global",
    ]
    positions, start = [], 0
    for word in order:
        start = text.index(word, start) + 1
        positions.append(start)
    assert positions == sorted(positions)


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize("scope", ["block", "device", "system"])
def test_fences(ptx: Ptx, scope: str, target: str) -> None:
    text = ptx(
        f"kernel @k() KERNEL {{\n^bb0:\n  mir.thread_fence {{scope = '{scope}'}}\n  mir.return\n}}", target=target
    )
    assert f"fence.acq_rel.{PTX_SCOPES[scope]};" in text


def warp_kernel(*lines: str, result: str = "u32", parameters: str = "") -> str:
    """A kernel that stores %r, computed from %b (bool), %m (u32) and %l (i32)."""
    body = "\n".join(f"  {text}" for text in lines)
    return f"""kernel @k(%b: bool, %m: u32, %l: i32, {parameters}%out: view<?x{result}, mut, global>) KERNEL {{
^bb0:
{body}
  %q = mir.element %out, %l : ptr<{result}, global>
  mir.store %r, %q
  mir.return
}}"""


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize("type", [type.name for type in vocabulary.WORDS])
@pytest.mark.parametrize(("mode", "name"), [("idx", "idx"), ("up", "up"), ("down", "down"), ("xor", "bfly")])
def test_shuffles(ptx: Ptx, mode: str, name: str, type: str, target: str) -> None:
    line = f"%r = mir.shuffle %v, %l, %m {{mode = '{mode}'}} : {type}"
    text = ptx(warp_kernel(line, result=type, parameters=f"%v: {type}, "), target=target)
    last = 0 if mode == "up" else 31
    found = re.findall(rf"shfl\.sync\.{name}\.b32 \S+ \S+ \S+ {last}, \S+;", text)
    assert len(found) == (2 if type.endswith("64") else 1)


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize(
    ("line", "result", "instruction"),
    [
        ("%r = mir.vote %b, %m {operation = 'ballot'} : u32", "u32", "vote.sync.ballot.b32"),
        ("%r = mir.vote %b, %m {operation = 'any'} : bool", "bool", "vote.sync.any.pred"),
        ("%r = mir.vote %b, %m {operation = 'all'} : bool", "bool", "vote.sync.all.pred"),
        ("%r = mir.sync_threads_reduce %b {operation = 'count'} : i32", "i32", "bar.*red.popc"),
        ("%r = mir.sync_threads_reduce %b {operation = 'and'} : bool", "bool", "bar.*red.and"),
        ("%r = mir.sync_threads_reduce %b {operation = 'or'} : bool", "bool", "bar.*red.or"),
        ("%r = mir.active_mask : u32", "u32", "activemask.b32"),
        ("%r = mir.lane_id : i32", "i32", "%laneid"),
        ("%r = mir.clock {clock = 'clock64'} : i64", "i64", "%clock64"),
        ("%r = mir.clock {clock = 'global_timer'} : i64", "i64", "%globaltimer"),
    ],
)
def test_votes_barriers_and_clocks(ptx: Ptx, line: str, result: str, instruction: str, target: str) -> None:
    assert re.search(instruction, ptx(warp_kernel(line, result=result), target=target))


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
def test_waiting(ptx: Ptx, target: str) -> None:
    text = ptx(warp_kernel("mir.sync_warp %m", "mir.nanosleep %m", "%r = mir.active_mask : u32"), target=target)
    assert text.index("bar.warp.sync") < text.index("nanosleep.u32")


@pytest.mark.parametrize("target", ["sm_75", "sm_90"])
@pytest.mark.parametrize("type", [type.name for type in vocabulary.WORDS])
def test_matches(ptx: Ptx, type: str, target: str) -> None:
    text = ptx(warp_kernel("%r = mir.match_any %v, %m : u32", parameters=f"%v: {type}, "), target=target)
    assert f"match.any.sync.b{type[1:]} " in text


@pytest.mark.parametrize("type", ["i32", "u32"])
@pytest.mark.parametrize("operation", vocabulary.WARP_REDUCTIONS)
def test_reductions(ptx: Ptx, operation: str, type: str) -> None:
    line = f"%r = mir.warp_reduce %v {{operation = '{operation}'}} : {type}"
    source = warp_kernel(line, result=type, parameters=f"%v: {type}, ")
    kind = "b32" if operation in ("and", "or", "xor") else f"{'s' if type == 'i32' else 'u'}32"
    assert re.search(rf"redux\.sync\.{operation}\.({kind}|s32)", ptx(source, target="sm_80"))
    older = ptx(source, target="sm_75")
    assert "redux" not in older
    # Five steps along the chain of lanes, each of a value and a pointer (the last pointer is not needed).
    assert older.count("shfl.sync.idx.b32") in (10, 11)
