"""`oxide-build inspect`: one kernel at one stage of the pipeline.

In: a kernel file. Out: the stage's product on standard output. Its own room because it is one command.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from oxide_build import inspection
from oxide_build.cli.arguments import (
    Json,
    Settings,
    complete_file,
    complete_kernel,
    complete_target,
    given,
    print_json,
)
from oxide_build.pipeline import Stage
from oxide_build.pipeline.targets import parse_target


def inspect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE[:KERNEL]", help="A kernel file, or one kernel in it.", autocompletion=complete_file
        ),
    ],
    stage: Annotated[Stage, typer.Option(help="Which product of the pipeline to print.")] = Stage.PTX,
    target: Annotated[
        str | None,
        typer.Option(
            help="The SM target, on which llvm, ll and ptx depend: the newest of the file's project by default, "
            "sm_90 outside of one.",
            autocompletion=complete_target,
        ),
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option(help="One kernel, or one variant of it by its symbol.", autocompletion=complete_kernel),
    ] = None,
    config_setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Print a kernel module as it is at one stage of the pipeline, compiled as its project says."""
    match = re.fullmatch(r"(.+?)(?::(\w+))?", file)
    path, named = match.groups() if match else (file, None)
    settings = inspection.settings_of(Path(path), given(config_setting))
    chosen = settings.targets[-1] if target is None else parse_target(target)
    text = inspection.inspect(Path(path), kernel or named, stage, chosen, settings.options)
    if as_json:
        print_json({"file": path, "kernel": kernel or named, "stage": stage.value, "target": str(chosen), "text": text})
    else:
        print(text, end="")
