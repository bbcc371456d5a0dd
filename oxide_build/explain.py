"""Which image of each installed kernel module a GPU gets, and why.

In: the name of an installed package, a compute capability, a driver's CUDA release. Out: each module's manifest with
the loader's verdict on every image. Its own room because the loader answers for one module it is about to launch; this
answers for a whole package, and without a GPU.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oxide_build.errors import LoadError
from oxide_build.manifest import DIRECTORY, Manifest, variant_words
from oxide_build.runtime.loader import Choice, Version, choose

if TYPE_CHECKING:
    from importlib.abc import Traversable


def explain(package: str, capability: Version, driver: Version) -> tuple[tuple[str, Choice], ...]:
    """The verdicts on every unit of each kernel module in `package` and those below it, in order of module name.

    Each comes with the unit in words: `plain.kernels.vector  (saxpy, scale)`.

    Raises LoadError when there is no such package, or it holds no built kernels.
    """
    try:
        directory = importlib.resources.files(package)
    except (ImportError, TypeError, ValueError) as error:
        raise LoadError(f"no package {package!r} is installed here: {error}", help="name it as in import") from None
    manifests = sorted(_manifests(directory), key=lambda manifest: manifest.module)
    if not manifests:
        raise LoadError(f"{package} holds no built kernels", help="build it with pip install . or oxide-build build")
    return tuple(
        (f"{manifest.module}  ({_words(manifest, unit)})", choose(manifest.images(unit), capability, driver))
        for manifest in manifests
        for unit in manifest.units
    )


def _words(manifest: Manifest, unit: str) -> str:
    """The kernels of a unit by name, a variant with what it has."""
    kernels = [kernel for kernel in manifest.kernels if kernel.unit == unit]
    return ", ".join(f"{k.name} with {variant_words(k.variant)}" if k.variant else k.name for k in kernels)


def _manifests(directory: Traversable) -> Iterator[Manifest]:
    """Those of this package and its subpackages: directories that are no packages may hold builds of other times."""
    for entry in directory.iterdir():
        if entry.name == DIRECTORY:
            files = (file for file in entry.iterdir() if file.name.endswith(".json"))
            yield from (Manifest.from_json(file.read_text(encoding="utf-8")) for file in files)
        elif entry.is_dir() and _is_package(entry):
            yield from _manifests(entry)


def _is_package(directory: Traversable) -> bool:
    return directory.joinpath("__init__.py").is_file() or directory.joinpath(DIRECTORY).is_dir()
