"""setuptools' wheel and sdist of a project with kernels: what else is in them, and bytes that depend on content alone.

In: the trees that setuptools packs, just before it does. Out: the SBOM in a wheel's metadata; in an sdist what
`[tool.oxide]` has it carry, and nothing that builds left. Its own room because these are about archives, whatever is
in them; they ask the kernel step for the configuration and the jobs.
"""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Sequence
from email import message_from_bytes
from pathlib import Path
from typing import Any
from unittest import mock

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.install_lib import install_lib
from setuptools.command.sdist import sdist

from oxide_build import project, sbom
from oxide_build.archives import normalize_modes, normalize_sdist, source_date
from oxide_build.manifest import CARRIED, DIRECTORY
from oxide_build.report import HEADLINE, reported


class WheelWithKernels(bdist_wheel):
    """`bdist_wheel`; setuptools has it make the metadata of editable installs too."""

    def run(self) -> None:
        """Pack the wheel, with one time for all that is in it, and nothing that a build killed at it has left."""
        with reported(HEADLINE):
            date = str(source_date())
        shutil.rmtree(self.bdist_dir, ignore_errors=True)
        with mock.patch.dict(os.environ, SOURCE_DATE_EPOCH=date):
            super().run()

    def egg2dist(self, egginfo_path: str, distinfo_path: str) -> None:
        """Make the `.dist-info`, the SBOM in it where asked for. A mistake is SystemExit."""
        super().egg2dist(egginfo_path, distinfo_path)
        step = self.get_finalized_command("build_oxide")
        with reported(HEADLINE):
            if not step.config.sbom:
                return
            core = message_from_bytes(Path(distinfo_path, "METADATA").read_bytes())
            document = sbom.describe(core["Name"], core["Version"], project.tools(step.jobs, step.root))
        _write(Path(distinfo_path, sbom.FILE), document)

    def write_wheelfile(self, wheelfile_base: str, *arguments: Any, **named: Any) -> None:
        """Write `WHEEL`, the last of a wheel's files, after which none keeps the mode that it had in the tree."""
        super().write_wheelfile(wheelfile_base, *arguments, **named)
        normalize_modes(Path(wheelfile_base).parent)


class LinkingInstall(install_lib):
    """`install_lib`, which also fills the tree that a wheel is packed from."""

    def copy_tree(self, infile: str, outfile: str, *arguments: Any, **named: Any) -> list[str]:
        """Link what is packed and thrown away, copy what stays; gives what to byte-compile, nothing of a wheel."""
        wheel = self.distribution.command_obj.get("bdist_wheel")
        is_packed = wheel is not None and wheel.bdist_dir == self.get_finalized_command("install").root
        if not is_packed or self.get_exclusions():
            return list(super().copy_tree(infile, outfile, *arguments, **named))
        shutil.copytree(infile, outfile, copy_function=_link, dirs_exist_ok=True)
        return []


class SdistWithKernels(sdist):
    """`sdist`."""

    def make_release_tree(self, base_dir: str, files: Sequence[str]) -> None:
        """Make the tree to be packed, anew where a killed build left one. A mistake is SystemExit, and leaves none."""
        shutil.rmtree(base_dir, ignore_errors=True)
        kept = [file for file in files if not _is_made(file)]
        step = self.get_finalized_command("build_oxide")
        with reported(HEADLINE):
            source_date()  # a mistake there would leave a tree
            project.check_sources(step.jobs, {Path(os.path.normpath(file)).as_posix() for file in kept})
            carried = project.carried_files(step.config, step.jobs, step.root)
        super().make_release_tree(base_dir, kept)
        for name, content in carried.items():
            _write(Path(base_dir, name), content)
        _clean(Path(base_dir, self.get_finalized_command("egg_info").egg_info, "SOURCES.txt"))

    def make_archive(self, base_name: str, format: str, *arguments: Any, **named: Any) -> str:
        """Pack the tree; what is this machine's is taken out of the one format that front ends ask for."""
        path = str(super().make_archive(base_name, format, *arguments, **named))
        if format == "gztar":
            normalize_sdist(Path(path))
        return path


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _is_made(file: str) -> bool:
    """Whether a file was made by a build, or came with the sdist that the project is from."""
    return not {CARRIED, DIRECTORY}.isdisjoint(Path(file).parts)


def _clean(sources: Path) -> None:
    """Name each source once in setuptools' list of them, whatever an earlier build left there."""
    listed = {posixpath.normpath(line) for line in sources.read_text(encoding="utf-8").splitlines()}
    sources.write_text("".join(f"{name}\n" for name in sorted(listed) if not _is_made(name)), encoding="utf-8")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
