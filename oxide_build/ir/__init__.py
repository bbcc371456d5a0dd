"""The intermediate representation and its text; it knows no dialect.

`core` is the data, `types` the types, `definition` what an operation is, `printer` and
`parser` the text and back, `verifier` the rules every stage keeps, `dominance` the order
of blocks.
"""

from oxide_build.ir.core import Attribute, Block, Function, Global, Module, Op, Successor, Value
from oxide_build.ir.definition import Dialect, OpDefinition, RuleBroken, require

__all__ = [
    "Attribute",
    "Block",
    "Dialect",
    "Function",
    "Global",
    "Module",
    "Op",
    "OpDefinition",
    "RuleBroken",
    "Successor",
    "Value",
    "require",
]
