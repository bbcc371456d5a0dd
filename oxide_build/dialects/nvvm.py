"""The nvvm dialect: what NVIDIA GPUs have and LLVM's own instructions do not.

Every operation is one intrinsic of LLVM's NVPTX backend. All of them exist in the least
PTX version of every target of ours; one that needs more must raise `Target.ptx`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oxide_build.ir import Attribute, Dialect, OpDefinition, require
from oxide_build.ir.types import Type, i32

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

DIALECT = Dialect("nvvm", (read_register, barrier))
