"""The kernel step of a hatchling build: the build hook `oxide`.

In: hatchling's configuration of one target. Out: the `_oxide/` files in the wheel, or beside the sources for an
editable install; what `[tool.oxide]` has sdist and metadata hold besides. Its own room because it is the only one that
may import hatchling.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder
from hatchling.plugin import hookimpl

from oxide_build import build, project, sbom
from oxide_build.config import Config, load_config
from oxide_build.discovery import PackageDir
from oxide_build.front_ends import check_served, unheard_settings
from oxide_build.manifest import CARRIED, DIRECTORY
from oxide_build.report import HEADLINE, reported
from oxide_build.requirements import compiler


class OxideBuildHook(BuildHookInterface[Any]):
    """Compiles the kernels; hatchling makes one a target (wheel, sdist) of a build."""

    PLUGIN_NAME = "oxide"

    def dependencies(self) -> list[str]:
        """What hatchling asks the front end for besides: the compiler, for images. A mistake is SystemExit."""
        with reported(HEADLINE):
            config = load_config(self._root)
            has_images = self.target_name == "wheel" or (self.target_name == "sdist" and config.sdist_artifacts)
            return compiler(config, self._root, self._package_dir) if has_images else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before hatchling collects files; `version` is `standard` or `editable`. A mistake is SystemExit."""
        self._exclude_what_builds_left()
        self._scratch = TemporaryDirectory(prefix="oxide-build-")
        with reported(HEADLINE):
            config = load_config(self._root)
            if self.target_name == "wheel":
                self._add_to_wheel(config, version, build_data)
            elif self.target_name == "sdist" and (config.sdist_artifacts or config.provenance):
                jobs = build.plan(config, self._root, self._package_dir)
                for name, content in project.carried_files(config, jobs, self._root).items():
                    build_data["force_include"][self._written(name, content)] = name

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The archive has its copies of the files."""
        self._scratch.cleanup()

    def _add_to_wheel(self, config: Config, version: str, build_data: dict[str, Any]) -> None:
        if "sbom_files" not in build_data:
            check_served(config, "this hatchling", {"sbom"}, 'let [build-system] requires have "hatchling>=1.28"')
        jobs = build.plan(config, self._root, self._package_dir)
        for note in (*unheard_settings("hatchling.build"), *build.notes(config, jobs)):
            build.log_to_stderr(f"[oxide] {note}")
        built = project.make(config, jobs, self._root)
        if config.sbom:
            content = sbom.describe(self.metadata.core.raw_name, self.metadata.version, project.tools(jobs, self._root))
            build_data["sbom_files"].append(self._written(sbom.FILE, content))
        if version == "editable":
            build.write_in_tree(built)
            return
        for one in built:
            # By the name it would have in the tree, which hatchling maps as it maps the kernel module's.
            package = Path(os.path.relpath(one.job.file.parent, self._root))
            for file, content in one.files.items():
                name = (package / file).as_posix()
                build_data["force_include"][self._written(name, content)] = name
        self._set_tag(build_data)

    def _written(self, name: str, content: bytes) -> str:
        """The path of a file with that content, until the archive is made."""
        path = Path(self._scratch.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def _set_tag(self, build_data: dict[str, Any]) -> None:
        """Without `requires-python`, hatchling would claim Python 2 too. A hook after this one may still decide."""
        last = build_data["build_hooks"][-1] == self.PLUGIN_NAME
        if last and build_data["pure_python"] and not build_data["infer_tag"]:
            build_data.setdefault("tag", "py3-none-any")

    @property
    def _root(self) -> Path:
        return Path(self.root)

    @property
    def _package_dir(self) -> PackageDir:
        """Where hatchling finds the packages of the wheel, in setuptools' terms."""
        wheel = self.build_config if self.target_name == "wheel" else WheelBuilder(self.root).config
        sources = {new.strip("/").replace("/", "."): old.strip("/") for old, new in wheel.sources.items()}
        return sources | {PurePosixPath(package).name: package for package in wheel.packages}

    def _exclude_what_builds_left(self) -> None:
        """hatchling takes every file of a package, and no heed of a `.gitignore` below the root."""
        target, whole = self.build_config.target_config, self.build_config.build_config
        excluded = target.get("exclude", whole.get("exclude", []))
        target["exclude"] = [*excluded, f"{DIRECTORY}/", f"/{CARRIED}/"]


@hookimpl
def hatch_register_build_hook() -> type[OxideBuildHook]:
    """How hatchling asks for the hook."""
    return OxideBuildHook
