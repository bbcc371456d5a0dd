"""What compiled kernels take: registers, memory, bytes, for each kernel and target.

In: the images of a build, of an installed package or of a wheel. Out: `Resources`, measured with ptxas where there is
one. Its own room because the same figures are a table, a release page and a budget, and none of these measures.

Registers, spills, stack, shared and constant memory are a kernel's; sizes and the time to compile are an image's, which
may hold several kernels. Without ptxas only what the build itself knows is there: shared memory, PTX size and time.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from oxide_build.errors import OxideError
from oxide_build.manifest import DIRECTORY, Artifact, Kernel, Manifest, variant_words
from oxide_build.pipeline import ptxas
from oxide_build.pipeline.options import Options
from oxide_build.runtime import loader

ImageName: TypeAlias = "tuple[str, str, str]"
"""An image by module, unit and target."""

Value: TypeAlias = "int | float | None"
Key: TypeAlias = "tuple[str, ...]"
"""The array of a budget, and what an entry of it is known by."""


class Figure(str, Enum):
    """What is measured, in the order of the table. `ptx`, `cubin` and `seconds` are the image's, the others a kernel's.

    Registers, of 32 bits, spills (bytes stored to and loaded from the stack for want of registers) and bytes of stack
    are a thread's, bytes of static shared memory a block's; constant memory is the image's tables and the kernel's
    parameters. `seconds` is the time it took to compile the image to PTX.
    """

    REGISTERS = "registers"
    SPILLS = "spills"
    STACK = "stack"
    SHARED = "shared"
    CONSTANT = "constant"
    PTX = "ptx"
    CUBIN = "cubin"
    SECONDS = "seconds"


NEED_PTXAS = (Figure.REGISTERS, Figure.SPILLS, Figure.STACK, Figure.CONSTANT, Figure.CUBIN)
"""The figures that only ptxas knows."""


class Shipped(NamedTuple):
    """One compiled kernel module: its manifest, and how to read an image of it."""

    manifest: Manifest
    read: Callable[[Artifact], bytes]


@dataclass(frozen=True)
class KernelUse:
    """One kernel in one image, a variant of a generic one by its symbol; a figure is None where nobody said."""

    module: str
    kernel: str
    symbol: str
    target: str
    variant: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    registers: int | None = None
    spills: int | None = None
    stack: int | None = None
    shared: int | None = None
    constant: int | None = None

    @property
    def key(self) -> Key:
        """What a budget knows it by."""
        return "kernels", self.module, self.symbol, self.target

    @property
    def full_name(self) -> str:
        """The module and the symbol: `plain.kernels.vector:saxpy`."""
        return f"{self.module}:{self.symbol}"

    @property
    def name(self) -> str:
        """What tables call it: `vector.saxpy`, `copy.fill (T = f32, n = 1)`."""
        name = f"{self.module.rpartition('.')[2]}.{self.kernel}"
        return f"{name} ({variant_words(self.variant)})" if self.variant else name


@dataclass(frozen=True)
class ImageUse:
    """One image: a unit of a module for one target; sizes in bytes."""

    module: str
    target: str
    unit: str = ""
    ptx: int | None = None
    cubin: int | None = None
    seconds: float | None = None

    @property
    def key(self) -> Key:
        """What a budget knows it by."""
        return "images", self.module, self.unit, self.target

    @property
    def full_name(self) -> str:
        """The module, and the unit where it is of a variant."""
        return ".".join(filter(None, [self.module, self.unit]))


@dataclass(frozen=True)
class Resources:
    """All that was measured, in order of module, unit and target."""

    kernels: tuple[KernelUse, ...]
    images: tuple[ImageUse, ...]

    def as_data(self) -> dict[str, Any]:
        """The figures as JSON and TOML hold them: `kernels` and `images`, what nobody said left out."""
        return {
            name: [{key: value for key, value in asdict(use).items() if value is not None} for use in uses]
            for name, uses in (("kernels", self.kernels), ("images", self.images))
        }

    def rows(self) -> Iterator[tuple[KernelUse, ImageUse | None]]:
        """Each kernel, with its image where it is the first of that image."""
        images = {(image.module, image.unit, image.target): image for image in self.images}
        for use in self.kernels:
            yield use, images.pop((use.module, use.unit, use.target), None)


def of_files(names: Iterable[str], read: Callable[[str], bytes]) -> Iterator[Shipped]:
    """The kernel modules in a set of files, whose names are paths with `_oxide/` in them."""
    for name in sorted(names):
        if match := re.fullmatch(rf"(.*/)?{DIRECTORY}/[^/]+\.json", name):
            directory = f"{match[1] or ''}{DIRECTORY}"
            yield Shipped(Manifest.from_json(read(name).decode()), _reader(directory, read))


def _reader(directory: str, read: Callable[[str], bytes]) -> Callable[[Artifact], bytes]:
    return lambda artifact: read(f"{directory}/{artifact.file}")


def of_package(name: str) -> tuple[Shipped, ...]:
    """The kernel modules of an installed package. Raises LoadError when there are none."""
    return tuple(Shipped(module.manifest, module.read) for module in loader.modules(name))


def of_wheel(path: Path) -> tuple[Shipped, ...]:
    """The kernel modules in a wheel file. Raises OxideError when it is no wheel or holds none."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if f"{DIRECTORY}/" in name}
    except (OSError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a wheel"
        raise OxideError(f"{path}: {reason}", help="name a wheel, dist/my_package-1.0-py3-none-any.whl") from None
    try:
        shipped = tuple(of_files(files, files.__getitem__))
    except (ValueError, KeyError, TypeError) as error:
        raise OxideError(f"{path}: a manifest cannot be read: {error}", help="build the wheel again") from None
    if not shipped:
        raise OxideError(f"{path}: no kernels in this wheel", help="name the wheel of a package with [tool.oxide]")
    return shipped


def measure(
    modules: Iterable[Shipped], seconds: Mapping[ImageName, float] | None = None, with_ptxas: bool = True
) -> Resources:
    """What every kernel and image of these modules takes.

    `seconds` says how long an image took, where that is known. Not `with_ptxas`, its figures stay None. Raises
    CompileError when there is no ptxas, InternalError when it refuses.
    """
    images = [
        _Image(module, unit, target)
        for module in modules
        for unit in module.manifest.units
        for target in dict.fromkeys(artifact.target for artifact in module.manifest.images(unit))
    ]
    with ThreadPoolExecutor() as pool:
        measured = list(pool.map(lambda image: _measure(image, seconds or {}, with_ptxas), images))
    kernels = tuple(use for uses, _ in measured for use in uses)
    return Resources(kernels, tuple(image for _, image in measured))


def _assembled(manifest: Manifest, ptx: bytes, target: str) -> ptxas.Assembled:
    written: Mapping[str, Any] = manifest.options
    options = Options(**{option.name: written[option.name] for option in fields(Options) if option.name in written})
    return ptxas.assemble_and_measure(manifest.module, ptx, target, options)


class _Image(NamedTuple):
    """A unit of a module for one target, whatever kinds of image there are of it."""

    module: Shipped
    unit: str
    target: str


def _measure(
    image: _Image, seconds: Mapping[ImageName, float], with_ptxas: bool
) -> tuple[tuple[KernelUse, ...], ImageUse]:
    (manifest, read), unit, target = image
    shipped = {artifact.kind: artifact for artifact in manifest.images(unit) if artifact.target == target}
    ptx, cubin = shipped.get("ptx"), shipped.get("cubin")
    assembled = _assembled(manifest, read(ptx), target) if ptx and with_ptxas else None
    uses = tuple(_use(manifest, kernel, target, assembled) for kernel in manifest.kernels if kernel.unit == unit)
    return uses, ImageUse(
        manifest.module,
        target,
        unit,
        ptx=ptx.size if ptx else None,
        cubin=cubin.size if cubin else len(assembled.cubin) if assembled else None,
        seconds=seconds.get((manifest.module, unit, target)),
    )


def _use(manifest: Manifest, kernel: Kernel, target: str, assembled: ptxas.Assembled | None) -> KernelUse:
    known = KernelUse(manifest.module, kernel.name, kernel.symbol, target, kernel.variant, kernel.unit)
    usage = assembled.usage.get(kernel.symbol) if assembled else None
    if usage is None:
        return replace(known, shared=kernel.shared_memory)
    return replace(
        known,
        registers=usage.registers,
        spills=usage.spills,
        stack=usage.stack,
        shared=usage.shared,
        constant=usage.constant,
    )
