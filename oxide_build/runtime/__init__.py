"""What happens at a launch, on one page.

In: a kernel's name, grid, block and stream, then its arguments. Out: the kernel queued on
its stream. Its own room because it is all an installed package needs of this project
besides the names its kernels import; it knows the manifest and never the compiler.

Everything the host can find wrong is found before the driver is called; nothing on this
path waits for the GPU, allocates on it or copies to it.

There are two ways to launch. The general one asks everything in words, and is the one source of
errors. Each launch of it that goes well teaches a plan (plan.py) for the launches like it, which asks the same in a
fraction of the time, and leaves to the general one whatever it does not take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from oxide_build import manifest, signature
from oxide_build.errors import LaunchError
from oxide_build.records import dataclass, field
from oxide_build.runtime import arrays, device, forks, loader, native, streams
from oxide_build.runtime.attributes import LaunchAttributes
from oxide_build.runtime.learning import Learned

if TYPE_CHECKING:
    from oxide_build.variants import Family


@dataclass(frozen=True)
class Configuration:
    """A kernel with its grid, block and stream settled: call it with arguments, as often as wanted.

    `stream` is a handle, or None for the current stream of the arguments' framework; `keep` is the caller's stream
    object, held so that the handle stays good. `shared_memory` is dynamic shared memory in bytes. `attributes` is what
    else is asked for: such launches go the general way.
    """

    kernel: manifest.Kernel
    module: loader.Module
    learned: Learned
    grid: signature.Dims
    block: signature.Dims
    stream: int | None
    shared_memory: int
    keep: object
    attributes: LaunchAttributes | None = None

    @cached_property
    def geometry(self) -> tuple[int, ...]:
        """Grid, block and dynamic shared memory, as the driver takes them one after the other."""
        return (*self.grid, *self.block, self.shared_memory)

    def __call__(self, *args: object, **kwargs: object) -> None:
        """Queue the kernel over these arguments and return.

        Raises KernelArgumentError, LaunchError, LoadError, and KernelFault where an earlier kernel has failed.
        """
        attempts = self.learned.attempts
        if attempts and self.attributes is None:
            values = signature.bind(self.kernel, args, kwargs) if kwargs else args
            for attempt in attempts:
                if attempt(self.geometry, self.stream, values):
                    return
        self.launch(args, kwargs)

    def launch(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """The same in the general way, which learns from what it sees. Raises as a call does, ForkError first."""
        forks.refuse()
        values = signature.bind(self.kernel, args, kwargs)
        views = arrays.read_views(self.kernel, values, self.stream)
        scalars = signature.convert_scalars(self.kernel, values)
        signature.check_contracts(self.kernel, {name: view.shape for name, view in views.items()}, scalars)
        arguments = self.learned.layout.pack(views, scalars)
        ordinal = device.ordinal_of(views)
        stream = streams.current(views, ordinal) if self.stream is None else self.stream
        with device.activated(ordinal):
            function = self.module.function(self.kernel, ordinal, self.shared_memory)
            attributes = self._attributes(function, ordinal)
            device.launch(function, self.geometry, stream, arguments.address, attributes, self._words)
        self.learned.learn(values, views, ordinal, function, self.module.most_shared(self.kernel, ordinal))

    def _attributes(self, function: Any, ordinal: int) -> Mapping[str, int]:
        """The driver's attributes of this launch. Raises LaunchError for what this GPU cannot do."""
        asked = self.attributes
        given = {} if asked is None else asked.settled(self.module.image(self.kernel, ordinal), ordinal, self._words)
        if not self.kernel.cooperative:
            return given
        self._check_fits(function, ordinal)
        return {"cooperative": 1, **given}

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


@dataclass(frozen=True)
class GenericConfiguration:
    """A generic kernel with its grid, block and stream settled: a call chooses the variant from its arguments.

    `configure` makes the launch of a variant; those made are kept by symbol.
    """

    family: Family
    configure: Callable[[manifest.Kernel], Callable[..., None]]
    variants: dict[str, Callable[..., None]] = field(default_factory=dict)

    def __call__(self, *args: object, **kwargs: object) -> None:
        """Queue the variant that these arguments ask for over them, and return. Raises as a Configuration does."""
        kernel, values = self.family.choose(args, kwargs)
        variant = self.variants.get(kernel.symbol)
        if variant is None:
            variant = self.variants.setdefault(kernel.symbol, self.configure(kernel))
        variant(*values)


def configure(
    module: str,
    name: str,
    grid: object,
    block: object,
    stream: object = None,
    shared_memory: int = 0,
    *,
    attributes: LaunchAttributes | None = None,
) -> Callable[..., None]:
    """The launch of kernel `name` of kernel module `module`, with `attributes` where it asks for some.

    Raises LaunchError when no GPU could run it so (a generic kernel's variant when it is called), LoadError when the
    package carries no images for it.
    """
    loaded = loader.module(module)
    kernel, family = loaded.kernel(name), loaded.family(name)
    geometry = signature.normalize(grid, "grid"), signature.normalize(block, "block")
    signature.check_shared_memory(kernel, shared_memory)
    handle = None if stream is None else streams.handle(stream)

    def settled(chosen: manifest.Kernel) -> Callable[..., None]:
        signature.check_geometry(chosen, *geometry)
        if attributes is not None:
            attributes.check(chosen)
        learned = loaded.learned(chosen)
        made: Callable[..., None] = Configuration(
            chosen, loaded, learned, *geometry, handle, shared_memory, stream, attributes
        )
        if attributes is None and learned.compiled is not None:
            made = native.launcher(learned.compiled, made)
        return made

    return settled(kernel) if family is None else GenericConfiguration(family, settled)
