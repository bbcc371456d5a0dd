"""What happens at a launch, on one page.

In: a kernel's name, grid, block and stream, then its arguments. Out: the kernel queued on
its stream. Its own room because it is all an installed package needs of this project
besides the names its kernels import; it knows the manifest and never the compiler.

Everything the host can find wrong is found before the driver is called; nothing on this
path waits for the GPU, allocates on it or copies to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from oxide_build import manifest, signature
from oxide_build.errors import LaunchError
from oxide_build.runtime import arrays, device, loader, packing, streams


@dataclass(frozen=True)
class Configuration:
    """A kernel with its grid, block and stream settled: call it with arguments, as often as wanted.

    `stream` is a handle, or None for the current stream of the arguments' framework; `keep` is the caller's stream
    object, held so that the handle stays good. `shared_memory` is dynamic shared memory in bytes.
    """

    kernel: manifest.Kernel
    module: loader.Module
    plan: packing.Plan
    grid: signature.Dims
    block: signature.Dims
    stream: int | None
    shared_memory: int
    keep: object

    def __call__(self, *args: object, **kwargs: object) -> None:
        """Queue the kernel over these arguments and return.

        Raises KernelArgumentError, LaunchError, LoadError, and KernelFault where an earlier kernel has failed.
        """
        values = signature.bind(self.kernel, args, kwargs)
        views = arrays.read_views(self.kernel, values, self.stream)
        scalars = _scalars(self.kernel, values)
        signature.check_contracts(self.kernel, {name: view.shape for name, view in views.items()}, scalars)
        arguments = self.plan.pack(views, scalars)
        ordinal = device.ordinal_of(views)
        stream = streams.current(views, ordinal) if self.stream is None else self.stream
        with device.activated(ordinal):
            function = self.module.function(self.kernel, ordinal, self.shared_memory)
            launch = device.launch
            if self.kernel.cooperative:
                self._check_fits(function, ordinal)
                launch = device.launch_cooperatively
            launch(function, self.grid, self.block, self.shared_memory, stream, arguments.address, self._words)

    def _check_fits(self, function: Any, ordinal: int) -> None:
        """Raise LaunchError where not all blocks of the grid run at once, which would wait for each other forever."""
        blocks = prod(self.grid)
        most = device.most_blocks_at_once(int(function), prod(self.block), self.shared_memory, ordinal)
        if blocks > most:
            raise LaunchError(
                f"{self._words()}: its blocks wait for each other with gpu.sync_grid(), so all {blocks} must run at "
                f"once, and GPU {ordinal} runs at most {most} of these",
                help=f"launch at most {most} blocks, and loop over the rest with gpu.grid_stride(n)",
            )

    def _words(self) -> str:
        shared = f" and {self.shared_memory} bytes of dynamic shared memory" if self.shared_memory else ""
        return f"launching {self.kernel.name} with grid {self.grid}, block {self.block}{shared}"


def configure(
    module: str, name: str, grid: object, block: object, stream: object = None, shared_memory: int = 0
) -> Configuration:
    """The launch of kernel `name` of kernel module `module`.

    Raises LaunchError when no GPU could run it so, LoadError when the package carries no images for it.
    """
    loaded = loader.module(module)
    kernel = loaded.kernel(name)
    geometry = signature.normalize(grid, "grid"), signature.normalize(block, "block")
    signature.check_geometry(kernel, *geometry)
    signature.check_shared_memory(kernel, shared_memory)
    handle = None if stream is None else streams.handle(stream)
    return Configuration(kernel, loaded, packing.plan(kernel), *geometry, handle, shared_memory, stream)


def image(module: str) -> tuple[manifest.Artifact, bytes]:
    """The image of kernel module `module` chosen for the current GPU, and its content.

    Raises LoadError, and DriverNotFoundError without a driver or a GPU.
    """
    here, loaded = device.current(), loader.module(module)
    artifact = loaded.artifact(here.capability, here.driver)
    return artifact, loaded.read(artifact)


def _scalars(kernel: manifest.Kernel, values: tuple[Any, ...]) -> dict[str, manifest.Number]:
    convert: Callable[[manifest.Parameter, object], manifest.Number] = signature.convert_scalar
    pairs = zip(kernel.parameters, values, strict=True)
    return {parameter.name: convert(parameter, value) for parameter, value in pairs if parameter.kind == "scalar"}
