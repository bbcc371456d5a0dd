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
import os
import re
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from oxide_build import __version__, ir, manifest
from oxide_build.errors import Collector, CompileWarning, InternalError, Warn, unheard
from oxide_build.jobs import Job, notes, plan
from oxide_build.pipeline import describe, describe_generics, to_llvm_ir, to_ssa
from oxide_build.pipeline.ptx import CodeGenerator, versions
from oxide_build.pipeline.targets import Target, least_driver, parse_ptx_version
from oxide_build.pipeline.units import split
from oxide_build.progress import Finished, Listener, Log, Made, Noted, Skipped, Started, log_to_stderr, plain_lines

__all__ = ["Built", "Job", "Log", "log_to_stderr", "notes", "plan", "prune", "run", "write", "write_in_tree"]


@dataclass(frozen=True)
class Built:
    """What a job made: file contents by name relative to the package, `_oxide/vector.sm_90.ptx`."""

    job: Job
    files: Mapping[str, bytes]

    @property
    def package(self) -> str:
        """The package the files belong to."""
        return self.job.package


@dataclass(frozen=True, eq=False)
class _Image:
    """One image to be: its job, which unit of it, its target, and the LLVM IR it is made from."""

    job: Job
    unit: str
    target: Target
    llvm_ir: str

    @property
    def name(self) -> str:
        """What progress calls it: the module, and the variant where it is of one."""
        return ".".join(filter(None, [self.job.name, self.unit]))


def run(
    jobs: Sequence[Job], workers: int = 0, log: Log | None = None, tell: Listener | None = None
) -> tuple[Built, ...]:
    """Compile every job for each of its targets.

    `workers` is the number of processes, 0 for one a core. `tell` hears of everything as it happens; without one
    `log` gets a line an image and a summary (None: standard error). Raises CompileErrors with every mistake in every
    module, InternalError when LLVM died.
    """
    tell = tell or plain_lines(log or log_to_stderr)
    started = time.perf_counter()
    modules = _read_modules(jobs, tell)
    images = _lower_modules(modules, tell)
    tell(Started(len(images), len(modules)))
    workers = workers or os.cpu_count() or 1
    with CodeGenerator(workers) as generator, ThreadPoolExecutor(workers) as waiting:
        futures = {waiting.submit(_emit, generator, image): image for image in images}
        texts = _collect_texts(futures, tell)
    tools = {"oxide-build": __version__, **versions()}
    made = {image: texts[image].encode() for image in images}
    built = tuple(_assemble(job, module, made, tools) for job, module in modules.items())
    size = sum(len(content) for one in built for content in one.files.values())
    tell(Finished(len(images), 0, len(built), size, time.perf_counter() - started))
    return built


def _read_modules(jobs: Sequence[Job], tell: Listener) -> dict[Job, ir.Module]:
    """The target-independent half, once a module."""
    mistakes = Collector()
    warnings: list[CompileWarning] = []
    modules: dict[Job, ir.Module] = {}
    for job in jobs:
        with mistakes.collect():
            modules[job] = to_ssa(job.source, resolve=job.resolve, warn=_listener(job, mistakes, warnings))
    for text in dict.fromkeys(map(str, warnings)):
        tell(Noted(text))
    _raise_distinct(mistakes)
    return modules


def _listener(job: Job, mistakes: Collector, warnings: list[CompileWarning]) -> Warn:
    """Where a module's warnings go, as its settings say."""
    return {"show": warnings.append, "error": mistakes.errors.append, "ignore": unheard}[job.settings.warnings]


def _lower_modules(modules: Mapping[Job, ir.Module], tell: Listener) -> list[_Image]:
    """The target half up to LLVM IR, once a target."""
    mistakes = Collector()
    images: list[_Image] = []
    for job, module in modules.items():
        with mistakes.collect():
            images += _lower(job, module, tell)
    _raise_distinct(mistakes)
    return images


def _lower(job: Job, module: ir.Module, tell: Listener) -> list[_Image]:
    """One module's units for its targets."""
    mistakes = Collector()
    images: list[_Image] = []
    skipped: dict[str, None] = {}
    for unit, part in split(module).items():
        with mistakes.collect():
            images += _lower_unit(job, unit, part, skipped)
    mistakes.raise_if_any()
    for message in skipped:
        tell(Skipped(job.name, 0, message))
    return images


def _lower_unit(job: Job, unit: str, module: ir.Module, skipped: dict[str, None]) -> list[_Image]:
    """One unit for its targets. Front half done, what is wrong now is wrong for a target, which may be skipped."""
    unsupported = Collector()
    images: list[_Image] = []
    for target in job.settings.targets:
        with unsupported.collect():
            images.append(_Image(job, unit, target, to_llvm_ir(module, target, job.settings.options)))
    if job.settings.on_unsupported_target == "error" or not images:
        unsupported.raise_if_any()
    skipped.update((error.message, None) for error in unsupported.errors)
    return images


def _emit(generator: CodeGenerator, image: _Image) -> tuple[str, float]:
    """One image's PTX and the seconds it took: a thread waits on each, so that queueing is not counted."""
    started = time.perf_counter()
    options = image.job.settings.options
    text = generator.emit_ptx(image.job.source.module, image.llvm_ir, image.target, options).result()
    return text, time.perf_counter() - started


def _collect_texts(futures: Mapping[Future[tuple[str, float]], _Image], tell: Listener) -> dict[_Image, str]:
    """The PTX of every image, in the order they finish."""
    texts: dict[_Image, str] = {}
    mistakes = Collector()
    for future in as_completed(futures):
        image = futures[future]
        with mistakes.collect():
            texts[image], seconds = future.result()
            tell(Made(image.name, str(image.target), "ptx", seconds, len(texts[image])))
    _raise_distinct(mistakes)
    return texts


def _raise_distinct(mistakes: Collector) -> None:
    """Raise what was gathered, each mistake once although every target or importing module met it."""
    mistakes.errors = list({str(error): error for error in mistakes.errors}.values())
    mistakes.raise_if_any()


def _assemble(job: Job, module: ir.Module, made: Mapping[_Image, bytes], tools: Mapping[str, str]) -> Built:
    """The files of one module: its images and the manifest that describes them."""
    images = {image: content for image, content in made.items() if image.job is job}
    described = manifest.Manifest(
        module=job.source.module,
        source=job.file.name,
        source_sha256=job.sha256,
        imports={source.module: hashlib.sha256(source.text.encode()).hexdigest() for source in job.imports},
        generator=dict(tools),
        options=asdict(job.settings.options),
        requested=tuple(target.name for target in job.settings.targets),
        kernels=describe(module),
        artifacts=tuple(_artifact(image, content) for image, content in images.items()),
        generics=describe_generics(module),
    )
    files = {f"{job.name}.json": described.to_json().encode()}
    files.update((job.image_file(image.target, image.unit), content) for image, content in images.items())
    return Built(job, {f"{manifest.DIRECTORY}/{name}": content for name, content in files.items()})


def _artifact(image: _Image, content: bytes) -> manifest.Artifact:
    job, target = image.job, image.target
    version = re.search(rb"^\.version (\d+\.\d+)", content, re.MULTILINE)
    if version is None:
        raise InternalError(f"{job.source.module}: the PTX for {target} names no PTX version")
    ptx = parse_ptx_version(version[1].decode())
    return manifest.Artifact(
        target=target.name,
        kind="ptx",
        file=job.image_file(target, image.unit),
        ptx_version=str(ptx),
        driver=least_driver(ptx),
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
        path.write_bytes(content)
        path.chmod(0o644)
    prune({path.parent for path in contents}, contents)
    return tuple(contents)


def write_in_tree(built: Sequence[Built]) -> tuple[Path, ...]:
    """Write beside the sources, where an editable install finds them and git does not."""
    paths = write(built, lambda one: one.job.file.parent)
    for directory in {path.parent for path in paths}:
        (directory / ".gitignore").write_text("*\n", encoding="utf-8")
    return paths


def prune(directories: Iterable[Path], keep: Container[Path]) -> None:
    """Delete every file of those `_oxide/` directories that is not in `keep`: images of targets no longer asked for."""
    for directory in directories:
        for stale in directory.iterdir():
            if stale.is_file() and stale not in keep:
                stale.unlink()
