"""The compiler. `stages` is the pipeline, on one page: source -> ast -> mir -> ssa -> llvm -> ll -> ptx.

What that page offers is this package's too. It is read when something of it is first asked for: targets and options
are in this package as well, and a build in which nothing changed needs no more of it than those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxide_build.pipeline.stages import (
        LEGAL,
        Observer,
        Resolve,
        Stage,
        describe,
        describe_generics,
        ignore,
        to_llvm_ir,
        to_ssa,
        verified,
    )

__all__ = [
    "LEGAL",
    "Observer",
    "Resolve",
    "Stage",
    "describe",
    "describe_generics",
    "ignore",
    "to_llvm_ir",
    "to_ssa",
    "verified",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from oxide_build.pipeline import stages

    return getattr(stages, name)
