"""The build, on one page: a project's kernel modules to PTX and manifests.

    plan(config, root) -> jobs        which module, which targets, which options
    run(jobs) -> built                every image of every module, in memory
    write(built, directory_of)        `_oxide/` directories holding exactly those files

In: a `Config` and the project's root. Out: `Built`, the files of each kernel module. Its own room because the
setuptools step, the command line and whatever calls next must build alike. Nothing is written before everything
compiled, and every mistake in every module is in one report.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from oxide_build import __version__, manifest
from oxide_build.cache import Cache, default_directory
from oxide_build.compilation import Emitted, Image, Unsupported, compiled
from oxide_build.errors import Collector, CompileError, InternalError
from oxide_build.jobs import Job, plan
from oxide_build.notes import notes
from oxide_build.pipeline import ptxas
from oxide_build.pipeline.targets import Kind, least_driver, parse_ptx_version
from oxide_build.products import Products
from oxide_build.progress import Finished, Listener, Log, Made, Noted, Skipped, Started, log_to_stderr, plain_lines
from oxide_build.toolchain import Toolchain

__all__ = ["Built", "Job", "Log", "log_to_stderr", "mark", "notes", "plan", "prune", "run", "write", "write_in_tree"]


@dataclass(frozen=True)
class Built:
    """What a job made: file contents by name relative to the package, `_oxide/vector.sm_90.ptx`."""

    job: Job
    files: Mapping[str, bytes]

    @property
    def package(self) -> str:
        """The package the files belong to."""
        return self.job.package


def run(
    jobs: Sequence[Job],
    workers: int = 0,
    log: Log | None = None,
    tell: Listener | None = None,
    cache: Cache | None = None,
) -> tuple[Built, ...]:
    """Make every image of every job that no earlier build made.

    `workers` is the number of processes, 0 for one a core. `tell` hears of everything as it happens; without one
    `log` gets a line an image and a summary (None: standard error). `cache` is this user's where none is given.
    Raises CompileErrors with every mistake in every module, InternalError when LLVM died or ptxas refused.
    """
    tell = tell or plain_lines(log or log_to_stderr)
    cache = cache or Cache(default_directory(), _noted(tell))
    started = time.perf_counter()
    tools = Toolchain()
    modules = [Products(job, cache, tools) for job in jobs]
    _recall(modules, tell)
    made = _compile(modules, workers or os.cpu_count() or 1, tell)
    made += _assemble(modules, workers or os.cpu_count() or 1, tell)
    generator = {"oxide-build": __version__, **_llvm_versions(cache, tools)}
    built = tuple(_built(module, generator) for module in modules)
    cache.trim()
    images = sum(len(one.files) - 1 for one in built)
    size = sum(len(content) for one in built for content in one.files.values())
    tell(Finished(images, max(0, images - made), len(built), size, time.perf_counter() - started))
    return built


def _noted(tell: Listener) -> Callable[[str], None]:
    return lambda text: tell(Noted(f"[oxide] {text}"))


def _recall(modules: Sequence[Products], tell: Listener) -> None:
    """Take from the cache what is there."""
    for module in modules:
        module.recall()
    wanted = sum(len(module.job.kinds_of(image.target)) for module in modules for image in module.images)
    tell(Started(wanted, len(modules)))
    for module in modules:
        for (image, kind), content in module.made.items():
            _tell_made(module, image, kind, 0.0, content, tell, cached=True)
        for image, errors in module.unsupported.items():
            _tell_skipped(module, errors, len(module.job.kinds_of(image.target)), tell)


def _compile(modules: Sequence[Products], workers: int, tell: Listener) -> int:
    """Compile what is missing; gives the number of images made. Warnings come last, where they are seen."""
    by_job = {module.job: module for module in modules}
    unfinished = [module for module in modules if module.missing]
    pieces = 1 if workers == 1 else ceil(4 * workers / max(1, len(unfinished)))
    tasks = [task for module in unfinished for task in module.tasks(pieces)]
    made = 0
    with closing(compiled(tasks, workers)) as messages:
        for task, message in messages:
            module = by_job[task.job]
            module.take(message)
            if isinstance(message, Emitted):
                made += "ptx" in module.job.kinds_of(message.image.target)
                _tell_made(module, message.image, "ptx", message.seconds, message.ptx, tell)
            elif isinstance(message, Unsupported):
                images = len(module.job.kinds_of(message.image.target))
                _tell_skipped(module, message.errors, images, tell)
    _tell_warnings(modules, tell)
    _raise_mistakes([error for module in modules for error in module.mistakes()])
    for module in modules:
        module.keep_unsupported()
    return made


def _tell_made(
    module: Products, image: Image, kind: Kind, seconds: float, content: bytes, tell: Listener, cached: bool = False
) -> None:
    if kind in module.job.kinds_of(image.target):
        name = module.job.source.module
        tell(Made(name, image.unit, str(image.target), kind, seconds, len(content), cached))


def _tell_skipped(module: Products, errors: Sequence[CompileError], images: int, tell: Listener) -> None:
    if module.job.settings.on_unsupported_target == "skip":
        tell(Skipped(module.job.source.module, images, errors[0].message))


def _tell_warnings(modules: Sequence[Products], tell: Listener) -> None:
    """Each once, though several modules may import what it is about."""
    fronts = [module.front for module in modules if module.front and module.job.settings.warnings == "show"]
    for text in dict.fromkeys(text for front in fronts for text in front.warnings):
        tell(Noted(text))


def _raise_mistakes(errors: Sequence[CompileError]) -> None:
    """Raise them together, each once although every target or importing module met it."""
    Collector(list({str(error): error for error in errors}.values())).raise_if_any()


def _assemble(modules: Sequence[Products], workers: int, tell: Listener) -> int:
    """Make the cubins that are asked for and missing; gives their number. ptxas is a process each: threads wait."""
    wanted = [(m, image) for m in modules for image, _ in tuple(m.made) if "cubin" in m.job.kinds_of(image.target)]
    mistakes: list[CompileError] = []
    made = 0
    with ThreadPoolExecutor(workers) as threads:
        futures = {threads.submit(module.assemble, image): (module, image) for module, image in wanted}
        for future in as_completed(futures):
            module, image = futures[future]
            try:
                cubin, seconds = future.result()
            except CompileError as error:
                mistakes += module.without_cubin(image, error)
                _tell_skipped(module, [error], 1, tell)
                continue
            except InternalError:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
            made += seconds > 0
            _tell_made(module, image, "cubin", seconds, cubin, tell, cached=seconds == 0)
    _raise_mistakes(mistakes)
    return made


def _llvm_versions(cache: Cache, tools: Toolchain) -> dict[str, str]:
    kept = cache.get(tools.llvm_key)
    versions: dict[str, str] = json.loads(kept) if kept else tools.versions()
    if kept is None:
        cache.put(tools.llvm_key, json.dumps(versions).encode())
    return versions


def _built(module: Products, generator: Mapping[str, str]) -> Built:
    """The files of one module: its images and the manifest that describes them."""
    job, front = module.job, module.front
    images = [(i, kind) for i in module.images for kind in job.kinds_of(i.target) if (i, kind) in module.made]
    if front is None or {image for image, _ in images} | module.unsupported.keys() != set(module.images):
        raise InternalError(f"{job.source.module} ({job.source.path}): some of its images were not made")
    contents = {job.image_file(i.target, i.unit, kind): module.made[i, kind] for i, kind in images}
    artifacts = tuple(_artifact(module, image, kind) for image, kind in images)
    tools = {**generator, **({"ptxas": ptxas.version()} if any(kind == "cubin" for _, kind in images) else {})}
    described = _described(module, front.manifest, artifacts, tools)
    files = {f"{job.name}.json": described, **contents}
    return Built(job, {f"{manifest.DIRECTORY}/{name}": content for name, content in files.items()})


def _described(
    module: Products, front: str, artifacts: tuple[manifest.Artifact, ...], generator: dict[str, str]
) -> bytes:
    """The manifest's text."""
    requested = tuple(target.name for target in module.job.settings.targets)
    key = module.tools.manifest_key(front, requested, generator, [[*vars(artifact).values()] for artifact in artifacts])
    text = module.cache.get(key)
    if text is None:
        found = {"generator": generator, "requested": requested, "artifacts": artifacts}
        text = manifest.Manifest(**{**vars(manifest.Manifest.from_json(front)), **found}).to_json().encode()
        module.cache.put(key, text)
    return text


def _artifact(module: Products, image: Image, kind: Kind) -> manifest.Artifact:
    job, target, content = module.job, image.target, module.made[image, kind]
    version = re.search(rb"^\.version (\d+\.\d+)", module.made[image, "ptx"], re.MULTILINE)
    if version is None:
        raise InternalError(f"{job.source.module}: the PTX for {target} names no PTX version")
    ptx = parse_ptx_version(version[1].decode())
    return manifest.Artifact(
        target=target.name,
        kind=kind,
        file=job.image_file(target, image.unit, kind),
        ptx_version=str(ptx),
        driver=least_driver(ptx) if kind == "ptx" else ptxas.least_driver(),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        unit=image.unit,
    )


def write(built: Iterable[Built], directory_of: Callable[[Built], Path]) -> tuple[Path, ...]:
    """Make the `_oxide/` of each package hold exactly its built files; gives their paths.

    `directory_of` says where a module's package is. Modes do not depend on the umask. Files of earlier builds go.
    """
    contents = {directory_of(one) / name: content for one in built for name, content in one.files.items()}
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _place(path, content)
    prune({path.parent for path in contents}, contents)
    return tuple(contents)


def _place(path: Path, content: bytes) -> None:
    """One file in one step: what reads it meanwhile, or after this process was killed, finds no half of it.

    One that says so already stays: renaming onto a file makes many a file system wait for the disk.
    """
    if path.is_file() and path.stat().st_mode & 0o777 == 0o644 and path.read_bytes() == content:
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_bytes(content)
    scratch.chmod(0o644)
    scratch.replace(path)


def write_in_tree(built: Sequence[Built]) -> tuple[Path, ...]:
    """Write beside the sources, where an editable install finds them and git does not; gives the built files' paths."""
    marked = [mark(one, posixpath.dirname(one.job.source.path)) for one in built]
    paths = write(marked, lambda one: one.job.file.parent)
    for directory in {path.parent for path in paths}:
        (directory / ".gitignore").write_text("*\n", encoding="utf-8")
    return tuple(path for path in paths if path.name != manifest.ROOT_MARK)


def mark(one: Built, package: str) -> Built:
    """The same files, and which project they are of, for the loader to see when its sources change.

    `package` is the directory that will hold the files, relative to the project's root.
    """
    root = posixpath.relpath("/", posixpath.join("/", package, manifest.DIRECTORY))
    return Built(one.job, {**one.files, f"{manifest.DIRECTORY}/{manifest.ROOT_MARK}": f"{root}\n".encode()})


def prune(directories: Iterable[Path], keep: Iterable[Path]) -> None:
    """Delete every file of those `_oxide/` directories that is not in `keep`: images of targets no longer asked for."""
    kept = frozenset(keep)
    for directory in directories:
        for stale in directory.iterdir():
            if stale.is_file() and stale not in kept:
                stale.unlink(missing_ok=True)
