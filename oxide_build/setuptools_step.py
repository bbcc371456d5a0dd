"""The kernel step of a setuptools build: `build_oxide`, last of `build`'s sub-commands.

In: a setuptools `Distribution` and a front end's `-C oxide.*`. Out: the `_oxide/` files in the build directory, or
beside the sources for an editable install, and the answers setuptools needs for its sdist and editable wheels. Its
own room because a step of setuptools' is what setuptools says it is.

`add_steps` is the one way in: setuptools' own backend comes by an entry point (`setuptools_plugin.py`), ours by
`kernel_step`. Kernel modules are Python and ship like any module; this step only adds what was made from them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from setuptools import Command
from setuptools.command.build import build as setuptools_build
from setuptools.dist import Distribution

from oxide_build import build, project
from oxide_build.config import Config, load_config
from oxide_build.front_ends import unheard_settings
from oxide_build.manifest import DIRECTORY
from oxide_build.report import HEADLINE, reported
from oxide_build.setuptools_archives import LinkingInstall, SdistWithKernels, WheelWithKernels


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
            return load_config(self.root, self.distribution.oxide_settings)

    @cached_property
    def jobs(self) -> tuple[build.Job, ...]:
        """What there is to compile; known without compiling. A mistake is SystemExit, as above."""
        with reported(HEADLINE):
            return build.plan(self.config, self.root, self.distribution.package_dir or {})

    def run(self) -> None:
        """Compile everything, then write. A mistake is SystemExit, as above."""
        for note in (*unheard_settings("setuptools.build_meta"), *build.notes(self.config, self.jobs)):
            build.log_to_stderr(f"[oxide] {note}")
        with reported(HEADLINE):
            self.built = project.make(self.config, self.jobs, self.root)
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
        places = (self.root / directory_of(package) / DIRECTORY for package in self.distribution.packages or ())
        return (place for place in places if place.is_dir())

    @staticmethod
    def _package_in_link_tree(job: build.Job) -> str:
        """Where a strict editable install has the package, relative to the root: `build/<one directory>/<package>`."""
        return "/".join(["build", "links", *job.package.split(".")])

    @property
    def root(self) -> Path:
        """The project's root."""
        return Path(self.distribution.src_root or os.curdir)

    @property
    def _in_tree(self) -> bool:
        """Whether this is a lenient editable install, whose build directory setuptools throws away."""
        editable_wheel = self.distribution.command_obj.get("editable_wheel")
        return self.editable_mode and str(getattr(editable_wheel, "mode", "")).lower() != "strict"


class BuildWithKernels(setuptools_build):
    """`build`, with the kernel step last."""

    def get_sub_commands(self) -> list[str]:
        """What it runs, and what an sdist and an editable install ask for files."""
        return [*super().get_sub_commands(), build_oxide.__name__]


_COMMANDS: Mapping[str, Any] = {
    "build": BuildWithKernels,
    "bdist_wheel": WheelWithKernels,
    "install_lib": LinkingInstall,
    "sdist": SdistWithKernels,
}
"""setuptools' commands, and what they are in a project with kernels."""


def add_steps(distribution: Distribution, settings: Mapping[str, object] | None = None) -> None:
    """Let the commands of `distribution` know kernels, under these `-C oxide.*`; a second call only sets those.

    A command may be the project's or another plugin's class, and be named in a table that setuptools has yet to read:
    hence on top of what there is when it is asked for, and not in `cmdclass`.
    """
    if not hasattr(distribution, "oxide_settings"):
        distribution.get_command_class = partial(_command, distribution.get_command_class)
    distribution.oxide_settings = settings or {}


def _command(theirs: Callable[[str], Any], name: str) -> Any:
    if name == build_oxide.__name__:
        return build_oxide
    return _on_top_of(theirs(name), _COMMANDS[name]) if name in _COMMANDS else theirs(name)


@cache
def _on_top_of(theirs: Any, ours: Any) -> Any:
    return type(theirs.__name__, (ours, theirs), {})


_PLACES = (("build", "build_base"), ("egg_info", "egg_base"))
"""Where setuptools writes into a project's tree when it makes a wheel: command and option."""


@contextmanager
def kernel_step(settings: Mapping[str, object], scratch: str | None = None) -> Iterator[None]:
    """Within, every `setup()` builds kernels too, under these `-C oxide.*` settings, and in `scratch` if it is given.

    A project without `[tool.oxide]` too, so that the step can refuse it; and oxide-build may be on the path
    uninstalled, without entry points.
    """

    class DistributionWithKernels(Distribution):
        def finalize_options(self) -> None:
            super().finalize_options()
            add_steps(self, settings)
            for command, option in _PLACES if scratch else ():
                self.get_option_dict(command)[option] = "oxide-build", scratch

    with mock.patch("distutils.core.Distribution", DistributionWithKernels):
        yield
