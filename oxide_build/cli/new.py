"""`oxide-build new`: a project that builds and tests at once.

In: its name. Out: its directory, and the files' paths on standard output. Its own room because it is one command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oxide_build import starter
from oxide_build.cli.arguments import Json, print_json


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project's name, as pip will know it: my-package.")],
    directory: Annotated[
        Path | None, typer.Option(help="Where to put it; a directory of the project's name by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin a project: a package with a kernel, its configuration, a test, a README and a CI workflow."""
    paths = starter.create(name, directory if directory is not None else Path(name))
    if as_json:
        print_json([path.as_posix() for path in paths])
    else:
        print("\n".join(map(str, paths)))
