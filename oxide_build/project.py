"""A project's kernels, ready to ship: the build and what a release adds to it.

In: a configuration, its jobs and the project's root. Out: the files of every kernel module, whether compiled now or
carried by the sdist, with the source's commit where asked for; and what an sdist is to carry. Its own room because
every door that writes files calls it, and the build itself knows neither sdists nor git.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from oxide_build import __version__, build, prebuilt, provenance
from oxide_build.build import Built, Job, Log
from oxide_build.config import Config
from oxide_build.errors import ConfigError, ConfigErrors, OxideError
from oxide_build.manifest import Manifest
from oxide_build.pipeline import libdevice, ptxas
from oxide_build.pipeline.ptx import versions
from oxide_build.prebuilt import are_carried
from oxide_build.requirements import call_libdevice

Compile = Callable[[Sequence[Job]], tuple[Built, ...]]


def make(
    config: Config, jobs: Sequence[Job], root: Path, log: Log = build.log_to_stderr, compile: Compile | None = None
) -> tuple[Built, ...]:
    """The files of every job, in their order. Raises what `build.run` raises.

    `compile` is `build.run` unless a caller wants to hear more of it.
    """
    carried = prebuilt.find(root, jobs)
    missing = [job for job in jobs if job not in carried]
    _tell(carried, missing, root, log)
    compile = compile or (lambda some: build.run(some, config.jobs, log))
    made = {**carried, **{one.job: one for one in (compile(missing) if missing else ())}}
    origin = _provenance(config, jobs, root, log)
    return tuple(_stamped(made[job], origin) for job in jobs)


def carried_files(config: Config, jobs: Sequence[Job], root: Path, log: Log = build.log_to_stderr) -> dict[str, bytes]:
    """What the project's sdist carries besides sources, by name relative to its root: mostly nothing."""
    origin: dict[str, Any] = {}
    if config.provenance:
        origin["provenance"] = _provenance(config, jobs, root, log)
    if not config.sdist_artifacts:
        return prebuilt.files((), origin) if origin.get("provenance") else {}
    built = make(config, jobs, root, log)
    return prebuilt.files(built, {**origin, "tools": tools(jobs, root)})


def check_sources(jobs: Sequence[Job], names: Collection[str]) -> None:
    """Raise ConfigErrors where an sdist of these files would lack what its kernels are made from."""
    needed = {source.path for job in jobs for source in (job.source, *job.imports)}
    lacking = [
        ConfigError("sdist", f"{path} is left out, and kernels are made from it", help="let MANIFEST.in keep it")
        for path in sorted(needed.difference(names))
    ]
    if lacking:
        raise ConfigErrors(lacking)


def tools(jobs: Sequence[Job], root: Path) -> dict[str, str]:
    """The versions behind the images, by tool; those of an sdist that carries all images are what it says."""
    if are_carried(jobs, root):
        return dict(prebuilt.origin(root).get("tools", {}))
    found = {
        "libdevice": libdevice.version() if call_libdevice(jobs) else None,
        "ptxas": ptxas.version() if any(kind == "cubin" for job in jobs for _, kind in job.settings.images) else None,
    }
    return {"oxide-build": __version__, **versions(), **{tool: text for tool, text in found.items() if text}}


def _tell(carried: dict[Job, Built], missing: Sequence[Job], root: Path, log: Log) -> None:
    if carried:
        log(f"[oxide] the sdist carries the images of {', '.join(job.source.module for job in carried)}")
    if missing and "tools" in prebuilt.origin(root):
        names = ", ".join(job.source.module for job in missing)
        log(f"[oxide] the sdist carries no image of these sources and settings for {names}: compiling")


def _provenance(config: Config, jobs: Sequence[Job], root: Path, log: Log) -> dict[str, str | bool]:
    """What an sdist says of itself, else git; nothing, and a note, where neither knows."""
    if not config.provenance:
        return {}
    if known := prebuilt.origin(root).get("provenance"):
        return dict(known)
    try:
        return provenance.read(root, {source.path for job in jobs for source in (job.source, *job.imports)})
    except OxideError as error:
        log(f"[oxide] no provenance is recorded: {error.message}")
        return {}


def _stamped(one: Built, origin: dict[str, str | bool]) -> Built:
    """The same files, their manifest saying where the source is from."""
    name = next(name for name in one.files if name.endswith(".json"))
    known = Manifest.from_json(one.files[name].decode())
    if known.provenance == origin:
        return one
    stamped = Manifest(**{**vars(known), "provenance": origin}).to_json().encode()
    return Built(one.job, {**one.files, name: stamped})
