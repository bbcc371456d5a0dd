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

from oxide_build.config import settings_of
from oxide_build.pipeline.targets import TARGETS


def complete_target(incomplete: str) -> list[str]:
    """The SM targets that begin so."""
    return [target for target in TARGETS if target.startswith(incomplete)]


def complete_file(incomplete: str) -> list[str]:
    """Behind a file's colon its kernels; files themselves a shell knows best."""
    file, _, kernel = incomplete.rpartition(":")
    return [f"{file}:{name}" for name in kernels_in(Path(file)) if name.startswith(kernel)]


def complete_kernel(context: typer.Context, incomplete: str) -> list[str]:
    """The kernels of the file named before; while an option lacks its value, typer leaves that among other words."""
    words = (context.params.get("file"), *context.args)
    return [name for word in words if word for name in kernels_in(Path(word)) if name.startswith(incomplete)]


def kernels_in(file: Path) -> list[str]:
    """The names of a file's kernels; none where it is no Python, or not there."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError):
        return []
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if any("kernel" in ast.unparse(mark) for mark in node.decorator_list)]


def print_json(data: Any) -> None:
    """Data on standard output, keys in the order they were made in."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def given(settings: list[str] | None) -> dict[str, object]:
    """What was written after `-C`, as a front end would pass it on."""
    return settings_of(settings or ())


Root = Annotated[Path, typer.Option(help="The project's directory, where its pyproject.toml is.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("-C", "--config-setting", metavar="KEY=VALUE", help="A setting, as front ends take them."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
