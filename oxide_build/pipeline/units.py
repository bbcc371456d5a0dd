"""What of a module shares an image: its ordinary kernels together, each variant of a generic one apart.

In: an `ssa` module. Out: one module a unit, whose functions are the same objects. Its own room because build and
inspection must cut alike: an image nobody asks for is then never loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from oxide_build import ir
from oxide_build.dialects import mir


def unit_of(kernel: ir.Function) -> str:
    """The unit a kernel's entry lies in; "" is the module's ordinary one."""
    return str(kernel.attributes.get("unit", ""))


def split(module: ir.Module) -> dict[str, ir.Module]:
    """The module's units by name, in order of their first kernel."""
    kernels: dict[str, list[ir.Function]] = {}
    for kernel in module.kernels():
        kernels.setdefault(unit_of(kernel), []).append(kernel)
    return {unit: _only(module, reached(module, entries)) for unit, entries in kernels.items()}


def of_kernel(module: ir.Module, name: str) -> ir.Module:
    """Only the entries of the kernel called `name`, or of that symbol, and what they call."""
    wanted = [kernel for kernel in module.kernels() if name in (kernel.name, kernel.attributes.get("kernel"))]
    return _only(module, reached(module, wanted))


def _only(module: ir.Module, names: Collection[str]) -> ir.Module:
    functions = {name: function for name, function in module.functions.items() if name in names}
    return ir.Module(module.name, functions, dict(module.globals), dict(module.attributes))


def reached(module: ir.Module, functions: Iterable[ir.Function]) -> set[str]:
    """The names of these functions and of all that they call."""
    work = list(functions)
    found = {function.name for function in work}
    while work:
        for op in work.pop().ops():
            callee = op.attributes["callee"] if op.definition is mir.call else None
            if callee is not None and callee not in found:
                found.add(callee)
                work.append(module.functions[callee])
    return found
