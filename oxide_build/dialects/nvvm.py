"""The nvvm dialect: what NVIDIA GPUs have and LLVM's own instructions do not.

Every operation is one intrinsic of LLVM's NVPTX backend; those of `INTRINSICS` are named
as LLVM names them. Where not said otherwise they exist in the least
PTX version of every target of ours; one that needs more must raise `Target.ptx`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oxide_build.ir import Attribute, Dialect, OpDefinition, require
from oxide_build.ir.types import Scalar, Type, bool_, i32, i64

REGISTERS = (
    *(f"{register}.{axis}" for register in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"),
    "dynamic_smem_size",
)
"""PTX's names of the special registers: coordinates, bytes of dynamic shared memory."""


def _register(types: Sequence[Type], attributes: Mapping[str, Attribute]) -> tuple[Type, ...]:
    require(attributes["register"] in REGISTERS, f"unknown register {attributes['register']!r}")
    return (i32,)


def _no_result(types: Sequence[Type], attributes: Mapping[str, Attribute]) -> tuple[Type, ...]:
    return ()


read_register = OpDefinition("nvvm.read_register", 0, _register, {"register": str})
barrier = OpDefinition("nvvm.barrier", 0, _no_result, pure=False)
"""All threads of the block wait for each other; their memory operations before it are seen after it."""


def _intrinsic(name: str, operands: tuple[Scalar, ...] = (), results: tuple[Scalar, ...] = ()) -> OpDefinition:
    def rule(types: Sequence[Type], attributes: Mapping[str, Attribute]) -> tuple[Type, ...]:
        require(tuple(types) == operands, f"expected {operands}, got {types}")
        return results

    return OpDefinition(f"nvvm.{name}", len(operands), rule, pure=False)


lane_id = _intrinsic("read.ptx.sreg.laneid", (), (i32,))
active_mask = _intrinsic("activemask", (), (i32,))
warp_barrier = _intrinsic("bar.warp.sync", (i32,))
nanosleep = _intrinsic("nanosleep", (i32,))
clocks = {
    "clock64": _intrinsic("read.ptx.sreg.clock64", (), (i64,)),
    "global_timer": _intrinsic("read.ptx.sreg.globaltimer", (), (i64,)),
}
barrier_reductions = {
    "count": _intrinsic("barrier.cta.red.popc.aligned.all", (i32, bool_), (i32,)),
    "and": _intrinsic("barrier.cta.red.and.aligned.all", (i32, bool_), (bool_,)),
    "or": _intrinsic("barrier.cta.red.or.aligned.all", (i32, bool_), (bool_,)),
}
"""Barriers that tell every thread what the threads' conditions come to; the first operand is the barrier's number."""
named_barriers = {
    "sync": _intrinsic("barrier.cta.sync.count", (i32, i32)),
    "arrive": _intrinsic("barrier.cta.arrive.count", (i32, i32)),
}
"""The operands are the barrier's number and how many threads it waits for; threads of a warp may come one by one."""
cluster_arrive = _intrinsic("barrier.cluster.arrive")
cluster_wait = _intrinsic("barrier.cluster.wait")
cluster_rank = _intrinsic("read.ptx.sreg.cluster.ctarank", (), (i32,))
"""From sm_90 on, as the two halves of the cluster's barrier: the block's place in its cluster."""
previous_wait = _intrinsic("griddepcontrol.wait")
next_start = _intrinsic("griddepcontrol.launch.dependents")
"""From sm_90 on: wait for the kernel before this one on the stream, and let the one after it start."""
votes = {
    "ballot": _intrinsic("vote.ballot.sync", (i32, bool_), (i32,)),
    "any": _intrinsic("vote.any.sync", (i32, bool_), (bool_,)),
    "all": _intrinsic("vote.all.sync", (i32, bool_), (bool_,)),
}
"""The first operand is the mask of lanes that vote."""
warp_reductions = {
    name: _intrinsic(f"redux.sync.{name}", (i32, i32), (i32,))
    for name in ("add", "min", "umin", "max", "umax", "and", "or", "xor")
}
"""From sm_80 on; the second operand is the mask of lanes that take part."""

INTRINSICS = (
    *(lane_id, active_mask, warp_barrier, nanosleep),
    *(cluster_arrive, cluster_wait, cluster_rank, previous_wait, next_start),
    *(op for table in (clocks, barrier_reductions, named_barriers, votes, warp_reductions) for op in table.values()),
)

DIALECT = Dialect("nvvm", (read_register, barrier, *INTRINSICS))
