"""The kernel step of a hatchling build: the build hook `oxide`.

In: hatchling's configuration of one target. Out: the `_oxide/` files in the wheel, or beside the sources for an
editable install. Its own room because it is the only one that may import hatchling.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from oxide_build import build
from oxide_build.config import load_config
from oxide_build.discovery import PackageDir
from oxide_build.front_ends import unheard_settings
from oxide_build.manifest import DIRECTORY
from oxide_build.report import HEADLINE, reported
from oxide_build.requirements import compiler


class OxideBuildHook(BuildHookInterface[Any]):
    """Compiles the kernels; hatchling makes one a target (wheel, sdist) of a build."""

    PLUGIN_NAME = "oxide"

    def dependencies(self) -> list[str]:
        """What hatchling asks the front end for besides: the compiler, but for an sdist. A mistake is SystemExit."""
        if self.target_name != "wheel":
            return []
        with reported(HEADLINE):
            return compiler(load_config(Path(self.root)), Path(self.root), self._package_dir)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before hatchling collects files; `version` is `standard` or `editable`. A mistake is SystemExit."""
        self._exclude_images_of_editable_install()
        if self.target_name != "wheel":
            return
        with reported(HEADLINE):
            built = self._compile()
        if version == "editable":
            build.write_in_tree(built)
            return
        self._scratch = TemporaryDirectory(prefix="oxide-build-")
        scratch = Path(self._scratch.name)
        # By the name it would have in the tree, which hatchling maps as it maps the kernel module's.
        for path in build.write(built, lambda one: scratch / os.path.relpath(one.job.file.parent, self.root)):
            build_data["force_include"][str(path)] = path.relative_to(scratch).as_posix()
        self._set_tag(build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The wheel has its copies of the images."""
        if version != "editable" and self.target_name == "wheel":
            self._scratch.cleanup()

    def _compile(self) -> tuple[build.Built, ...]:
        root = Path(self.root)
        config = load_config(root)
        jobs = build.plan(config, root, self._package_dir)
        for note in (*unheard_settings("hatchling.build"), *build.notes(config, jobs)):
            build.log_to_stderr(f"[oxide] {note}")
        return build.run(jobs, config.jobs)

    def _set_tag(self, build_data: dict[str, Any]) -> None:
        """Without `requires-python`, hatchling would claim Python 2 too. A hook after this one may still decide."""
        last = build_data["build_hooks"][-1] == self.PLUGIN_NAME
        if last and build_data["pure_python"] and not build_data["infer_tag"]:
            build_data.setdefault("tag", "py3-none-any")

    @property
    def _package_dir(self) -> PackageDir:
        """Where hatchling finds the packages, in setuptools' terms."""
        sources = {new.strip("/").replace("/", "."): old.strip("/") for old, new in self.build_config.sources.items()}
        return sources | {PurePosixPath(package).name: package for package in self.build_config.packages}

    def _exclude_images_of_editable_install(self) -> None:
        """hatchling takes every file of a package, and no heed of a `.gitignore` below the root."""
        target, project = self.build_config.target_config, self.build_config.build_config
        excluded = target.get("exclude", project.get("exclude", []))
        target["exclude"] = [*excluded, f"{DIRECTORY}/"]


@hookimpl
def hatch_register_build_hook() -> type[OxideBuildHook]:
    """How hatchling asks for the hook."""
    return OxideBuildHook
