"""Which commit a project's sources are of.

In: the project's root and the files its images are made from. Out: the commit and whether the tree differs from it,
as the manifest holds them. Its own room because it is the only one that asks git.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from oxide_build.errors import OxideError

PYPROJECT = "pyproject.toml"


def read(root: Path, sources: Iterable[str]) -> dict[str, str | bool]:
    """`commit`, its full name, and `dirty`: whether a file git tracks below `root` is changed, or a source untracked.

    `sources` are relative to `root`. Raises OxideError where git is missing or does not track the project.
    """
    _git(root, "ls-files", "--error-unmatch", PYPROJECT)  # an unpacked sdist inside somebody's clone is not of it
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    untracked = _git(root, "ls-files", "--others", "--", *sources)
    return {"commit": _git(root, "rev-parse", "HEAD"), "dirty": bool(changed or untracked)}


def _git(root: Path, *arguments: str) -> str:
    """What git prints. `--no-optional-locks`: a build must not hold up the author's own git."""
    try:
        command = ["git", "--no-optional-locks", *arguments]
        done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False)
    except OSError as error:
        raise OxideError(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.splitlines() or [f"exit status {done.returncode}"]
        raise OxideError(f"git knows no commit of this tree: {said[0]}")
    return done.stdout.strip()
