"""`kernel.simulate`: from a kernel object to its source, and from that to a run on the CPU.

In: a kernel, grid and block, arguments. Out: the arrays changed. Its own room because it alone of the author's face
needs the compiler, and is imported by the first simulation.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from oxide_build.errors import KernelError, SourceFile
    from oxide_build.gpu.kernel import Kernel
    from oxide_build.variants import Family

_ssa: dict[SourceFile, tuple[Any, dict[str, SourceFile | None]]] = {}
"""Simulated modules by their text, with those they import from, so that repeated simulations read the source once."""


def simulate(
    kernel: Kernel, grid: object, block: object, shared_memory: int, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Run the kernel over NumPy arrays, from its source as it is now.

    Raises CompileErrors when the source is no kernel, KernelError where it is not at hand, and what a launch raises.
    """
    from oxide_build import pipeline, signature, simulator

    source = _source(kernel)
    module = _module(source)
    kernels = [entry for entry in pipeline.describe(module) if entry.name == kernel.__name__]
    if not kernels:
        raise _not_at_hand(kernel, source.path)
    chosen, family = kernels[0], _family(module, kernel)
    if family is not None:
        chosen, args = family.choose(args, kwargs)
        kwargs = {}
    simulator.simulate(module, chosen, grid, block, signature.bind(chosen, args, kwargs), shared_memory)


def _family(module: Any, kernel: Kernel) -> Family | None:
    """The variants of a generic kernel; None for a kernel with one."""
    from oxide_build import pipeline, variants

    generics = {generic.name: generic for generic in pipeline.describe_generics(module)}
    generic = generics.get(kernel.__name__)
    return None if generic is None else variants.Family(generic, pipeline.describe(module))


def _module(source: SourceFile) -> Any:
    """The `ssa` stage of a module; made anew when it, or a module that it imports from, has changed."""
    from oxide_build import pipeline

    if source in _ssa:
        module, imports = _ssa[source]
        if all(_imported(name) == known for name, known in imports.items()):
            return module
    imports = {}

    def resolve(name: str) -> SourceFile | None:
        imports[name] = _imported(name)
        return imports[name]

    module = pipeline.to_ssa(source, resolve=resolve)
    _ssa[source] = module, imports
    return module


def _imported(name: str) -> SourceFile | None:
    """The source of a module that the kernel's own module has imported; None for one that is not Python."""
    import linecache
    import sys

    from oxide_build.errors import SourceFile

    path = getattr(sys.modules.get(name), "__file__", None)
    if path is None or not path.endswith(".py"):
        return None
    linecache.checkcache(path)
    return SourceFile(path, "".join(linecache.getlines(path)), name)


def _source(kernel: Kernel) -> SourceFile:
    import linecache

    from oxide_build.errors import SourceFile

    path = kernel.__wrapped__.__code__.co_filename
    linecache.checkcache(path)
    lines = linecache.getlines(path, kernel.__wrapped__.__globals__)
    if not lines:
        raise _not_at_hand(kernel, path)
    return SourceFile(path, "".join(lines), kernel.__module__)


def _not_at_hand(kernel: Kernel, path: str) -> KernelError:
    from oxide_build.errors import KernelError

    return KernelError(
        f"the source of kernel {kernel.__name__} is not in {path}",
        help="write the kernel at the top level of a .py file; the simulator reads it there",
    )
