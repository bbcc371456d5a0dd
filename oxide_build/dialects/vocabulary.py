"""The words of the mir dialect: which predicates, atomics, orders, scopes, votes there are, and for which types.

In: nothing. Out: tables that frontend, type rules, lowering and simulator all read. Its own room because an operation
gains a variant here, in one line, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from oxide_build.ir.types import Scalar, bf16, bool_, f16, f32, f64, i16, i32, i64, u16, u32, u64

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
AXES = ("x", "y", "z")
COORDINATES = ("thread_idx", "block_idx", "block_dim", "grid_dim")
NOT_IN_PTX = ("i8", "u8", "f16", "bf16")
"""Number types inline PTX has no operands of."""
WORDS = (i32, u32, i64, u64, f32, f64)
"""The types of 32 and 64 bits: what atomics and shuffles move."""
_INTEGER_WORDS = (i32, u32, i64, u64)
_HALVES = (f16, bf16)
_INTEGER_HALVES = (i16, u16)
ATOMICS: Mapping[str, tuple[Scalar, ...]] = {
    "add": (*WORDS, *_HALVES),
    "sub": (*WORDS, *_HALVES),
    "exch": (*WORDS, *_INTEGER_HALVES, *_HALVES),
    **dict.fromkeys(("min", "max", "and", "or", "xor"), _INTEGER_WORDS),
    **dict.fromkeys(("inc", "dec"), (u32,)),
    **dict.fromkeys(("load", "store"), (*WORDS, *_INTEGER_HALVES, *_HALVES)),
    "cas": (*_INTEGER_WORDS, *_INTEGER_HALVES),
}
"""The types each atomic operation is defined for; `load`, `store` and `cas` are operations of their own."""
SCOPES = ("block", "cluster", "device", "system")
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
LOAD_ORDERS = ("relaxed", "acquire", "seq_cst")
STORE_ORDERS = ("relaxed", "release", "seq_cst")
BARRIER_REDUCTIONS: Mapping[str, Scalar] = {"count": i32, "and": bool_, "or": bool_}
NAMED_BARRIERS = ("sync", "arrive")
"""What a thread does at a named barrier: arrive and wait, or arrive only."""
BARRIER_NUMBERS = range(1, 16)
"""The named barriers of a block; number 0 is `sync_threads`'."""
BARRIER_COUNTS = range(32, 1025, 32)
"""How many threads a named barrier can wait for: whole warps, and no more than a block has."""
MOST_BLOCKS_A_CLUSTER = 8
"""What every GPU with clusters takes."""
SHUFFLES = ("idx", "up", "down", "xor")
VOTES: Mapping[str, Scalar] = {"ballot": u32, "any": bool_, "all": bool_}
WARP_REDUCTIONS = ("add", "min", "max", "and", "or", "xor")
CLOCKS = ("clock64", "global_timer")
VECTOR_WIDTHS = (2, 4)
VECTOR_BYTES = 16
"""The most that one access of a thread moves."""
