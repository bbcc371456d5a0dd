"""A project to begin with: it builds, tests and is checked in CI as it is.

In: a name and a directory that is not there yet. Out: the project's files in it, from the templates in `files/`. Its
own room because what a good project looks like is neither the build's business nor the command line's.
"""

from __future__ import annotations

import keyword
import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

from oxide_build.errors import OxideError

FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    "$package/__init__.py": "package.py",
    "$package/kernels.py": "kernels.py",
    "tests/test_kernels.py": "test_kernels.py",
    ".github/workflows/wheels.yml": "wheels.yml",
}
"""Each file of a project, and the template it is made from: all end in `.txt`, so that no tool takes them for code."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def create(name: str, directory: Path) -> tuple[Path, ...]:
    """Write a project of that name into `directory`, whole or not at all; gives its files' paths.

    Raises OxideError for a name that no package can have, and for a directory that has something in it already.
    """
    package = package_of(name)
    if directory.is_symlink() or (directory.exists() and not _is_empty(directory)):
        raise OxideError(
            f"{directory}: there is something there already, and nothing is overwritten",
            help="name another place with --directory",
        )
    words = {"name": name, "package": package}
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _move_into_place(directory, {_filled(path, words): _template(file, words) for path, file in FILES.items()})
    except OSError as error:
        raise OxideError(f"{directory}: {error.strerror}", help="name another place with --directory") from None
    return tuple(directory / _filled(path, words) for path in FILES)


def package_of(name: str) -> str:
    """The package a project of that name has: `my_package` for `my-package`.

    Raises OxideError for a name that is none, or whose package could not be imported or would hide another.
    """
    package = re.sub(r"[-.]+", "_", name).lower()
    if not _NAME.fullmatch(name):
        reason = "a name is letters and digits, with - _ . between them"
    elif not package.isidentifier() or keyword.iskeyword(package):
        reason = f"its package {package!r} could not be imported"
    elif package in {*sys.stdlib_module_names, "oxide_build", "tests"}:
        reason = f"its package would hide the module {package!r}"
    else:
        return package
    raise OxideError(f"no project can be called {name!r}: {reason}", help="write for example my-package")


def _is_empty(directory: Path) -> bool:
    return directory.is_dir() and not any(directory.iterdir())


def _template(file: str, words: dict[str, str]) -> str:
    return _filled(files(__name__).joinpath("files").joinpath(f"{file}.txt").read_text(encoding="utf-8"), words)


def _filled(text: str, words: dict[str, str]) -> str:
    return Template(text).substitute(words)


def _move_into_place(directory: Path, contents: dict[str, str]) -> None:
    """Write elsewhere first: an interrupted command leaves nothing that stands in the way of the next."""
    with tempfile.TemporaryDirectory(prefix=".oxide-", dir=directory.absolute().parent) as scratch:
        project = Path(scratch, "project")
        for name, text in contents.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        directory.mkdir(exist_ok=True)
        for entry in project.iterdir():
            entry.rename(directory / entry.name)
