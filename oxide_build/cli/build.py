"""`oxide-build build`: every image of a project, without a wheel around them.

In: a project's root, and settings as a front end takes them. Out: its `_oxide/` directories, and their files' paths on
standard output. Its own room because it is one command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oxide_build import build as room
from oxide_build import project
from oxide_build.cli.arguments import Json, Root, Settings, given, print_json
from oxide_build.cli.terminal import progress
from oxide_build.config import load_config


def build(
    root: Root = Path(),
    out: Annotated[Path | None, typer.Option(help="Write the packages' `_oxide/` here, not into the sources.")] = None,
    config_setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Compile every kernel module of a project for every target, without making a wheel."""
    config = load_config(root, given(config_setting))
    jobs = room.plan(config, root)
    for note in room.notes(config, jobs):
        room.log_to_stderr(f"[oxide] {note}")
    with progress() as tell:
        built = project.make(config, jobs, root, compile=lambda some: room.run(some, config.jobs, tell=tell))
    if out is None:
        paths = room.write_in_tree(built)
    else:
        paths = room.write(built, lambda one: out.joinpath(*one.package.split(".")))
    if as_json:
        print_json([path.as_posix() for path in paths])
    else:
        print("\n".join(map(str, paths)))
