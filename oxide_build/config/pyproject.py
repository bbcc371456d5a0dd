"""pyproject.toml, and the table in it that is ours.

In: a project's root. Out: what TOML makes of the file, or a report with the place where it is no TOML. Its own room
because it knows files and nothing of settings.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from oxide_build.errors import ConfigError, ConfigErrors
from oxide_build.readers import EXAMPLE_KERNELS, EXAMPLE_TARGETS, nearest, unfit

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = "[tool.oxide]"
OVERRIDES = "[[tool.oxide.overrides]]"

_MINIMAL = f"the least a project writes is\n    {TABLE}\n    {EXAMPLE_KERNELS}\n    {EXAMPLE_TARGETS}"


def read_pyproject(root: Path) -> dict[str, Any]:
    """pyproject.toml as TOML gives it. Raises ConfigErrors, with line and column when it is no TOML."""
    file = root / "pyproject.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigErrors([ConfigError(file.name, "no such file in the project's root", help=_MINIMAL)]) from None
    except UnicodeDecodeError as fault:
        byte = fault.object[fault.start]
        raise ConfigErrors([ConfigError(file.name, f"not UTF-8 text: found byte {byte:#04x}")]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigErrors([_syntax_error(text, str(fault))]) from None


def _syntax_error(text: str, fault: str) -> ConfigError:
    what, _, place = fault.rpartition(" (at ")
    match = re.fullmatch(r"line (\d+), column (\d+)\)", place)
    lines = text.splitlines() or [""]
    line, column = match.groups() if match else (len(lines), len(lines[-1]) + 1)
    return ConfigError(f"pyproject.toml:{line}:{column}", f"not valid TOML: {what}")


def oxide_table(root: Path) -> dict[str, Any]:
    """`[tool.oxide]` of the project at `root`. Raises ConfigErrors when there is none."""
    tool = read_pyproject(root).get("tool")
    tables = tool if isinstance(tool, dict) else {}
    table = tables.get("oxide")
    if isinstance(table, dict):
        return dict(table)
    if table is not None:
        raise ConfigErrors([ConfigError(TABLE, unfit(table, "a table").message, help=_MINIMAL)])
    near = next((name for name in tables if nearest(name, ("oxide", "oxide-build"))), None)
    help = f"rename [tool.{near}] to {TABLE}" if near else _MINIMAL
    raise ConfigErrors([ConfigError(TABLE, "no such table in pyproject.toml", help=help)])
