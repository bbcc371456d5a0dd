"""The loader: a kernel module's manifest, the choice of its image, and loading it once.

In: the name of a kernel module, a GPU, a driver. Out: kernels ready to launch. Its own
room because the choice is a pure function of the manifest, the compute capability and the
driver's version, that `oxide-build explain` and the tests ask without a GPU.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oxide_build.errors import LoadError, NoCompatibleImageError
from oxide_build.manifest import DIRECTORY, Artifact, Kernel, Manifest
from oxide_build.runtime import arrays, device
from oxide_build.runtime.learning import Learned
from oxide_build.variants import Family

if TYPE_CHECKING:
    from importlib.abc import Traversable

FORCE = "OXIDE_FORCE_TARGET"
FREE_SHARED_MEMORY = 48 * 1024
"""Bytes of shared memory a block may have without asking for them."""

Version = tuple[int, int]


@dataclass(frozen=True)
class Verdict:
    """What the choice says of one image: `reason` is why it was chosen, or why not."""

    artifact: Artifact
    chosen: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.artifact.target}: {'chosen, ' * self.chosen}{self.reason}"


@dataclass(frozen=True)
class Choice:
    """The verdict on each image, in the manifest's order, for one compute capability and driver."""

    verdicts: tuple[Verdict, ...]
    capability: Version
    driver: Version

    @property
    def artifact(self) -> Artifact | None:
        """The chosen image, or None."""
        return next((verdict.artifact for verdict in self.verdicts if verdict.chosen), None)

    def required(self) -> Artifact:
        """The chosen image. Raises NoCompatibleImageError, with every verdict and how to get an image that runs."""
        if self.artifact is not None:
            return self.artifact
        listed = "".join(f"\n  {verdict}" for verdict in self.verdicts) or "\n  (none)"
        raise NoCompatibleImageError(
            f"no image for this GPU of compute capability {_dotted(self.capability)} with a driver for CUDA "
            f"{_dotted(self.driver)}; the package ships{listed}",
            help=self._remedy(),
        )

    def _remedy(self) -> str:
        fitting = [v.artifact for v in self.verdicts if _rank(v.artifact.target, self.capability) is not None]
        if fitting:
            least = min(_version(artifact.driver) for artifact in fitting)
            return f"upgrade the NVIDIA driver to one for CUDA {_dotted(least)} or newer"
        major, minor = self.capability
        return f'add "sm_{major}{minor}" to targets under [tool.oxide] and rebuild the package'


def choose(
    artifacts: Iterable[Artifact], capability: Version, driver: Version | str, force: str | None = None
) -> Choice:
    """Say of every image whether it is the one to load, and why.

    `capability` is the GPU's, `(9, 0)`; `driver` the CUDA release its driver is for, `(12, 8)` or `"12.8"`. The best
    that runs wins: one for exactly this GPU (`sm_90a`), then one for its family (`sm_100f`), then the highest plain
    one; an image the driver is too old for gives way to the next. `force` names a target to load regardless.
    """
    images = tuple(artifacts)
    release = _version(driver) if isinstance(driver, str) else driver
    if force is not None:
        best = next((image for image in images if image.target == force), None)
    else:
        usable = [image for image in images if _obstacle(image, capability, release) is None]
        best = max(usable, key=lambda image: _rank(image.target, capability) or (), default=None)
    verdicts = (Verdict(image, image is best, _reason(image, best, capability, release, force)) for image in images)
    return Choice(tuple(verdicts), capability, release)


def _reason(image: Artifact, best: Artifact | None, capability: Version, driver: Version, force: str | None) -> str:
    if force is not None:
        return f"{FORCE} asks for {force}"
    obstacle = _obstacle(image, capability, driver)
    if obstacle is not None or best is None:
        return obstacle or ""
    return "the best that runs here" if image is best else f"runs here, {best.target} is better"


def _obstacle(image: Artifact, capability: Version, driver: Version) -> str | None:
    """Why this image cannot run, or None."""
    if _rank(image.target, capability) is None:
        return f"runs on {_range(image.target)}, this GPU is {_dotted(capability)}"
    if _version(image.driver) > driver:
        return f"needs a driver for CUDA {image.driver}, this one is for {_dotted(driver)}"
    return None


def _rank(target: str, capability: Version) -> tuple[int, Version] | None:
    """How well a target fits, larger is better; None when it does not run at all."""
    least, suffix = _parse(target)
    fits = {
        "a": capability == least,
        "f": capability[0] == least[0] and capability >= least,
        "": capability >= least,
    }[suffix]
    return (("", "f", "a").index(suffix), least) if fits else None


def _range(target: str) -> str:
    least, suffix = _parse(target)
    words = {"a": "compute capability {} only", "f": "the family of {} from there on", "": "{} and newer"}
    return words[suffix].format(_dotted(least))


def _parse(target: str) -> tuple[Version, str]:
    match = re.fullmatch(r"sm_(\d+)(\d)([af]?)", target)
    if match is None:
        raise LoadError(f"the manifest names a target {target!r}", help="rebuild the package, or upgrade oxide-build")
    return (int(match[1]), int(match[2])), match[3]


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


class Module:
    """One kernel module as installed: its manifest, and what of it this process has loaded."""

    def __init__(self, manifest: Manifest, directory: Traversable) -> None:
        self.manifest = manifest
        self._directory = directory
        self._lock = threading.Lock()
        self._libraries: dict[str, tuple[Any, object]] = {}
        self._functions: dict[tuple[str, int], Any] = {}
        self._families: dict[str, Family | None] = {}
        self._shared: dict[tuple[str, int], int] = {}
        self._learned: dict[str, Learned] = {}

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
        if name not in self._families:
            generic = self.manifest.generic(name)
            family = None if generic is None else Family(generic, self.manifest.kernels, arrays.element_type)
            self._families.setdefault(name, family)
        return self._families[name]

    def artifact(self, capability: Version, driver: Version, unit: str = "") -> Artifact:
        """The image of a unit for this GPU and driver.

        Raises NoCompatibleImageError, or LoadError for an unknown forced one.
        """
        force = os.environ.get(FORCE)
        choice = choose(self.manifest.images(unit), capability, driver, force)
        if force is not None and choice.artifact is None:
            shipped = ", ".join(artifact.target for artifact in self.manifest.images(unit))
            raise LoadError(f"{FORCE} is {force!r}, which {self.manifest.module} lacks", help=f"it ships {shipped}")
        return choice.required()

    def read(self, artifact: Artifact) -> bytes:
        """The content of an image. Raises LoadError when it is missing, or not what the build wrote."""
        try:
            content = self._directory.joinpath(artifact.file).read_bytes()
        except OSError as error:
            raise LoadError(f"{self.manifest.module}: cannot read {artifact.file}: {error}", help=_REINSTALL) from None
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise LoadError(f"{self.manifest.module}: {artifact.file} is not what the build wrote", help=_REINSTALL)
        return content

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
        here = device.info(ordinal)
        artifact = self.artifact(here.capability, here.driver, kernel.unit)
        with device.capture_relaxed():
            if artifact.file not in self._libraries:
                name = f"{self.manifest.module} ({artifact.target})"
                self._libraries[artifact.file] = device.load_library(self.read(artifact), name)
            self._functions[symbol, ordinal] = device.get_kernel(*self._libraries[artifact.file], symbol)

    def _allow(self, key: tuple[str, int], size: int) -> None:
        if size > self._shared.get(key, 0):
            device.allow_shared_memory(self._functions[key], size, key[1])
            self._shared[key] = size


_BUILD = "build it again, with pip install . or oxide-build build"
_REINSTALL = "install the package again"

_modules: dict[str, Module] = {}
_modules_lock = threading.Lock()


def module(name: str) -> Module:
    """The kernel module called `name`, as installed; read once a process.

    Raises LoadError when it was installed without built kernels.
    """
    with _modules_lock:
        if name not in _modules:
            _modules[name] = Module(*_find(name))
        return _modules[name]


def _find(name: str) -> tuple[Manifest, Traversable]:
    package, _, last = name.rpartition(".")
    if not package:
        raise LoadError(
            f"the kernels of {name} are in no package, so no build has compiled them",
            help="put the file into a package and name it under [tool.oxide]; kernel.simulate[grid, block](...) runs "
            "it as it is",
        )
    directory = importlib.resources.files(package).joinpath(DIRECTORY)
    try:
        text = directory.joinpath(f"{last}.json").read_text(encoding="utf-8")
        return Manifest.from_json(text), directory
    except OSError:
        raise LoadError(f"{package} is installed without built kernels for {name}", help=_BUILD) from None
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f"the manifest of {name} cannot be read: {error}", help=_BUILD) from None
