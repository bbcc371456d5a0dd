"""The mir dialect: a kernel as its author wrote it, typed, with views and checks still whole.

Each operation is one declaration; its type rule is its meaning for builder and verifier.
The `mir` stage holds locals as slots (`local`, `load`, `store`); the `ssa` stage is the
same dialect without `local`.

Meanings the types do not say:
- Integers wrap. `floordiv` and `mod` round towards minus infinity, as Python's do, for
  floats too; the divisor was checked before. `shl` and `shr` by the width or more give 0
  (or the sign); the amount counts as unsigned.
- `min` and `max` of floats give the other operand where one is NaN, and take -0.0 for less than 0.0 (IEEE 754-2019's
  minimumNumber and maximumNumber).
- `cast` from float to integer rounds towards zero and saturates, NaN gives 0; between
  integers it wraps; to bool it asks "not equal to zero". To bf16 it goes by way of f32.
- f16 and bf16 are computed in f32 and rounded to nearest even, operation by operation.
- `clz` and `ctz` of 0 are the width.
- A kernel's attributes are `index_dims` (how many dimensions its launch may have, 0: any),
  `block` ((x, y, z) or None) and `contracts` ((text, line, condition) each, the condition
  in the manifest's form); `cluster`, where it has one, is (x, y, z) in blocks.
- `arch` is the target's number, 90 for sm_90a; the `ssa` stage is the same for all targets.
  `print` writes its texts with its operands between them. `ptx` is the author's own PTX,
  `%0`, `%1`, … its results, then its operands.
- Atomics give the value they found. `inc` gives 0 from the operand on, else one more; `dec`
  gives the operand from 0 and from beyond the operand, else one less. A `sub` of floats adds
  the negated operand.
- `sync_grid` and `sync_cluster` order memory as `sync_threads` does, for all threads of the
  grid, or the cluster. A `named_barrier`'s operands are its number and how many threads it
  waits for; both were checked. Warps arrive whole, and count as 32 threads.
- `wait_for_previous_kernel` waits, each thread for itself, until the kernel before on the stream has finished; memory
  accesses stay behind it. `let_next_kernel_start` orders nothing.
- A warp is 32 consecutive threads of a block, x fastest. The last operand of a warp
  operation names the lanes that take part (`warp_reduce`: all that have not returned). A
  shuffle's lane counts modulo 32; beyond the warp's ends it gives the own
  value, from a lane that is not there anything.
- Indices were checked by `bounds_check` before `element` and `subview`; an extent is never
  negative. `assume_inside` states what was not checked; the simulator still looks.
- `assume_uniform` gives its operand, which the author knows to be the same in all threads of
  the block that run this together.
- `vector_load` and `vector_store` check that their pointer is aligned to all they move. A
  kernel's attribute `alignments`, where it has one, holds (parameter, bytes) of those whose
  base the host must check for that.
- All `dynamic_shared_array`s of a block are the same bytes, as many as the launch gave.
- `struct` puts a struct together from its fields in order, `with_field` gives a copy with one
  field changed, `field_address` leads to one field of a struct in memory.
- `subview` is the part of a view at one index of its first dimension: a view of one rank less.
"""

from __future__ import annotations

from collections.abc import Mapping

from oxide_build.dialects import rules
from oxide_build.ir import Dialect, OpDefinition
from oxide_build.ir.types import Scalar, Struct, Type, View, i32, u32

# values
constant = OpDefinition("mir.constant", 0, rules.from_attribute, {"value": object, "type": Scalar})
cast = OpDefinition("mir.cast", 1, rules.cast, {"type": Scalar})
bitcast = OpDefinition("mir.bitcast", 1, rules.bitcast, {"type": Scalar})
select = OpDefinition("mir.select", 3, rules.select)

# arithmetic
_NUMBERS = ("int", "uint", "float")
add = OpDefinition("mir.add", 2, rules.same(*_NUMBERS))
sub = OpDefinition("mir.sub", 2, rules.same(*_NUMBERS))
mul = OpDefinition("mir.mul", 2, rules.same(*_NUMBERS))
div = OpDefinition("mir.div", 2, rules.same("float"))
floordiv = OpDefinition("mir.floordiv", 2, rules.same(*_NUMBERS))
mod = OpDefinition("mir.mod", 2, rules.same(*_NUMBERS))
neg = OpDefinition("mir.neg", 1, rules.same(*_NUMBERS))
abs_ = OpDefinition("mir.abs", 1, rules.same("int", "float"))
min_ = OpDefinition("mir.min", 2, rules.same(*_NUMBERS))
max_ = OpDefinition("mir.max", 2, rules.same(*_NUMBERS))
and_ = OpDefinition("mir.and", 2, rules.same("bool", "int", "uint"))
or_ = OpDefinition("mir.or", 2, rules.same("bool", "int", "uint"))
xor = OpDefinition("mir.xor", 2, rules.same("bool", "int", "uint"))
not_ = OpDefinition("mir.not", 1, rules.same("bool", "int", "uint"))
shl = OpDefinition("mir.shl", 2, rules.same("int", "uint"))
shr = OpDefinition("mir.shr", 2, rules.same("int", "uint"))
cmp = OpDefinition("mir.cmp", 2, rules.compare, {"predicate": str})
math = OpDefinition("mir.math", None, rules.math, {"function": str})
bits = OpDefinition("mir.bits", 1, rules.bits, {"function": str})

# structs
_FIELD: Mapping[str, type] = {"field": str}
struct = OpDefinition("mir.struct", None, rules.struct, {"type": Struct})
field = OpDefinition("mir.field", 1, rules.field, _FIELD)
with_field = OpDefinition("mir.with_field", 2, rules.with_field, _FIELD)
field_address = OpDefinition("mir.field_address", 1, rules.field_address, _FIELD)

# memory
local = OpDefinition("mir.local", 0, rules.local, {"type": Type}, pure=False)
load = OpDefinition("mir.load", 1, rules.load, pure=False)
store = OpDefinition("mir.store", 2, rules.store, pure=False)
extent = OpDefinition("mir.extent", 1, rules.extent, {"dimension": int})
subview = OpDefinition("mir.subview", 2, rules.subview)
element = OpDefinition("mir.element", None, rules.element)
vector_load = OpDefinition("mir.vector_load", 1, rules.vector_load, {"width": int}, pure=False)
vector_store = OpDefinition("mir.vector_store", None, rules.vector_store, pure=False)
local_array = OpDefinition("mir.local_array", 0, rules.local_array, {"type": View}, pure=False)
dynamic_shared_array = OpDefinition(
    "mir.dynamic_shared_array", 0, rules.dynamic_shared_array, {"type": View}, pure=False
)
table = OpDefinition("mir.table", 0, rules.table, {"values": tuple, "type": View})
shared_array = OpDefinition("mir.shared_array", 0, rules.shared_array, {"symbol": str, "type": View}, pure=False)

# atomics
_ORDER: Mapping[str, type] = {"order": str, "scope": str}
_OPERATION: Mapping[str, type] = {"operation": str}
atomic = OpDefinition("mir.atomic", 2, rules.atomic, {**_OPERATION, **_ORDER}, pure=False)
atomic_cas = OpDefinition("mir.atomic_cas", 3, rules.atomic_cas, _ORDER, pure=False)
atomic_load = OpDefinition("mir.atomic_load", 1, rules.atomic_load, _ORDER, pure=False)
atomic_store = OpDefinition("mir.atomic_store", 2, rules.atomic_store, _ORDER, pure=False)
thread_fence = OpDefinition("mir.thread_fence", 0, rules.scope, {"scope": str}, pure=False)

# checks and contracts
bounds_check = OpDefinition("mir.bounds_check", 2, rules.bounds_check, pure=False)
assume_inside = OpDefinition("mir.assume_inside", 2, rules.bounds_check, pure=False)
check = OpDefinition("mir.check", 1, rules.condition, {"message": str}, pure=False)
assume = OpDefinition("mir.assume", 1, rules.condition, pure=False)
assume_uniform = OpDefinition("mir.assume_uniform", 1, rules.same("bool", *_NUMBERS), pure=False)

# threads
coordinate = OpDefinition("mir.coordinate", 0, rules.coordinate, {"register": str, "axis": str})
arch = OpDefinition("mir.arch", 0, rules.fixed(i32), pure=False)
print_ = OpDefinition("mir.print", None, rules.print_, {"texts": tuple}, pure=False)
ptx = OpDefinition("mir.ptx", None, rules.ptx, {"text": str, "results": tuple}, pure=False)
sync_threads = OpDefinition("mir.sync_threads", 0, rules.no_result, pure=False)
sync_threads_reduce = OpDefinition("mir.sync_threads_reduce", 1, rules.sync_threads_reduce, _OPERATION, pure=False)
sync_grid = OpDefinition("mir.sync_grid", 0, rules.no_result, pure=False)
sync_cluster = OpDefinition("mir.sync_cluster", 0, rules.no_result, pure=False)
cluster_rank = OpDefinition("mir.cluster_rank", 0, rules.fixed(i32), pure=False)
wait_for_previous_kernel = OpDefinition("mir.wait_for_previous_kernel", 0, rules.no_result, pure=False)
let_next_kernel_start = OpDefinition("mir.let_next_kernel_start", 0, rules.no_result, pure=False)
named_barrier = OpDefinition("mir.named_barrier", 2, rules.named_barrier, _OPERATION, pure=False)

# warps
lane_id = OpDefinition("mir.lane_id", 0, rules.fixed(i32))
active_mask = OpDefinition("mir.active_mask", 0, rules.fixed(u32), pure=False)
sync_warp = OpDefinition("mir.sync_warp", 1, rules.mask, pure=False)
shuffle = OpDefinition("mir.shuffle", 3, rules.shuffle, {"mode": str}, pure=False)
vote = OpDefinition("mir.vote", 2, rules.vote, _OPERATION, pure=False)
match_any = OpDefinition("mir.match_any", 2, rules.match, pure=False)
warp_reduce = OpDefinition("mir.warp_reduce", 1, rules.warp_reduce, _OPERATION, pure=False)

# time
clock = OpDefinition("mir.clock", 0, rules.clock, {"clock": str}, pure=False)
nanosleep = OpDefinition("mir.nanosleep", 1, rules.nanosleep, pure=False)

# control
call = OpDefinition("mir.call", None, rules.call, {"callee": str, "results": tuple}, pure=False)
br = OpDefinition("mir.br", 0, rules.no_result, successors=1, terminator=True, pure=False)
loop_br = OpDefinition("mir.loop_br", 0, rules.unroll, {"unroll": int}, successors=1, terminator=True, pure=False)
"""Back to a loop's head, with the author's request for that many copies of its body; otherwise as `br`."""
cond_br = OpDefinition("mir.cond_br", 1, rules.condition, successors=2, terminator=True, pure=False)
return_ = OpDefinition("mir.return", None, rules.no_result, terminator=True, pure=False)

DIALECT = Dialect("mir", tuple(value for value in list(globals().values()) if isinstance(value, OpDefinition)))

SSA_OPS = frozenset(DIALECT.ops) - {local}
"""What may stand in the `ssa` stage."""

BLOCK_BARRIERS = frozenset({sync_threads, sync_threads_reduce, sync_grid, sync_cluster})
"""What all threads of a block must reach together. A named barrier waits for as many as its author says."""
