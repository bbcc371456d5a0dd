"""What there is of one kernel module while it is built: from earlier builds, from this one, and what is missing.

In: a job, the cache and the toolchain, then messages about the job. Out: its images and its part of the manifest, or
its mistakes. Its own room because a build must not care which of it was made before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil

from oxide_build.cache import Cache
from oxide_build.compilation import Described, Emitted, Failed, Image, Message, Task, Unsupported
from oxide_build.errors import CompileError, CompileErrors, InternalError
from oxide_build.jobs import Job
from oxide_build.pipeline import ptxas
from oxide_build.pipeline.targets import Kind
from oxide_build.toolchain import Toolchain


@dataclass(frozen=True)
class Front:
    """What the front half says of a module: see `Described`; its warnings as they are shown."""

    units: tuple[str, ...]
    manifest: str
    warnings: tuple[str, ...]


@dataclass(eq=False)
class Products:
    """One module's. `errors` are its mistakes, `unsupported` those that are one target's."""

    job: Job
    cache: Cache
    tools: Toolchain
    front: Front | None = None
    made: dict[tuple[Image, Kind], bytes] = field(default_factory=dict)
    unsupported: dict[Image, tuple[CompileError, ...]] = field(default_factory=dict)
    errors: list[CompileError] = field(default_factory=list)

    @property
    def images(self) -> tuple[Image, ...]:
        """The images to be, in the order of units and targets, those included that turn out to be unsupported."""
        units: Sequence[str] = ("",)
        with suppress(CompileErrors):  # the front half will say so
            units = self.front.units if self.front else self.job.units
        return tuple(Image(unit, target) for unit in units for target in self.job.settings.targets)

    def recall(self) -> None:
        """Take all that earlier builds made."""
        self.front = self._recalled_front()
        for image in self.images if self.front else ():
            keys = self.tools.ptx_keys(self.job, image)
            found = next(filter(None, map(self.cache.get, keys)), None)
            if found is not None:
                self.made[image, "ptx"] = found
            elif reason := self._skips and self.cache.get(self.tools.unsupported_key(self.job, image)):
                self.unsupported[image] = (CompileError(reason.decode()),)
        self._forget_units_without_images()

    def _recalled_front(self) -> Front | None:
        kept = self.cache.get(self.tools.front_key(self.job))
        if kept is None:
            return None
        units, manifest, warnings = json.loads(kept)
        if warnings and self.job.settings.warnings == "error":
            return None  # they are mistakes now, to be reported where they are
        return Front(tuple(units), manifest, tuple(warnings))

    def _forget_units_without_images(self) -> None:
        """What no target supports is a mistake, to be found again where it is."""
        for unit in {image.unit for image in self.unsupported}:
            if not self._has_images(unit):
                self.unsupported = {image: why for image, why in self.unsupported.items() if image.unit != unit}

    @property
    def missing(self) -> tuple[Image, ...]:
        """The images to compile."""
        return tuple(i for i in self.images if (i, "ptx") not in self.made and i not in self.unsupported)

    def tasks(self, pieces: int) -> Iterator[Task]:
        """What is missing as at most so many tasks."""
        missing = self.missing
        size = max(1, ceil(len(missing) / pieces))
        for start in range(0, len(missing), size):
            yield Task(self.job, missing[start : start + size])

    def take(self, message: Message) -> None:
        """Note what a process says, and keep it for later builds."""
        if isinstance(message, Described):
            self._take_front(message)
        elif isinstance(message, Emitted):
            self.made[message.image, "ptx"] = message.ptx
            self.cache.put(self.tools.ptx_keys(self.job, message.image)[message.libdevice], message.ptx)
        elif isinstance(message, Unsupported):
            self.unsupported[message.image] = message.errors
        elif isinstance(message, Failed):
            self._take_failure(message)

    def _take_failure(self, said: Failed) -> None:
        for error in said.errors:
            if isinstance(error, InternalError):
                raise error
            self.errors.append(error)

    def _take_front(self, said: Described) -> None:
        """Several processes say the same of a module that is in several tasks."""
        if self.front is not None:
            return
        self.front = Front(said.units, said.manifest, tuple(map(str, said.warnings)))
        self.cache.put(self.tools.front_key(self.job), json.dumps([*vars(self.front).values()]).encode())
        if self.job.settings.warnings == "error":
            self.errors += said.warnings

    def assemble(self, image: Image) -> tuple[bytes, float]:
        """An image's machine code and the seconds it took, 0 where it was there; raises CompileError, InternalError."""
        ptx, options = self.made[image, "ptx"], self.job.settings.options
        key = self.tools.cubin_key(self.job, image, ptx)
        cubin, started = self.cache.get(key), time.perf_counter()
        if cubin is not None:
            self.made[image, "cubin"] = cubin
            return cubin, 0.0
        cubin = self.made[image, "cubin"] = ptxas.assemble(self.job.source.module, ptx, image.target.name, options)
        self.cache.put(key, cubin)
        return cubin, time.perf_counter() - started

    def without_cubin(self, image: Image, error: CompileError) -> list[CompileError]:
        """What it means that ptxas knows no such target: nothing where that is to be skipped and there is PTX."""
        return [] if self._skips and "ptx" in self.job.kinds_of(image.target) and ptxas.find() else [error]

    def mistakes(self) -> list[CompileError]:
        """All that is wrong with the module; what is wrong for a target alone, as its settings say."""
        targets = [
            error
            for image, errors in self.unsupported.items()
            for error in errors
            if not self._skips or not self._has_images(image.unit)
        ]
        return [*self.errors, *targets]

    def keep_unsupported(self) -> None:
        """Remember, of a module that is right, which images it does not have."""
        for image, errors in self.unsupported.items():
            self.cache.put(self.tools.unsupported_key(self.job, image), errors[0].message.encode())

    def _has_images(self, unit: str) -> bool:
        return any(image.unit == unit for image, _ in self.made)

    @property
    def _skips(self) -> bool:
        return self.job.settings.on_unsupported_target == "skip"
