"""Which of a kernel's arrays must start at an aligned address: those that vector accesses reach.

In: a module at the `ssa` stage. Out: the same, each kernel with such arrays given the
attribute `alignments`. Its own room because the manifest, so that the host checks it, and
the lowering, so that the GPU need not, must say the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import Pointer, Scalar


def note_alignments(module: ir.Module) -> None:
    """Set `alignments`, (parameter, bytes) each, of every kernel that needs any."""
    needed = _Needed(module)
    for kernel in module.kernels():
        found = tuple((str(p.name), needed.bytes[p]) for p in kernel.parameters if p in needed.bytes)
        if found:
            kernel.attributes["alignments"] = found


class _Needed:
    """Bytes of alignment by view, followed from each vector access back to the parameters."""

    def __init__(self, module: ir.Module) -> None:
        self.bytes: dict[ir.Value, int] = {}
        self.passed: dict[ir.Value, list[ir.Value]] = {}
        ops = [op for function in module.functions.values() for op in function.ops()]
        for op in ops:
            for parameter, value in _passes(module, op):
                self.passed.setdefault(parameter, []).append(value)
        for op in ops:
            if op.definition in (mir.vector_load, mir.vector_store):
                self._note(_view(op.operands[-1]), _size(op))

    def _note(self, view: ir.Value, size: int) -> None:
        if self.bytes.get(view, 0) >= size:
            return
        self.bytes[view] = size
        made = isinstance(view.owner, ir.Op) and view.owner.definition in (mir.subview, mir.select)
        origins = view.owner.operands if made and isinstance(view.owner, ir.Op) else self.passed.get(view, [])
        for origin in origins:
            self._note(origin, size)


def _passes(module: ir.Module, op: ir.Op) -> Iterator[tuple[ir.Value, ir.Value]]:
    """The block arguments that an operation gives values, with those values."""
    for successor in op.successors:
        yield from zip(successor.block.arguments, successor.arguments, strict=True)
    if op.definition is mir.call:
        yield from zip(module.functions[op.attributes["callee"]].parameters, op.operands, strict=True)


def _view(pointer: ir.Value) -> ir.Value:
    assert isinstance(pointer.owner, ir.Op)
    return pointer.owner.operands[0]


def _size(op: ir.Op) -> int:
    pointer = op.operands[-1].type
    assert isinstance(pointer, Pointer)
    assert isinstance(pointer.element, Scalar)
    return pointer.element.size * (len(op.results) or len(op.operands) - 1)
