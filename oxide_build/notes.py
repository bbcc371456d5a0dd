"""What a project's author should hear before the build: legal, and likely not meant.

In: a `Config` and its jobs. Out: lines of text, each once however many modules it is about. Its own room because the
build, the setuptools step and `oxide-build plan` must say the same, and none of it stops a build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from oxide_build.config import KEYS, Config, Settings
from oxide_build.config.model import DEFAULT
from oxide_build.config.pyproject import FILE
from oxide_build.jobs import Job
from oxide_build.pipeline.targets import TARGETS, Kind, PtxVersion, Target, least_driver, parse_ptx_version

_EVERY_DRIVER = parse_ptx_version("8.0")
"""The PTX version of CUDA 12.0, whose driver every launch needs anyhow."""

_MANY = 3


def notes(config: Config, jobs: Sequence[Job]) -> Iterator[str]:
    """What reading found odd, settings from outside the file, images that some GPUs lack, overrides without effect."""
    yield from config.notes
    for key in sorted(KEYS.values(), key=lambda key: key.name):
        origin = config.origins.get(key.field, DEFAULT)
        if origin not in (DEFAULT, FILE):
            yield f"{key.name} is set by {origin}"
    for job in jobs if config.verbose else ():
        targets = ", ".join(target.spelling for target in job.settings.targets)
        yield f"{job.source.module}: {targets}; {job.settings.options}"
    yield from _about_targets(jobs)
    yield from _replaced(config, jobs)


def _about_targets(jobs: Sequence[Job]) -> Iterator[str]:
    modules: dict[str, list[str]] = {}
    for job in jobs:
        for text in (*_unserved(job.settings), *_newer_drivers(job.settings)):
            modules.setdefault(text, []).append(job.source.module)
    for text, names in modules.items():
        more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
        yield f"{', '.join(names[:_MANY])}{more}: {text}"


def _unserved(settings: Settings) -> Iterator[str]:
    """GPUs newer than the oldest one meant that have no image: those to come, or some of today's."""
    least = min(target.number for target in settings.targets)
    if all(target.suffix for target in settings.targets):
        yield f'no target is plain, so newer GPUs have no image; consider adding "sm_{least}"'
    elif not any(kind == "ptx" and not target.suffix for target, kind in settings.images):
        remedy = f'consider adding "sm_{least}-virtual"' if "ptx" in settings.emit else 'add "ptx" to emit'
        yield f"no plain target has PTX, so newer GPUs have no image; {remedy}"
    else:
        numbers = sorted({target.number for target in TARGETS.values() if target.number > least})
        missed = [number for number in numbers if not any(_runs(*image, number) for image in settings.images)]
        if missed:
            gpus = ", ".join(f"{number // 10}.{number % 10}" for number in missed)
            yield f'GPUs of compute capability {gpus} have no image, older ones have; consider adding "sm_{missed[0]}"'


def _runs(target: Target, kind: Kind, number: int) -> bool:
    """Whether an image runs on a GPU: PTX as its target says, machine code within its major version at most."""
    return target.serves(number) and (kind == "ptx" or target.number // 10 == number // 10)


def _newer_drivers(settings: Settings) -> Iterator[str]:
    """The driver each target's PTX needs, where they differ or another target would do with an older one."""
    listed = {target.name: target for target, kind in settings.images if kind == "ptx"}
    versions: dict[PtxVersion, list[str]] = {}
    for target in sorted(listed.values(), key=_version_that_counts, reverse=True):
        versions.setdefault(_version_that_counts(target), []).append(target.name)
    remedies = [remedy for target in listed.values() for remedy in _older_driver(target, listed)]
    if len(versions) > 1 or remedies:
        needs = ", ".join(f"{least_driver(version)} ({', '.join(names)})" for version, names in versions.items())
        yield "; ".join([f"PTX needs a driver for CUDA {needs}", *remedies])


def _version_that_counts(target: Target) -> PtxVersion:
    return max(target.ptx, _EVERY_DRIVER)


def _older_driver(target: Target, listed: Mapping[str, Target]) -> Iterator[str]:
    """The target, not listed, that serves the same GPUs with an older driver."""
    instead = [one for one in TARGETS.values() if _serves_with_older_driver(one, target)]
    if target.ptx > _EVERY_DRIVER and instead and not any(one.name in listed for one in instead):
        yield f'"{instead[-1]}" serves the GPUs of {target} with {least_driver(_version_that_counts(instead[-1]))}'


def _serves_with_older_driver(other: Target, target: Target) -> bool:
    same_major = other.number // 10 == target.number // 10
    return same_major and not other.suffix and other.serves(target.number) and other.ptx < target.ptx


def _replaced(config: Config, jobs: Sequence[Job]) -> Iterator[str]:
    """Overrides that later ones leave without effect, which a general one after a particular one does."""
    origins = {job.source.module: config.origins_of(job.source.module) for job in jobs}
    for override in config.overrides:
        modules = [module for module in origins if override.applies_to(module)]
        for key in KEYS.values():
            sets = key.field in override.values and key.field not in config.forced
            if sets and not any(origins[module][key.field] == override.origin for module in modules):
                yield f"{override.origin} {key.name}: later overrides replace it everywhere; put the general one first"
