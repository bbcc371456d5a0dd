"""A project built again where an earlier build of it lies.

In, as a process's arguments: the project's root, one of its kernel modules, and the directory that module's images
lie in. Out: the `_oxide/` directories of the whole project, there. Its own room because the loader, which may not
know the build, starts it by name for a changed kernel; it needs the compiler and no command line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from oxide_build import build, project
from oxide_build.config import load_config
from oxide_build.manifest import DIRECTORY
from oxide_build.report import HEADLINE, reported


def main() -> None:
    """What the process does; a mistake is SystemExit with its report."""
    root, module, directory = sys.argv[1:]
    with reported(HEADLINE):
        rebuild(Path(root), module, Path(directory))


def rebuild(root: Path, module: str, directory: Path) -> tuple[Path, ...]:
    """Build the project and write its files in the sources, or in the link tree that a strict editable install made.

    Which of the two is told by `directory`, where the images of `module` are. Gives the paths written. Raises as
    `project.make` does.
    """
    config = load_config(root)
    jobs = build.plan(config, root)
    built = project.make(config, jobs, root)
    beside = {job.source.module: job.file.parent / DIRECTORY for job in jobs}.get(module)
    if beside is not None and beside.is_dir() and beside.samefile(directory):
        return build.write_in_tree(built)
    tree = directory.parents[len(module.split(".")) - 1]
    packages = {one.package: tree.joinpath(*one.package.split(".")) for one in built}
    marked = [build.mark(one, packages[one.package].relative_to(root).as_posix()) for one in built]
    return build.write(marked, lambda one: packages[one.package])
