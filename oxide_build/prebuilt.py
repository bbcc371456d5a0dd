"""What an sdist carries besides sources: images made before it was packed, and where they came from.

In: what a build made; or the root of an unpacked sdist and the jobs there. Out: the files to put into an sdist's
`.oxide/`; or those found there which are of the same sources and settings as the jobs. Its own room because images
are text that fits every machine, so an sdist with them installs where no compiler is: the build must know that
before it asks for one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from oxide_build.build import Built, Job
from oxide_build.manifest import CARRIED, DIRECTORY, Manifest

_ORIGIN = "origin.json"


def files(built: Iterable[Built], origin: Mapping[str, Any]) -> dict[str, bytes]:
    """The files to put into an sdist, by name relative to its root. `origin` is what `origin` below gives back."""
    contents = {f"{CARRIED}/{_ORIGIN}": f"{json.dumps(origin, indent=1, sort_keys=True)}\n".encode()}
    for one in built:
        package = PurePosixPath(CARRIED, *one.package.split("."))
        contents.update({str(package / name): content for name, content in one.files.items()})
    return contents


def origin(root: Path) -> dict[str, Any]:
    """What the sdist unpacked at `root` says of itself: `provenance`, and the `tools` behind its images if it has any.

    Nothing when this is no sdist.
    """
    try:
        found = json.loads((root / CARRIED / _ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def find(root: Path, jobs: Sequence[Job]) -> dict[Job, Built]:
    """The jobs whose images the sdist unpacked at `root` carries, undamaged and of the same sources and settings."""
    if not (root / CARRIED).is_dir():
        return {}
    found = ((job, _files_of(job, root)) for job in jobs)
    return {job: Built(job, contents) for job, contents in found if contents}


def are_carried(jobs: Sequence[Job], root: Path) -> bool:
    """Whether the sdist unpacked at `root` carries the images of every job, so that no compiler is needed."""
    return bool(jobs) and len(find(root, jobs)) == len(jobs)


def _files_of(job: Job, root: Path) -> dict[str, bytes] | None:
    directory = Path(root, CARRIED, *job.package.split("."), DIRECTORY)
    try:
        text = (directory / f"{job.name}.json").read_bytes()
        manifest = Manifest.from_json(text.decode("utf-8"))
        images = {image.file: (directory / image.file).read_bytes() for image in manifest.artifacts}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    digests = {image.file: image.sha256 for image in manifest.artifacts}
    if not _is_made_of(manifest, job) or any(_digest(images[file]) != digests[file] for file in images):
        return None
    return {f"{DIRECTORY}/{name}": content for name, content in {f"{job.name}.json": text, **images}.items()}


def _is_made_of(manifest: Manifest, job: Job) -> bool:
    """Whether the same sources and settings would give these images again."""
    files = {f"{DIRECTORY}/{image.file}" for image in manifest.artifacts}
    wanted = {name for name in job.outputs if not name.endswith(".json")}
    complete = files == wanted if job.settings.on_unsupported_target == "error" else files <= wanted
    return (
        complete
        and {name.rpartition(".")[2] for name in files} == {name.rpartition(".")[2] for name in wanted}
        and manifest.source_sha256 == job.sha256
        and manifest.imports == {source.module: _digest(source.text.encode()) for source in job.imports}
        and manifest.options == asdict(job.settings.options)
        and manifest.requested == tuple(target.name for target in job.settings.targets)
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
