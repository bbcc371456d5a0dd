"""Barriers beyond the block's own: between kernels, of the grid, of a cluster, and numbered ones within a block.

In: the operations on them. Out: intrinsics, and for the grid PTX of ours. Its own room
because the grid's barrier is a protocol: the hardware has none.

The grid's barrier counts blocks in a word of the workspace that the driver makes for every
cooperative launch, and whose address it gives in `%envreg1` (upper half) and `%envreg2`;
the word follows another one. NVIDIA's cooperative groups find it so, in code that is
compiled into PTX and hence must run on every later driver. So launches that run at the same
time, on whatever streams and in whatever graphs, never share a counter, and a launch
allocates nothing; memory of the module's own would be shared by concurrent launches.

One thread of each block adds to the word: the grid's first block 2**31 less the number of
the other blocks, each other block 1. Once all have come, the sum has flipped the highest
bit and nothing else, so the next barrier starts from there. The addition releases, the
reading acquires, and block barriers stand around both: what any thread wrote before is
seen by every thread after.
"""

from __future__ import annotations

from oxide_build import manifest
from oxide_build.dialects import llvm, mir, nvvm
from oxide_build.ir import Op, OpDefinition, Value
from oxide_build.ir.types import i32
from oxide_build.pipeline.lowering.function import FunctionLowering, lowers

_CLUSTERS = 90
"""The first SM with clusters."""
_FLIPPED = 1 << 31

_GRID_BARRIER = """{
.reg .pred away, waits;
.reg .b32 low, high, before, now;
.reg .b64 word;
barrier.sync 0;
setp.ne.b32 away, $0, 0;
@away bra JOINED;
mov.u32 high, %envreg1;
mov.u32 low, %envreg2;
mov.b64 word, {low, high};
atom.add.release.gpu.u32 before, [word+4], $1;
WAITING:
ld.acquire.gpu.u32 now, [word+4];
xor.b32 now, now, before;
setp.ge.s32 waits, now, 0;
@waits bra WAITING;
JOINED:
barrier.sync 0;
}"""
"""$0 is 0 in one thread of each block, $1 what that adds."""


@lowers(mir.sync_grid)
def lower_sync_grid(lowering: FunctionLowering, op: Op) -> tuple[()]:
    thread, block = (_combined(lowering, llvm.or_, register) for register in ("tid", "ctaid"))
    one, blocks = lowering.constant(1, i32), _combined(lowering, llvm.mul, "nctaid")
    first = lowering.compute(llvm.icmp, block, lowering.constant(0, i32), predicate="eq")
    rest = lowering.compute(llvm.sub, lowering.constant(_FLIPPED + 1, i32), blocks)
    arrival = lowering.compute(llvm.select, first, rest, one)
    lowering.emit(
        llvm.inline_asm, thread, arrival, text=_GRID_BARRIER, constraints="r,r,~{memory}", results=(), convergent=True
    )
    return ()


def _combined(lowering: FunctionLowering, combine: OpDefinition, register: str) -> Value:
    """The three parts of a special register in one number."""
    x, y, z = (lowering.compute(nvvm.read_register, register=f"{register}.{axis}") for axis in "xyz")
    return lowering.compute(combine, lowering.compute(combine, x, y), z)


@lowers(mir.sync_cluster)
def lower_sync_cluster(lowering: FunctionLowering, op: Op) -> tuple[()]:
    """Arriving releases and waiting acquires, unless told otherwise."""
    require_clusters(lowering, "`gpu.sync_cluster`")
    lowering.emit(nvvm.cluster_arrive)
    lowering.emit(nvvm.cluster_wait)
    return ()


@lowers(mir.cluster_rank)
def lower_cluster_rank(lowering: FunctionLowering, op: Op) -> Value:
    require_clusters(lowering, "`gpu.cluster_rank`")
    return lowering.compute(nvvm.cluster_rank)


def require_clusters(lowering: FunctionLowering, feature: str, help: str | None = None) -> None:
    """Raise CompileError where the target has no clusters."""
    lowering.require(_CLUSTERS, feature, help=help or f"put it under `if gpu.arch >= {_CLUSTERS}:`")


@lowers(mir.wait_for_previous_kernel)
def lower_wait_for_previous_kernel(lowering: FunctionLowering, op: Op) -> tuple[()]:
    return _between_kernels(lowering, nvvm.previous_wait)


@lowers(mir.let_next_kernel_start)
def lower_let_next_kernel_start(lowering: FunctionLowering, op: Op) -> tuple[()]:
    return _between_kernels(lowering, nvvm.next_start)


def _between_kernels(lowering: FunctionLowering, definition: OpDefinition) -> tuple[()]:
    """Nothing before sm_90, where kernels of a stream never overlap."""
    if lowering.target.number >= manifest.OVERLAPPING_KERNELS:
        lowering.emit(definition)
    return ()


@lowers(mir.named_barrier)
def lower_named_barrier(lowering: FunctionLowering, op: Op) -> tuple[()]:
    lowering.emit(nvvm.named_barriers[op.attributes["operation"]], *lowering.operands(op))
    return ()
