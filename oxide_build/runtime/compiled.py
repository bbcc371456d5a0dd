"""What a kernel became: its image, and what the driver says of it.

In: a kernel module and kernel by name, of a generic one the values of a variant. Out: PTX, registers, occupancy, the
kernel loaded ahead of its first launch or handed to cuda.core. Its own room because none of this is on a launch's path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import Any

from oxide_build import signature
from oxide_build.errors import KernelArgumentError
from oxide_build.manifest import Artifact, Kernel, Manifest, value_word
from oxide_build.records import dataclass
from oxide_build.runtime import device, loader
from oxide_build.runtime.choice import Choice


@dataclass(frozen=True)
class Attributes:
    """What the current GPU's machine code of a kernel takes: registers a thread, and bytes of each kind of memory.

    `shared_memory` is the static part, a block; `local_memory` a thread, where registers did not do; `max_threads` the
    most threads that a block may have.
    """

    registers: int
    shared_memory: int
    local_memory: int
    constant_memory: int
    max_threads: int


@dataclass(frozen=True)
class Occupancy:
    """How much of a multiprocessor a kernel can use: `blocks` at the same time, and their `fraction` of its threads."""

    blocks: int
    fraction: float


_ATTRIBUTES = {
    "registers": "NUM_REGS",
    "shared_memory": "SHARED_SIZE_BYTES",
    "local_memory": "LOCAL_SIZE_BYTES",
    "constant_memory": "CONST_SIZE_BYTES",
    "max_threads": "MAX_THREADS_PER_BLOCK",
}


@dataclass(frozen=True)
class Compiled:
    """A kernel as built, of a generic one a single variant.

    Everything is of the current GPU. What asks the driver raises LoadError, NoCompatibleImageError,
    DriverNotFoundError, and KernelFault where an earlier kernel has failed.
    """

    module: loader.Module
    kernel: Kernel

    @property
    def signature(self) -> str:
        """The kernel as its arguments are, `total(x: Slice[f64])`: without what is known at compile time."""
        return signature.describe(self.kernel)

    @property
    def image(self) -> Artifact:
        """The image that is loaded on this GPU."""
        return self._image()

    @property
    def choice(self) -> Choice:
        """Every image that there is, and why it is loaded on this GPU or not; prints as `oxide-build explain` does."""
        return self.module.choice(device.current_ordinal(), self.kernel.unit)

    @property
    def ptx(self) -> str:
        """The PTX for this GPU; what the driver would load where it could not use a cubin."""
        return self.module.read(self._image("ptx")).decode()

    @property
    def attributes(self) -> Attributes:
        """Registers and memory that it takes. Loads it."""
        ordinal = device.current_ordinal()
        with device.activated(ordinal):
            kernel = self.module.function(self.kernel, ordinal)
            return Attributes(
                **{field: device.kernel_attribute(kernel, name, ordinal) for field, name in _ATTRIBUTES.items()}
            )

    def occupancy(self, block: object, shared_memory: int = 0) -> Occupancy:
        """How many blocks of this shape a multiprocessor runs at once, with so many bytes of dynamic shared memory.

        Loads it. Raises LaunchError for a block that no launch could have.
        """
        dims = signature.normalize(block, "block")
        signature.check_geometry(self.kernel, self.kernel.cluster or (1, 1, 1), dims)
        signature.check_shared_memory(self.kernel, shared_memory)
        ordinal, threads = device.current_ordinal(), prod(dims)
        with device.activated(ordinal):
            kernel = self.module.function(self.kernel, ordinal, shared_memory)
            blocks = device.blocks_on_multiprocessor(int(kernel), threads, shared_memory)
        return Occupancy(blocks, blocks * threads / device.threads_on_multiprocessor(ordinal))

    @property
    def cuda_core(self) -> Any:
        """The same kernel as a `cuda.core.Kernel`, for `cuda.core.launch` and graphs. Loads it."""
        ordinal = device.current_ordinal()
        with device.activated(ordinal):
            return device.cuda_core_kernel(self.module.function(self.kernel, ordinal))

    def preload(self, ordinal: int | None = None) -> None:
        """Load it on GPU `ordinal`, else the current one, so that the first launch does not."""
        _preload([self], ordinal)

    def _image(self, kind: str = "") -> Artifact:
        return self.module.artifact(device.current_ordinal(), self.kernel.unit, kind)


def compiled(module: str, name: str, values: Mapping[str, Any]) -> Compiled:
    """The kernel `name` of a kernel module, with these `values` of compile-time parameters and types by name.

    Raises LoadError without built kernels, KernelArgumentError for values it does not have.
    """
    loaded = loader.module(module)
    kernel, family = loaded.kernel(name), loaded.family(name)
    if family is not None:
        return Compiled(loaded, family.named(values))
    if values:
        raise KernelArgumentError(
            f"{name} has no variants, so no {', '.join(values)}", help=f"it is declared {signature.describe(kernel)}"
        )
    return Compiled(loaded, kernel)


def preload(module: str, name: str | None = None, ordinal: int | None = None) -> None:
    """Load the kernel `name` with all its variants, else all kernels of a kernel module, or below a package.

    Raises as a first launch does.
    """
    loaded = (loader.module(module),) if name else loader.modules(module)
    if name:
        loaded[0].kernel(name)  # so that one that was not built is missed
    every = (Compiled(part, kernel) for part in loaded for kernel in part.manifest.kernels)
    _preload([entry for entry in every if name in (None, entry.kernel.name)], ordinal)


def _preload(entries: Iterable[Compiled], ordinal: int | None) -> None:
    place = device.current_ordinal() if ordinal is None else ordinal
    with device.activated(place):
        for entry in entries:
            entry.module.function(entry.kernel, place)


def describe(module: str, name: str) -> str:
    """What the build made of a kernel, a line each: what a launch must keep to, variants, images. Needs no driver."""
    loaded = loader.module(module)
    return "\n".join(f"  {line}" for line in _lines(loaded.manifest, loaded.kernel(name)))


def _lines(manifest: Manifest, kernel: Kernel) -> Iterator[str]:
    generic = manifest.generic(kernel.name)
    if generic is None:
        yield f"block: {kernel.block or f'any of up to {kernel.max_threads or signature.THREADS_A_BLOCK} threads'}"
    if kernel.cluster:
        yield f"grid: whole clusters of {kernel.cluster} blocks"
    if kernel.cooperative:
        yield "grid: all blocks run at the same time"
    if kernel.waits_for_previous:
        yield "waits for the kernel before it: programmatic=True lets the two overlap"
    if kernel.shared_memory and generic is None:
        yield f"shared memory: {kernel.shared_memory} bytes"
    for contract in kernel.contracts:
        yield f"requires: {contract.text}"
    if generic is not None:
        listed = {**generic.types, **{constant.name: constant.values for constant in generic.constants}}
        yield "variants: " + ", ".join(
            f"{name} = {signature.quoted_values([*map(value_word, values)])}" for name, values in listed.items()
        )
    units = {entry.unit for entry in manifest.kernels if entry.name == kernel.name}
    for target in dict.fromkeys(image.target for image in manifest.artifacts):
        yield from _image_lines([i for i in manifest.artifacts if i.unit in units and i.target == target])


def _image_lines(images: list[Artifact]) -> Iterator[str]:
    """A line for each kind of image of a target; those of several variants together."""
    for kind in dict.fromkeys(image.kind for image in images):
        same = [image for image in images if image.kind == kind]
        form = f"PTX {same[0].ptx_version}" if kind == "ptx" else "cubin"
        count = f"{len(same)} images, " * (len(same) > 1)
        yield f"{same[0].target}: {form}, {count}{sum(i.size for i in same):,} bytes, CUDA {same[0].driver} or newer"
