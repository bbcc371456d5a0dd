"""The kernel step of a setuptools build: `build_oxide`, last of `build`'s sub-commands.

In: a setuptools `Distribution` and a front end's `-C oxide.*`. Out: the `_oxide/` files in the build directory, or
beside the sources for an editable install, and the answers setuptools needs for its sdist and editable wheels. Its
own room because, with `hooks.py`, it is the only one that may import setuptools.

`add_steps` is the one way in: setuptools' own backend comes by an entry point (`setuptools_plugin.py`), ours by
`kernel_step`. Kernel modules are Python and ship like any module; this step only adds what was made from them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from setuptools import Command
from setuptools.dist import Distribution

from oxide_build import build, project
from oxide_build.config import Config, load_config
from oxide_build.front_ends import OF_ARCHIVES, check_served, unheard_settings
from oxide_build.manifest import DIRECTORY
from oxide_build.report import HEADLINE, reported


class build_oxide(Command):  # noqa: N801 (setuptools names commands in lower case)
    """Compiles the kernels; implements `setuptools.command.build.SubCommand`."""

    description = "compile the kernels named in [tool.oxide]"
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """Start from nothing; setuptools sets `editable_mode` before it runs the command for an editable install."""
        self.build_lib: str | None = None
        self.editable_mode = False
        self.built: Sequence[build.Built] = ()

    def finalize_options(self) -> None:
        """PTX fits every machine: it goes where the pure Python modules go."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    @cached_property
    def config(self) -> Config:
        """The project's configuration. A mistake in it is SystemExit: some setuptools print what is an Exception."""
        with reported(HEADLINE):
            return load_config(self._root, self.distribution.oxide_settings)

    @cached_property
    def jobs(self) -> tuple[build.Job, ...]:
        """What there is to compile; known without compiling. A mistake is SystemExit, as above."""
        with reported(HEADLINE):
            return build.plan(self.config, self._root, self.distribution.package_dir or {})

    def run(self) -> None:
        """Compile everything, then write. A mistake is SystemExit, as above."""
        for note in (*unheard_settings("setuptools.build_meta"), *build.notes(self.config, self.jobs)):
            build.log_to_stderr(f"[oxide] {note}")
        with reported(HEADLINE):
            _check_served(self)
            self.built = project.make(self.config, self.jobs, self._root)
        if self._in_tree:
            written = {path.parent for path in build.write_in_tree(self.built)}
            build.prune((left for left in self._directories_in_tree() if left not in written), keep=())
            return
        if self.editable_mode:
            self.built = [build.mark(one, self._package_in_link_tree(one.job)) for one in self.built]
        kept = build.write(self.built, lambda one: self._package_in_build_lib(one.job))
        # build_py copies any package data it finds, and never cleans: images of an earlier build would ship.
        build.prune(Path(str(self.build_lib)).rglob(DIRECTORY), kept)

    def get_source_files(self) -> list[str]:
        """What an sdist must hold."""
        sources = [source.path for job in self.jobs for source in (job.source, *job.imports)]
        return list(dict.fromkeys(sources))

    def get_outputs(self) -> list[str]:
        """The files in the build directory: those made if `run` was called, else those that will be."""
        return [str(path) for path, _ in self._outputs()]

    def get_output_mapping(self) -> dict[str, str]:
        """From each file of the build directory to the one beside the sources that stands for it, where it does."""
        return {str(path): os.path.relpath(source) for path, source in self._outputs()} if self._in_tree else {}

    def _outputs(self) -> Iterator[tuple[Path, Path]]:
        made = [(one.job, tuple(one.files)) for one in self.built] or [(job, job.outputs) for job in self.jobs]
        for job, names in made:
            for name in names:
                yield self._package_in_build_lib(job) / name, job.file.parent / name

    def _package_in_build_lib(self, job: build.Job) -> Path:
        return Path(str(self.build_lib), *job.package.split("."))

    def _directories_in_tree(self) -> Iterator[Path]:
        """Where builds of any time have put images beside the sources of the project's packages."""
        directory_of = self.get_finalized_command("build_py").get_package_dir
        places = (self._root / directory_of(package) / DIRECTORY for package in self.distribution.packages or ())
        return (place for place in places if place.is_dir())

    @staticmethod
    def _package_in_link_tree(job: build.Job) -> str:
        """Where a strict editable install has the package, relative to the root: `build/<one directory>/<package>`."""
        return "/".join(["build", "links", *job.package.split(".")])

    @property
    def _root(self) -> Path:
        return Path(self.distribution.src_root or os.curdir)

    @property
    def _in_tree(self) -> bool:
        """Whether this is a lenient editable install, whose build directory setuptools throws away."""
        editable_wheel = self.distribution.command_obj.get("editable_wheel")
        return self.editable_mode and str(getattr(editable_wheel, "mode", "")).lower() != "strict"


class prune_oxide(Command):  # noqa: N801 (setuptools names commands in lower case)
    """Leaves out of an sdist the images that an editable install put beside the sources."""

    description = "leave compiled kernels out of the sdist"
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """There is nothing to set."""

    def finalize_options(self) -> None:
        """There is nothing to set."""

    def run(self) -> None:
        """The user's package data and MANIFEST.in may name everything: take from the list what is no source."""
        with reported(HEADLINE):
            _check_served(self.get_finalized_command("build_oxide"))
        listed = self.get_finalized_command("sdist").filelist
        listed.files = [file for file in listed.files if DIRECTORY not in Path(file).parts]


STEPS = {"build": build_oxide, "sdist": prune_oxide}
"""setuptools' commands, and what each of them does besides in a project with kernels."""


def add_steps(distribution: Distribution, settings: Mapping[str, object] | None = None) -> None:
    """Let the commands of `distribution` end with ours, under these `-C oxide.*`; a second call only sets those.

    The list of sub-commands is the command class's, which other distributions and subclasses share: it gets each step
    once, and the step asks whose command runs.
    """
    distribution.oxide_settings = settings or {}
    for command, step in STEPS.items():
        steps = distribution.get_command_class(command).sub_commands
        if all(name != step.__name__ for name, _ in steps):
            steps.append((step.__name__, _has_kernels))


def _has_kernels(command: Command) -> bool:
    return hasattr(command.distribution, "oxide_settings")


def _check_served(step: build_oxide) -> None:
    """Raise ConfigErrors for what setuptools' own backend cannot do; ours does it once setuptools is done."""
    if not isinstance(step.distribution, KernelDistribution):
        check_served(step.config, "setuptools.build_meta", OF_ARCHIVES)


class KernelDistribution(Distribution):
    """A project built by our own backend: it needs no entry points, for oxide-build may be on the path uninstalled."""

    front_end_settings: ClassVar[Mapping[str, object]] = {}

    def finalize_options(self) -> None:
        """Add the steps, to a project without `[tool.oxide]` too, which they refuse."""
        super().finalize_options()
        add_steps(self, self.front_end_settings)
        # The hook packs the wheel again, in an order of its own: to compress it before is for nothing.
        self.get_option_dict("bdist_wheel")["compression"] = "oxide-build", "stored"

    def get_command_class(self, command: str) -> Any:
        """Our commands by name, then setuptools'."""
        ours = {step.__name__: step for step in STEPS.values()}
        return ours.get(command) or super().get_command_class(command)


@contextmanager
def kernel_step(settings: Mapping[str, object]) -> Iterator[None]:
    """Within, every `setup()` builds kernels too, under these `-C oxide.*` settings."""
    distribution = type("KernelDistribution", (KernelDistribution,), {"front_end_settings": settings})
    with mock.patch("distutils.core.Distribution", distribution):
        yield
