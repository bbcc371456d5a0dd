"""Options that several commands have, and what a shell offers for them.

In: what is typed so far. Out: annotated types for the commands' signatures, words that complete it. Its own room
because one option must be called, explained and completed alike wherever it stands.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from oxide_build.pipeline.targets import TARGETS


def complete_target(incomplete: str) -> list[str]:
    """The SM targets that begin so."""
    return [target for target in TARGETS if target.startswith(incomplete)]


def complete_file(incomplete: str) -> list[str]:
    """Directories and Python files that begin so, and behind a file's colon its kernels."""
    file, colon, kernel = incomplete.rpartition(":")
    if colon and Path(file).is_file():
        return [f"{file}:{name}" for name in kernels_in(Path(file)) if name.startswith(kernel)]
    directory = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    found = sorted(directory.iterdir()) if directory.is_dir() else []
    words = [f"{path.as_posix()}/" if path.is_dir() else path.as_posix() for path in found]
    return [word for word in words if word.startswith(incomplete) and word.endswith(("/", ".py")) and "/." not in word]


def complete_kernel(context: typer.Context, incomplete: str) -> list[str]:
    """The kernels of the file named before."""
    file = Path(str(context.params.get("file") or ""))
    return [name for name in kernels_in(file) if name.startswith(incomplete)] if file.is_file() else []


def kernels_in(file: Path) -> list[str]:
    """The names of a file's kernels; none where it is no Python."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError):
        return []
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if any("kernel" in ast.unparse(mark) for mark in node.decorator_list)]


def print_json(data: Any) -> None:
    """Data on standard output, keys in the order they were made in."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


Root = Annotated[Path, typer.Option(help="The project's directory, where its pyproject.toml is.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
