"""The loader: a kernel module's manifest, and its image loaded once.

In: the name of a kernel module, a GPU, a driver. Out: kernels ready to launch. Its own
room because this is what a process keeps of the packages it launches kernels of: everything here happens once.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from oxide_build.errors import ImageRefusedError, KernelError, LoadError
from oxide_build.manifest import DIRECTORY, Artifact, Kernel, Manifest
from oxide_build.runtime import arrays, device, digests, freshness
from oxide_build.runtime.choice import FORCE, Choice, choose
from oxide_build.runtime.learning import Learned

if TYPE_CHECKING:
    from importlib.abc import Traversable

    from oxide_build.variants import Family

FREE_SHARED_MEMORY = 48 * 1024
"""Bytes of shared memory a block may have without asking for them."""


class Module:
    """One kernel module as installed: its manifest, and what of it this process has loaded."""

    def __init__(self, manifest: Manifest, directory: Traversable) -> None:
        self.manifest = manifest
        self._directory = directory
        self._lock = threading.Lock()
        self._libraries: dict[str, tuple[Any, object]] = {}
        self._functions: dict[tuple[str, int], Any] = {}
        self._images: dict[tuple[str, int], Artifact] = {}
        self._families: dict[str, Family] = {}
        self._shared: dict[tuple[str, int], int] = {}
        self._learned: dict[str, Learned] = {}
        self._verified: set[str] = set()
        self._refused: defaultdict[int, dict[str, str]] = defaultdict(dict)

    def __reduce__(self) -> NoReturn:
        raise KernelError(
            f"a launch of {self.manifest.module} cannot be pickled or copied: its stream and its loaded code are this "
            "process's",
            help="send the kernel itself, which is pickled by its name, and write kernel[grid, block] over there",
        )

    def kernel(self, name: str) -> Kernel:
        """The kernel called `name`. Raises LoadError when the build did not have it."""
        try:
            return self.manifest.kernel(name)
        except KeyError:
            raise LoadError(
                f"{self.manifest.module} was built without a kernel {name!r}: its source has changed since",
                help=_BUILD,
            ) from None

    def family(self, name: str) -> Family | None:
        """The variants of the kernel called `name`, to choose from; None for a kernel with one."""
        generic = self.manifest.generic(name)
        if generic is None:
            return None
        if name not in self._families:
            from oxide_build.variants import Family  # which only generic kernels need

            self._families.setdefault(name, Family(generic, self.manifest.kernels, arrays.element_type))
        return self._families[name]

    def choice(self, ordinal: int, unit: str = "", kind: str = "") -> Choice:
        """What the choice says of each image of a unit for that GPU, of those of a `kind` where one is given."""
        here = device.info(ordinal)
        images = (image for image in self.manifest.images(unit) if kind in ("", image.kind))
        return choose(images, here.capability, here.driver, os.environ.get(FORCE), self._refused[ordinal])

    def artifact(self, ordinal: int, unit: str = "", kind: str = "") -> Artifact:
        """The image of a unit for that GPU, of those of a `kind` where one is given.

        Raises NoCompatibleImageError, or LoadError for an unknown forced one.
        """
        force, choice = os.environ.get(FORCE), self.choice(ordinal, unit, kind)
        if force is not None and choice.artifact is None:
            shipped = ", ".join(dict.fromkeys(verdict.artifact.target for verdict in choice.verdicts))
            raise LoadError(f"{FORCE} is {force!r}, which {self.manifest.module} lacks", help=f"it ships {shipped}")
        return choice.required()

    def read(self, artifact: Artifact) -> bytes:
        """The content of an image, verified the first time.

        Raises LoadError when it is missing, or not what the build wrote.
        """
        try:
            content = self._directory.joinpath(artifact.file).read_bytes()
        except OSError as error:
            raise LoadError(f"{self.manifest.module}: cannot read {artifact.file}: {error}", help=_REINSTALL) from None
        if artifact.file not in self._verified:
            self._verify(artifact, content)
        return content

    def _verify(self, artifact: Artifact, content: bytes) -> None:
        if digests.sha256(content) != artifact.sha256:
            raise LoadError(f"{self.manifest.module}: {artifact.file} is not what the build wrote", help=_REINSTALL)
        self._verified.add(artifact.file)

    def function(self, kernel: Kernel, ordinal: int, shared_memory: int = 0) -> Any:
        """The driver's handle of `kernel`, loaded for the GPU of the current context and good for `shared_memory`.

        Raises LoadError, or LaunchError when the GPU has not that much shared memory.
        """
        key = kernel.symbol, ordinal
        if key not in self._functions:
            with self._lock:
                self._load(kernel, ordinal)
        if shared_memory + kernel.shared_memory > FREE_SHARED_MEMORY:
            with self._lock:
                self._allow(key, shared_memory)
        return self._functions[key]

    def image(self, kernel: Kernel, ordinal: int) -> Artifact:
        """The image that a loaded kernel's handle for that GPU is of."""
        return self._images[kernel.symbol, ordinal]

    def most_shared(self, kernel: Kernel, ordinal: int) -> int:
        """How much dynamic shared memory a loaded kernel may have on that GPU without being allowed more."""
        return max(FREE_SHARED_MEMORY - kernel.shared_memory, self._shared.get((kernel.symbol, ordinal), 0))

    def learned(self, kernel: Kernel) -> Learned:
        """What launches of `kernel` have shown so far."""
        known = self._learned.get(kernel.symbol)
        return known or self._learned.setdefault(kernel.symbol, Learned(kernel))

    def _load(self, kernel: Kernel, ordinal: int) -> None:
        symbol = kernel.symbol
        if (symbol, ordinal) in self._functions:
            return  # another thread was first
        with device.capture_relaxed():
            self._functions[symbol, ordinal] = self._load_best(kernel, ordinal)

    def _load_best(self, kernel: Kernel, ordinal: int) -> Any:
        """The driver's handle of a kernel, from the best image that the driver takes.

        What it refuses gives way to the next, with a warning. Raises LoadError, where it takes none the refusal of the
        best.
        """
        refused: dict[Artifact, ImageRefusedError] = {}
        artifact: Artifact | None = self.artifact(ordinal, kernel.unit)
        while artifact is not None and artifact not in refused:
            try:
                function = self._load_image(artifact, kernel.symbol)
            except ImageRefusedError as error:
                refused[artifact] = error
                self._refused[ordinal][artifact.file] = f"the driver refuses it: {_said(error)}"
                artifact = self.choice(ordinal, kernel.unit).artifact
            else:
                self._warn(artifact, refused)
                self._images[kernel.symbol, ordinal] = artifact
                return function
        for artifact in refused:
            del self._refused[ordinal][artifact.file]  # so that the next call starts anew
        raise next(iter(refused.values()))

    def _load_image(self, artifact: Artifact, symbol: str) -> Any:
        """The driver's handle of a kernel in that image. Raises LoadError."""
        if artifact.file not in self._libraries:
            name = f"{self.manifest.module} ({artifact.target})"
            self._libraries[artifact.file] = device.load_library(self.read(artifact), name)
        return device.get_kernel(*self._libraries[artifact.file], symbol)

    def _warn(self, taken: Artifact, refused: Mapping[Artifact, ImageRefusedError]) -> None:
        """Say that an image stands in for better ones, and why."""
        import warnings  # which few processes need

        for artifact, error in refused.items():
            what = f"the driver refuses {artifact.target}, {taken.target} is loaded instead"
            warnings.warn(f"{self.manifest.module}: {what}: {_said(error)}", RuntimeWarning, stacklevel=2)

    def _allow(self, key: tuple[str, int], size: int) -> None:
        if size > self._shared.get(key, 0):
            device.allow_shared_memory(self._functions[key], size, key[1])
            self._shared[key] = size


def _said(error: LoadError) -> str:
    """The driver's word, without what was being done and the assembler's log."""
    return error.message.partition(": ")[2].partition("\n")[0]


_BUILD = "build it again, with pip install . or oxide-build build"
_REINSTALL = "install the package again"

_modules: dict[str, Module] = {}


def module(name: str) -> Module:
    """The kernel module called `name`, as installed; one for the process.

    Raises LoadError when it was installed without built kernels. One in a source tree that has changed since is built
    again or warned of, as freshness.py says.
    """
    # Without a lock: reading it may import its package, and what is imported may launch.
    return _modules.get(name) or _modules.setdefault(name, Module(*freshness.find_fresh(name, _find)))


def _find(name: str) -> tuple[Manifest, Traversable]:
    package, _, last = name.rpartition(".")
    if not package:
        raise LoadError(
            f"the kernels of {name} are in no package, so no build has compiled them",
            help="put the file into a package and name it under [tool.oxide]; kernel.simulate[grid, block](...) runs "
            "it as it is",
        )
    try:
        directory = _directory(package)
    except ImportError as error:
        raise LoadError(f"the package of {name} cannot be imported: {error}", help=_REINSTALL) from None
    try:
        text = directory.joinpath(f"{last}.json").read_text(encoding="utf-8")
        return Manifest.from_json(text), directory
    except OSError:
        raise LoadError(f"{package} is installed without built kernels for {name}", help=_BUILD) from None
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f"the manifest of {name} cannot be read: {error}", help=_BUILD) from None


def _directory(package: str) -> Traversable:
    """Where a package's images lie: by its path, or as a resource where it is in no directory, such as in a zip."""
    for place in getattr(importlib.import_module(package), "__path__", ()):
        if (directory := Path(place, DIRECTORY)).is_dir():
            return directory
    return _resources(package).joinpath(DIRECTORY)


def _resources(package: str) -> Traversable:
    import importlib.resources  # milliseconds, which a launch from an ordinary directory does not pay

    if not hasattr(importlib.import_module(package), "__path__"):
        raise TypeError("it is a module, not a package")
    return importlib.resources.files(package)


def modules(name: str) -> tuple[Module, ...]:
    """The kernel module of that name, else all those in the package of that name and below it.

    Raises LoadError when there is neither.
    """
    package, _, last = name.rpartition(".")
    try:
        if package and _directory(package).joinpath(f"{last}.json").is_file():
            return (module(name),)
    except (ImportError, TypeError, ValueError) as error:
        raise _no_package(name, error) from None
    return tuple(module(manifest.module) for manifest in manifests(name))


def manifests(package: str) -> list[Manifest]:
    """The manifests in an installed package and those below it, in order of module name.

    Raises LoadError when there is no such package, or it holds no built kernels.
    """
    try:
        directory = _resources(package)
    except (ImportError, TypeError, ValueError) as error:
        raise _no_package(package, error) from None
    found = sorted(_below(directory), key=lambda manifest: manifest.module)
    if not found:
        raise LoadError(f"{package} holds no built kernels", help=_BUILD)
    return found


def _no_package(name: str, error: Exception) -> LoadError:
    return LoadError(f"no package {name!r} is installed here: {error}", help="name it as in import")


def _below(directory: Traversable) -> Iterator[Manifest]:
    """Those of this package and its subpackages: directories that are no packages may hold builds of other times."""
    for entry in directory.iterdir():
        if entry.name == DIRECTORY:
            files = (file for file in entry.iterdir() if file.name.endswith(".json"))
            yield from (Manifest.from_json(file.read_text(encoding="utf-8")) for file in files)
        elif entry.is_dir() and _is_package(entry):
            yield from _below(entry)


def _is_package(directory: Traversable) -> bool:
    return directory.joinpath("__init__.py").is_file() or directory.joinpath(DIRECTORY).is_dir()
