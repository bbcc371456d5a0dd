"""`gpu.preload`: kernels loaded before their first launch.

In: kernels, or kernel modules and packages by name. Out: their code on a GPU. Its own room because it is for a
package's users, on the host, and no part of the kernel language.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from oxide_build.gpu.kernel import Kernel


def preload(*what: Kernel | ModuleType | str, device: int | None = None) -> None:
    """Load kernels on the current GPU, or the one of that number, so that their first launches do not.

    Each of `what` is a kernel, a kernel module, or a package with all kernel modules in and below it; modules and
    packages by name (`"mypackage.kernels"`) or as imported. Of a generic kernel, all variants are loaded.

    Raises LoadError where nothing is built, and as a first launch does.
    """
    from oxide_build.gpu.kernel import Kernel
    from oxide_build.runtime import compiled

    for part in what:
        if isinstance(part, Kernel):
            part.preload(device)
        else:
            compiled.preload(part if isinstance(part, str) else part.__name__, ordinal=device)
