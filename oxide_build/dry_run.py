"""What a build would do: every module, its settings and where they come from, its images and files.

In: a `Config`, its jobs, the project's root. Out: a dictionary of plain values, the shape of `oxide-build plan --json`.
Its own room because CI and other build systems read it: docs/plan.schema.json describes it, and it changes only with
`SHAPE`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from oxide_build.config import KEYS, Config, Key, written
from oxide_build.jobs import Job
from oxide_build.notes import notes
from oxide_build.pipeline.targets import Kind, Target, least_driver

SHAPE = 1
"""The version of the dictionary: keys may be added under one number, never renamed, removed or given another sense."""


def describe(config: Config, jobs: Sequence[Job], root: Path) -> dict[str, Any]:
    """The plan of a project. Files are relative to its root."""
    whole = (key for key in KEYS.values() if not key.per_module)
    return {
        "shape": SHAPE,
        "settings": _settings(whole, config, config.origins),
        "modules": [_module(config, job, root) for job in jobs],
        "notes": list(notes(config, jobs)),
    }


def _module(config: Config, job: Job, root: Path) -> dict[str, Any]:
    module = job.source.module
    package = Path(os.path.relpath(job.file.parent, root))
    return {
        "module": module,
        "source": job.source.path,
        "imports": [source.path for source in job.imports],
        "settings": _settings(
            (key for key in KEYS.values() if key.per_module), job.settings, config.origins_of(module)
        ),
        "images": [_image(*image) for image in job.settings.images],
        "outputs": [(package / name).as_posix() for name in job.outputs],
    }


def _settings(keys: Iterable[Key], values: object, origins: Mapping[str, str]) -> dict[str, Any]:
    return {key.name: {"value": written(getattr(values, key.field)), "origin": origins[key.field]} for key in keys}


def _image(target: Target, kind: Kind) -> dict[str, str]:
    """One image of every kernel unit; its PTX can ask for more, where a kernel uses what came later."""
    return {"target": target.name, "kind": kind, "least_ptx": str(target.ptx), "least_driver": least_driver(target.ptx)}
