"""What there is to compile: the first half of the build, which compiles nothing.

In: a `Config` and the project's root. Out: one `Job` a kernel module, which knows its source, its settings and the
files it will make. Its own room because metadata, sdists and editable installs ask for the plan where no compiler is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oxide_build import manifest
from oxide_build.config import Config, Settings, read_pyproject
from oxide_build.discovery import KernelModule, PackageDir, declared_package_dirs, find_modules, find_source
from oxide_build.errors import CompileError, CompileErrors, ConfigError, ConfigErrors, SourceFile
from oxide_build.pipeline.imports import imported_modules
from oxide_build.pipeline.targets import Kind, Target


@dataclass(frozen=True)
class Job:
    """One kernel module to compile: its file on disk, its text as read from there, and what holds for it.

    `source.path` is relative to the project's root, so that no directory of the building machine gets into an image.
    `imports` are the project's modules that the source imports from, and those that they do: what they say may be in
    the images too.
    """

    source: SourceFile
    file: Path
    sha256: str
    settings: Settings
    imports: tuple[SourceFile, ...] = ()

    def resolve(self, module: str) -> SourceFile | None:
        """The source of a module this one imports from."""
        return next((source for source in self.imports if source.module == module), None)

    @property
    def package(self) -> str:
        """The package the module is in, whose directory gets the `_oxide/`."""
        return self.source.module.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The module's own name, the stem of its artifacts' names."""
        return self.source.module.rpartition(".")[2]

    def kinds_of(self, target: Target) -> tuple[Kind, ...]:
        """The kinds of images to make for one of the targets."""
        return self.settings.kinds_of(target)

    def image_file(self, target: Target, unit: str = "", kind: Kind = "ptx") -> str:
        """The name of the image of that unit for that target."""
        return ".".join([self.name, *filter(None, [unit]), str(target), kind])

    @property
    def units(self) -> tuple[str, ...]:
        """The units the module's kernels lie in, by its syntax alone; raises CompileErrors where that is wrong."""
        from oxide_build.pipeline.frontend import image_units  # the compiler: not for what is there already

        return image_units(self.source, self.resolve)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The files this job makes, relative to the package, if no target is skipped."""
        images = [self.image_file(target, unit, kind) for unit in self.units for target, kind in self.settings.images]
        names = [f"{self.name}.json", *images]
        return tuple(f"{manifest.DIRECTORY}/{name}" for name in names)


def plan(config: Config, root: Path, package_dir: PackageDir | None = None) -> tuple[Job, ...]:
    """The jobs of a project, in order of module name.

    `package_dir` is setuptools' mapping; without one it is read from pyproject.toml, if there is one. Raises
    ConfigErrors for kernels that no file answers to and for overrides of none.
    """
    package_dirs = _declared(root) if package_dir is None else (package_dir,)
    with config.file.located():
        modules = find_modules(config.kernels, root, package_dirs)
        _check_overrides(config, modules)
    jobs = [_job(module, root, package_dirs, config.settings(module.name)) for module in modules]
    return tuple(sorted(jobs, key=lambda job: job.source.module))


def _declared(root: Path) -> tuple[PackageDir, ...]:
    return declared_package_dirs(read_pyproject(root) if (root / "pyproject.toml").is_file() else {})


def _check_overrides(config: Config, modules: Sequence[KernelModule]) -> None:
    names = [module.name for module in modules]
    mistakes = [
        ConfigError(
            f"{override.origin} module",
            f'found "{meant}", which is none of the kernel modules',
            help=f"the kernel modules are: {', '.join(sorted(names))}",
            part=meant.__eq__,
        )
        for override in config.overrides
        for meant in override.modules
        if not any(replace(override, modules=(meant,)).applies_to(name) for name in names)
    ]
    if mistakes:
        raise ConfigErrors(mistakes)


def _job(module: KernelModule, root: Path, package_dirs: Sequence[PackageDir], settings: Settings) -> Job:
    source = _read(module.name, module.file, root)
    digest = hashlib.sha256(module.file.read_bytes()).hexdigest()
    return Job(source, module.file, digest, settings, _imports(source, root, package_dirs))


def _read(name: str, file: Path, root: Path) -> SourceFile:
    content = file.read_bytes()
    path = Path(os.path.relpath(file, root)).as_posix()
    try:
        return SourceFile(path, content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as fault:
        found = f"{path}: not UTF-8 text: found byte {content[fault.start]:#04x} at offset {fault.start}"
        raise CompileErrors([CompileError(found, help="save the file as UTF-8")]) from None


def _imports(source: SourceFile, root: Path, package_dirs: Sequence[PackageDir]) -> tuple[SourceFile, ...]:
    """The project's modules that a source imports from, directly or through each other, in order of name."""
    found = {source.module: source}
    work = [source]
    while work:
        for name in imported_modules(work.pop()):
            file = None if name in found else find_source(name, root, package_dirs)
            if file is not None:
                found[name] = _read(name, file, root)
                work.append(found[name])
    del found[source.module]
    return tuple(found[name] for name in sorted(found))
