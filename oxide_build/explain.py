"""Which image of each installed kernel module a GPU gets, and why.

In: the name of an installed package, a compute capability, a driver's CUDA release. Out: each module's manifest with
the loader's verdict on every image. Its own room because the loader answers for one module it is about to launch; this
answers for a whole package, and without a GPU.
"""

from __future__ import annotations

from typing import NamedTuple

from oxide_build.manifest import Manifest, variant_words
from oxide_build.runtime.choice import Choice, Version, choose
from oxide_build.runtime.loader import manifests


class Explanation(NamedTuple):
    """What the loader says of one unit of a kernel module; kernels by name, a variant with what it has."""

    module: str
    kernels: tuple[str, ...]
    choice: Choice

    @property
    def unit(self) -> str:
        """The unit in words: `plain.kernels.vector  (saxpy, scale)`."""
        return f"{self.module}  ({', '.join(self.kernels)})"


def explain(package: str, capability: Version, driver: Version) -> tuple[Explanation, ...]:
    """The verdicts on every unit of each kernel module in `package` and those below it, in order of module name.

    Raises LoadError when there is no such package, or it holds no built kernels.
    """
    return tuple(
        Explanation(manifest.module, _kernels(manifest, unit), choose(manifest.images(unit), capability, driver))
        for manifest in manifests(package)
        for unit in manifest.units
    )


def _kernels(manifest: Manifest, unit: str) -> tuple[str, ...]:
    kernels = (kernel for kernel in manifest.kernels if kernel.unit == unit)
    return tuple(f"{k.name} with {variant_words(k.variant)}" if k.variant else k.name for k in kernels)
