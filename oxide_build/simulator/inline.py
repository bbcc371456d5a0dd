"""Calls away: a kernel with the bodies of the device functions it calls in their places.

In: a module and one of its kernels. Out: a copy of the kernel without `mir.call`; the
module is left as it was. Its own room so that the machine needs no call stack, whose
barriers and divergent returns it would have to untangle. Device functions do not recurse.
"""

from __future__ import annotations

from oxide_build import ir
from oxide_build.dialects import mir
from oxide_build.ir.types import i32


def inline_calls(module: ir.Module, kernel: ir.Function, arch: int) -> ir.Function:
    """A copy of `kernel` with every call replaced by the callee's blocks, which stand where the call stood.

    `arch` is what `gpu.arch` is in it.
    """
    blocks: list[ir.Block] = []
    body = _Body(module, kernel, arch, blocks)
    for parameter in kernel.parameters:
        body.values[parameter] = body.targets[kernel.blocks[0]].add_argument(parameter.type, parameter.name)
    body.copy()
    return ir.Function(kernel.name, kernel.kind, kernel.results, kernel.attributes, blocks, kernel.span)


class _Body:
    """One copy of a function's body, appended to `blocks`; with an `exit`, its returns go there."""

    def __init__(
        self, module: ir.Module, function: ir.Function, arch: int, blocks: list[ir.Block], exit: ir.Block | None = None
    ) -> None:
        self.module = module
        self.function = function
        self.arch = arch
        self.blocks = blocks
        self.exit = exit
        self.values: dict[ir.Value, ir.Value] = {}
        self.targets = {block: ir.Block() for block in function.blocks}

    def copy(self) -> ir.Block:
        """Append the copies of all blocks; the parameters are in `values`. Returns the first."""
        for block in self.function.blocks[1:]:
            for argument in block.arguments:
                self.values[argument] = self.targets[block].add_argument(argument.type, argument.name)
        for block in self.function.blocks:
            self._copy_block(block)
        return self.targets[self.function.blocks[0]]

    def _copy_block(self, block: ir.Block) -> None:
        current = self.targets[block]
        self.blocks.append(current)
        for op in block.ops:
            if op.definition is mir.call:
                current = self._inline(op, current)
            elif op.definition is mir.return_ and self.exit is not None:
                current.append(mir.br(to=[ir.Successor(self.exit, self._mapped(op.operands))], span=op.span))
            else:
                current.append(self._copy_op(op))

    def _inline(self, call: ir.Op, current: ir.Block) -> ir.Block:
        callee = self.module.functions[call.attributes["callee"]]
        after = ir.Block()
        body = _Body(self.module, callee, self.arch, self.blocks, after)
        body.values.update(zip(callee.parameters, self._mapped(call.operands), strict=True))
        current.append(mir.br(to=[ir.Successor(body.copy())], span=call.span))
        for result in call.results:
            self.values[result] = after.add_argument(result.type, result.name)
        self.blocks.append(after)
        return after

    def _copy_op(self, op: ir.Op) -> ir.Op:
        successors = [ir.Successor(self.targets[s.block], self._mapped(s.arguments)) for s in op.successors]
        copy = ir.Op(op.definition, self._mapped(op.operands), self._attributes(op), successors, span=op.span)
        if op.definition is mir.arch:
            copy = ir.Op(mir.constant, [], {"value": self.arch, "type": i32}, span=op.span)
        copy.results = [ir.Value(result.type, copy, result.name) for result in op.results]
        self.values.update(zip(op.results, copy.results, strict=True))
        return copy

    def _attributes(self, op: ir.Op) -> dict[str, ir.Attribute]:
        if op.definition is not mir.shared_array:
            return op.attributes
        # A shared array's symbol is unique in its function; all inlined copies of that function share it.
        return {**op.attributes, "symbol": f"{self.function.name}.{op.attributes['symbol']}"}

    def _mapped(self, values: list[ir.Value]) -> list[ir.Value]:
        return [self.values[value] for value in values]
