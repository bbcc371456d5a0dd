"""What the build and its processes say to each other about one kernel module.

In: a `Task`. Out: messages, in the order things come to be, `Done` the last. Its own file because both sides speak it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from oxide_build.errors import CompileError, CompileWarning, InternalError
from oxide_build.jobs import Job
from oxide_build.pipeline.targets import Target


class Image(NamedTuple):
    """Which image of a module: its unit ("" is the ordinary one) and its target."""

    unit: str
    target: Target


@dataclass(frozen=True)
class Task:
    """Some images of one module to make; not `emit`: only to be looked at for mistakes."""

    job: Job
    images: tuple[Image, ...]
    emit: bool = True


@dataclass(frozen=True)
class Described:
    """What the front half found: the units there are, the manifest's part that it knows, as JSON, and warnings."""

    units: tuple[str, ...]
    manifest: str
    warnings: tuple[CompileWarning, ...]


@dataclass(frozen=True)
class Emitting:
    """LLVM gets to work on this image; if nothing follows, it died of it."""

    image: Image
    llvm_ir: str


@dataclass(frozen=True)
class Emitted:
    """An image's PTX; whether libdevice is in it."""

    image: Image
    ptx: bytes
    seconds: float
    libdevice: bool


@dataclass(frozen=True)
class Unsupported:
    """What the kernels ask for is not there on this target."""

    image: Image
    errors: tuple[CompileError, ...]


@dataclass(frozen=True)
class Failed:
    """Mistakes in the source, or one fault of ours."""

    errors: tuple[CompileError | InternalError, ...]


@dataclass(frozen=True)
class Done:
    """The task is finished, well or not."""


Message: TypeAlias = "Described | Emitting | Emitted | Unsupported | Failed | Done"
