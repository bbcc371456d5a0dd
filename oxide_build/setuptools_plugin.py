"""The setuptools plugin's doorstep: whether a project has kernels at all.

In: a setuptools `Distribution`, of any project built where oxide-build is installed. Out: nothing, or the kernel step
added to it. Its own room because an entry point runs it in all those builds: a project without `[tool.oxide]` must
pay for no import of ours beyond this file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

LEAST = 77
"""The first setuptools that we build with: an sdist's `license` may be an SPDX expression from there on."""


def finalize(distribution: Any) -> None:
    """The entry point `setuptools.finalize_distribution_options`: add the step to a project with `[tool.oxide]`.

    pyproject.toml is read here since setuptools calls this before it has.
    """
    if _has_table(Path(distribution.src_root or os.curdir, "pyproject.toml")):
        _check_version(sys.modules["setuptools"].__version__)
        from oxide_build.setuptools_step import add_steps

        add_steps(distribution)


def _check_version(version: str) -> None:
    """SystemExit for one that has no wheels of its own, or does not know today's `[project]`."""
    if int(version.partition(".")[0]) < LEAST:
        wanted = f'let [build-system] requires have "setuptools>={LEAST}"'
        raise SystemExit(f"oxide-build: setuptools {version} is too old to build kernels\n  help: {wanted}")


def _has_table(file: Path) -> bool:
    """Whether the file has a `[tool.oxide]`; what is wrong with it is setuptools' to say, or the step's."""
    try:
        text = file.read_text(encoding="utf-8")
        tool = _parse(text).get("tool") if "oxide" in text else None
    except (OSError, ValueError):
        return False
    return isinstance(tool, dict) and "oxide" in tool


def _parse(text: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)
