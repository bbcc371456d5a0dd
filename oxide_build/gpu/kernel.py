"""`@gpu.kernel` and `@gpu.device`: what a decorated function becomes on the host.

In: the author's function, which the host never runs. Out: a `Kernel` to launch, simulate
or look at. Its own room, and a thin one: whatever a launch or a simulation needs is
imported by the first one, never by importing the kernel's module.
"""

from __future__ import annotations

from oxide_build.gpu.types import outside_kernel

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(function):
        """`typing.overload` without `typing`."""
        return function

else:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias, TypeVar, overload

    from oxide_build.errors import KernelArgumentError
    from oxide_build.manifest import Artifact
    from oxide_build.runtime.attributes import LaunchAttributes
    from oxide_build.runtime.choice import Choice
    from oxide_build.runtime.compiled import Attributes, Compiled, Occupancy

    Function = TypeVar("Function", bound=Callable[..., Any])
    Dims: TypeAlias = int | tuple[int] | tuple[int, int] | tuple[int, int, int]
    Extent: TypeAlias = int | str
    Block: TypeAlias = Extent | tuple[Extent] | tuple[Extent, Extent] | tuple[Extent, Extent, Extent]
    Launch: TypeAlias = Callable[..., None]

DEFAULT_BLOCK = 256
"""Threads a block where neither caller nor author says; a multiple of every GPU's warp that fills an SM."""

MOST_CONFIGURED = 256
"""Launches a kernel keeps by the subscript that made them."""


class Kernel:
    """A GPU kernel: `kernel[grid, block](...)` launches it, `kernel.simulate[grid, block](...)` runs it on the CPU.

    Arguments are GPU arrays (torch, CuPy, or anything with `__cuda_array_interface__` or DLPack) for views and
    numbers for scalars, by position or name. Launches are asynchronous: they return before the kernel has run.
    Errors are of the `oxide_build.errors.KernelError` family.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        block: Block | None = None,
        values: Mapping[str, Sequence[Any]] | None = None,
        cluster: Dims | None = None,
    ) -> None:
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__: Any = function
        self.block = block
        self.values = dict(values or {})
        self.cluster = cluster
        self._configured: dict[tuple[Any, ...], Launch] = {}
        self._latest: tuple[object, Launch] = (object(), _launch_nothing)

    def __getitem__(self, configuration: tuple[Any, ...]) -> Launch:
        """`kernel[grid, block]`, with stream and bytes of dynamic shared memory optional: a launch to call.

        `grid` counts blocks and `block` threads, each an int or a tuple of up to three. The result may be kept
        and called many times. Raises LaunchError for what no launch can be, LoadError without built images.
        """
        latest, made = self._latest
        if latest is configuration:  # a subscript of constants is one object, wherever it stands in a loop
            return made
        try:
            made = self._configured[_key(configuration)]
        except (KeyError, TypeError):
            return self._configure(_configuration(self, configuration))
        self._latest = configuration, made
        return made

    def _configure(self, configuration: tuple[Any, ...], attributes: LaunchAttributes | None = None) -> Launch:
        """A launch made anew, and kept for when the same configuration comes again."""
        from contextlib import suppress

        from oxide_build import runtime

        made = runtime.configure(self.__module__, self.__name__, *configuration, attributes=attributes)
        if len(self._configured) >= MOST_CONFIGURED:
            self._configured.clear()
        with suppress(TypeError):  # a list, or a stream that has no hash
            self._configured[_key(configuration, attributes)] = made
        return made

    def configure(
        self,
        grid: Dims,
        block: Dims,
        stream: object = None,
        shared_memory: int = 0,
        *,
        programmatic: bool = False,
        priority: int | None = None,
    ) -> Launch:
        """`kernel[grid, block, stream, shared_memory]`, and what its four places have no room for: a launch to call.

        `programmatic=True` lets the kernel start while the one before it on the same stream still runs, as far as that
        one allows: the kernel must call `gpu.wait_for_previous_kernel()`. On images for GPUs before sm_90 it changes
        nothing. `priority` is a stream's priority for this launch alone; lower numbers go first.

        Raises LaunchError as the subscript does, and where the kernel does not wait in all of its threads; a launch
        raises one for a priority that its GPU does not have.
        """
        if not programmatic and priority is None:
            return self[grid, block, stream, shared_memory]
        from oxide_build.runtime.attributes import LaunchAttributes

        configuration, attributes = (grid, block, stream, shared_memory), LaunchAttributes(programmatic, priority)
        try:
            return self._configured[_key(configuration, attributes)]
        except (KeyError, TypeError):
            return self._configure(configuration, attributes)

    def __call__(self, *args: object, **kwargs: object) -> None:
        """A kernel cannot be called without saying over how many threads: raises KernelArgumentError."""
        raise _bare_call(self)

    def launch(
        self,
        *args: object,
        grid: Dims,
        block: Dims,
        stream: object = None,
        shared_memory: int = 0,
        programmatic: bool = False,
        priority: int | None = None,
        **kwargs: object,
    ) -> None:
        """`kernel.configure(grid, block, …)(*args, **kwargs)`, spelled out."""
        launch = self.configure(grid, block, stream, shared_memory, programmatic=programmatic, priority=priority)
        launch(*args, **kwargs)

    def forall(self, n: int, stream: object = None, block: int | None = None) -> Launch:
        """A launch of one thread for each of `n` elements, in whole clusters; none at all when `n` is 0.

        The block is the argument, else the kernel's own, which may be a compile-time parameter of the launch, else 256
        threads. Raises LaunchError for a negative `n`.
        """
        if n < 0:
            from oxide_build.errors import LaunchError

            raise LaunchError(f"{self.__name__}.forall: n must not be negative, got {n}")
        if not n:
            return _launch_nothing
        chosen = self.block if block is None else block
        if _names_parameter(chosen):
            return lambda *args, **kwargs: self.forall(n, stream, _chosen_block(self, chosen, args, kwargs))(
                *args, **kwargs
            )
        threads = _threads(self, chosen)
        whole = self.cluster[0] if isinstance(self.cluster, tuple) else self.cluster or 1
        return self[-(-n // (threads * whole)) * whole, threads, stream]

    @property
    def simulate(self) -> Simulation:
        """The same kernel on the CPU and on NumPy arrays: `kernel.simulate[grid, block](...)`.

        It takes stream and bytes of dynamic shared memory as a launch does, and has no use for the stream.
        Raises CompileErrors when the source is no kernel, KernelArgumentError and LaunchError as a launch does.
        """
        return Simulation(self)

    @property
    def signature(self) -> str:
        """The kernel as declared: `saxpy(a: f32, x: Slice[f32])`."""
        code, annotations = self.__wrapped__.__code__, self.__wrapped__.__annotations__
        names = code.co_varnames[: code.co_argcount]
        return f"{self.__name__}({', '.join(_declared(name, annotations.get(name)) for name in names)})"

    def variant(self, **values: object) -> Compiled:
        """What the build made of the kernel, to look at; of a generic one, the variant with these values.

        `kernel.variant(T=gpu.f64, BLOCK=64)`: what is not named is as in a launch that does not give it, a type the
        first that is listed. Raises LoadError without built kernels, KernelArgumentError for values it does not have.
        """
        from oxide_build.runtime import compiled

        return compiled.compiled(self.__module__, self.__name__, values)

    @property
    def image(self) -> Artifact:
        """The image chosen for the current GPU. Raises LoadError and DriverNotFoundError."""
        return self.variant().image

    @property
    def choice(self) -> Choice:
        """Every image that there is, and why the current GPU gets it or not. Raises LoadError, DriverNotFoundError."""
        return self.variant().choice

    @property
    def ptx(self) -> str:
        """The text of the PTX chosen for the current GPU. Raises LoadError and DriverNotFoundError."""
        return self.variant().ptx

    @property
    def attributes(self) -> Attributes:
        """The registers and memory it takes on the current GPU. Loads it; raises as a first launch does."""
        return self.variant().attributes

    def occupancy(self, block: Dims, shared_memory: int = 0) -> Occupancy:
        """How many blocks of this shape a multiprocessor of the current GPU runs at once. Loads it.

        Raises LaunchError for a block that no launch could have, and as a first launch does.
        """
        return self.variant().occupancy(block, shared_memory)

    @property
    def cuda_core(self) -> Any:
        """The kernel as a `cuda.core.Kernel`, for `cuda.core.launch`. Loads it; raises as a first launch does."""
        return self.variant().cuda_core

    def preload(self, device: int | None = None) -> None:
        """Load the kernel, with all its variants, on the current GPU or the one of that number.

        A launch loads what it needs by itself; this does it at a moment of your choice, such as before a graph's
        capture or a measurement. Raises as a first launch does.
        """
        from oxide_build.runtime import compiled

        compiled.preload(self.__module__, self.__name__, device)

    def __str__(self) -> str:
        """The signature, and what the build made of the kernel; needs no driver."""
        from oxide_build.errors import KernelError
        from oxide_build.runtime import compiled

        try:
            lines = compiled.describe(self.__module__, self.__name__)
        except (KernelError, ImportError) as error:
            lines = f"  not built: {error}"
        return f"{self.signature}, of {self.__module__}\n{lines}"

    def __repr__(self) -> str:
        return f"<kernel {self.__module__}.{self.signature}>"

    def __reduce__(self) -> str:
        return self.__qualname__


class Simulation:
    """`kernel.simulate`, waiting for its grid and block."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __getitem__(self, configuration: tuple[Any, ...]) -> Launch:
        from oxide_build.gpu.simulation import simulate

        grid, block, *rest = _configuration(self._kernel, configuration)
        shared_memory = rest[1] if len(rest) == 2 else 0
        return lambda *args, **kwargs: simulate(self._kernel, grid, block, shared_memory, args, kwargs)

    def __call__(self, *args: object, **kwargs: object) -> None:
        """Raises KernelArgumentError: grid and block come first."""
        raise _bare_call(self._kernel, "simulate")


class DeviceFunction:
    """A function kernels call; the host cannot."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__: Any = function

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise outside_kernel(f"the device function {self.__name__}()")

    def __repr__(self) -> str:
        return f"<device function {self.__module__}.{self.__name__}>"

    def __reduce__(self) -> str:
        return self.__qualname__


@overload
def kernel(function: Callable[..., None], /) -> Kernel: ...
@overload
def kernel(
    *,
    block: Block | None = None,
    values: Mapping[str, Sequence[Any]] | None = None,
    cluster: Dims | None = None,
    max_threads: int | None = None,
    min_blocks: int | None = None,
    bounds_checks: bool | None = None,
    fast_math: bool | None = None,
) -> Callable[[Callable[..., None]], Kernel]: ...
def kernel(
    function: Callable[..., None] | None = None,
    /,
    *,
    block: Block | None = None,
    values: Mapping[str, Sequence[Any]] | None = None,
    cluster: Dims | None = None,
    max_threads: int | None = None,
    min_blocks: int | None = None,
    bounds_checks: bool | None = None,
    fast_math: bool | None = None,
) -> Any:
    """Mark a function as a kernel.

    `block=256` or `block=(16, 16)` fixes the block every launch must use; `"BLOCK"` in place of a number is the value
    of that `gpu.Const` parameter. `values={"BLOCK": (64, 128)}` lists what each such parameter may be at a launch: one
    variant is compiled for each combination, and loaded when first asked for. A parameter that a launch does not give
    is its default, else the first value listed.

    `max_threads` is the most threads a block may have, so that each gets more registers; `min_blocks` asks that a
    multiprocessor can keep so many blocks at once. `bounds_checks` and `fast_math` take the place of the project's
    options of these names for this kernel and what it calls.

    `cluster=2` or `cluster=(2, 2)` groups so many blocks, at most 8, into clusters that run at the same time and can
    wait for each other, `gpu.sync_cluster()`: from sm_90 on. The grid is a multiple of it.
    """
    if function is None:
        return lambda decorated: Kernel(decorated, block, values, cluster)
    return Kernel(function, block, values, cluster)


@overload
def device(function: Function, /) -> Function: ...
@overload
def device(*, inline: bool = True) -> Callable[[Function], Function]: ...
def device(function: Any = None, /, *, inline: bool = True) -> Any:
    """Mark a function as one that kernels call.

    Its code is placed where it is called; `inline=False` keeps one copy that is called, for large functions.
    """
    return DeviceFunction if function is None else DeviceFunction(function)


def _key(configuration: tuple[Any, ...], attributes: LaunchAttributes | None = None) -> tuple[Any, ...]:
    """A configuration with the types in it, since 1, 1.0 and True are equal and not all of them can be launched."""
    types: tuple[Any, ...] = (*map(type, configuration),)
    if tuple in types:
        types = (*[(*map(type, part),) if type(part) is tuple else type(part) for part in configuration],)
    return configuration, types, attributes


def _configuration(kernel: Kernel, configuration: object) -> tuple[Any, ...]:
    if isinstance(configuration, tuple) and 2 <= len(configuration) <= 4:
        return configuration
    from oxide_build.errors import LaunchError

    name = kernel.__name__
    raise LaunchError(
        f"{name}[{configuration!r}] is no launch configuration",
        help=f"write {name}[grid, block], {name}[grid, block, stream] or {name}[grid, block, stream, shared_memory]",
    )


def _bare_call(kernel: Kernel, attribute: str = "") -> KernelArgumentError:
    from oxide_build.errors import KernelArgumentError

    name = f"{kernel.__name__}.{attribute}".rstrip(".")
    return KernelArgumentError(
        f"{name} was called without a grid and a block",
        help=f"write {name}[grid, block](...), with grid in blocks and block in threads",
    )


def _names_parameter(block: object) -> bool:
    return any(isinstance(extent, str) for extent in (block if isinstance(block, tuple) else (block,)))


def _chosen_block(kernel: Kernel, block: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A block with the value, in this call, of each compile-time parameter it names."""
    function = kernel.__wrapped__
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    given = {
        **{name: listed[0] for name, listed in kernel.values.items()},
        **dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)),
        **dict(zip(names, args, strict=False)),
        **kwargs,
    }
    extents = block if isinstance(block, tuple) else (block,)
    return tuple(given.get(extent, extent) if isinstance(extent, str) else extent for extent in extents)


def _threads(kernel: Kernel, block: Any) -> int:
    sizes = block if isinstance(block, tuple) else (DEFAULT_BLOCK if block is None else block,)
    if any(size != 1 for size in sizes[1:]) or sizes[0] < 1:
        from oxide_build.errors import LaunchError

        raise LaunchError(
            f"{kernel.__name__}.forall launches in one dimension, its block is {block!r}",
            help=f"write {kernel.__name__}[grid, block](...)",
        )
    return int(sizes[0])


def _launch_nothing(*args: object, **kwargs: object) -> None:
    """The launch over no elements."""


def _declared(name: str, annotation: object) -> str:
    return name if annotation is None else f"{name}: {_spelled(annotation)}"


def _spelled(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation.replace("gpu.", "")
    elements = getattr(annotation, "__args__", ())
    name: str = getattr(annotation, "__name__", str(annotation))
    return f"{name}[{', '.join(map(_spelled, elements))}]" if elements else name
