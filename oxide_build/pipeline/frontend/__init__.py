"""Python to `mir`: `parse` reads a kernel module's syntax, `translate` gives it types and operations.

Files are named after Python's grammar (`names`, `arithmetic`, `conditions`, `elements`,
`calls`, `assignments`, `statements`, `loops`, `functions`) or after what they call on
(`numbers`, `mathematics`, `bits`, `threads`, `memory`, `arrays`, `vectors`, `tables`,
`atomics`, `barriers`, `warps`, `uniform`, `clocks`, `structs`, `patterns`); `decorators`,
`launches` and `variants` say what a kernel's decorator asks for; `scope`, `annotations`,
`struct_types` and `constants` say what names mean; `conversions` holds the type rules;
`assignment` and `contracts` check what types cannot; `doubts` warns; `outside` answers what
the language leaves out.
"""

from oxide_build.pipeline.frontend import (
    arithmetic,
    arrays,
    assignments,
    atomics,
    barriers,
    bits,
    calls,
    clocks,
    conditions,
    elements,
    loops,
    magnitudes,
    matching,
    mathematics,
    memory,
    names,
    numbers,
    printing,
    statements,
    threads,
    uniform,
    vectors,
    warps,
)
from oxide_build.pipeline.frontend.doubts import note_doubts
from oxide_build.pipeline.frontend.functions import translate
from oxide_build.pipeline.frontend.library import Resolve, nowhere, parse
from oxide_build.pipeline.frontend.syntax import KernelModule
from oxide_build.pipeline.frontend.variants import image_units

RULES = (
    *(arithmetic, arrays, assignments, atomics, barriers, bits, calls, clocks, conditions, elements, loops, magnitudes),
    *(matching, mathematics, memory, names, numbers, printing, statements, threads, uniform, vectors, warps),
)
"""The files whose rules register themselves when imported."""

__all__ = [
    "RULES",
    "KernelModule",
    "Resolve",
    "image_units",
    "note_doubts",
    "nowhere",
    "parse",
    "translate",
]
