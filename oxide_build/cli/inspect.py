"""`oxide-build inspect`: one kernel at one stage of the pipeline.

In: a kernel file. Out: the stage's product on standard output. Its own room because it is one command.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from oxide_build import inspection
from oxide_build.pipeline import Stage
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import parse_target


def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A kernel file, or one kernel in it.")],
    stage: Annotated[Stage, typer.Option(help="Which product of the pipeline to print.")] = Stage.PTX,
    target: Annotated[str, typer.Option(help="The SM target; llvm, ll and ptx depend on it.")] = "sm_90",
) -> None:
    """Print a kernel module as it is at one stage of the pipeline."""
    match = re.fullmatch(r"(.+?)(?::(\w+))?", file)
    path, kernel = match.groups() if match else (file, None)
    print(inspection.inspect(Path(path), kernel, stage, parse_target(target), Options()), end="")
