"""`oxide-build …`: the build and the pipeline from a terminal.

In: a command line. Out: text on standard output, progress and errors on standard error, exit status 1 for an error.
Its own room because a command says what to print and nothing else: each calls the room that knows.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from oxide_build import __version__, build
from oxide_build.config import load_config
from oxide_build.doctor import examine
from oxide_build.errors import DriverNotFoundError, OxideError
from oxide_build.explain import explain as explain_package
from oxide_build.inspection import inspect as inspect_kernels
from oxide_build.pipeline import Stage
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.targets import TARGETS, least_driver, parse_target
from oxide_build.report import reported
from oxide_build.runtime import device as gpu

try:
    import typer
except ImportError as missing:
    if missing.name != "typer":
        raise
    raise SystemExit('the command line needs typer: pip install "oxide-build[cli]"') from None

app = typer.Typer(
    help="Compile GPU kernels written in Python, look into the compiler, and see what an installed package ships.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_RUNS_ON = {
    "": "this GPU generation and every newer one",
    "a": "exactly this compute capability",
    "f": "this family: the same major version, from there on",
}


def main() -> None:
    """The `oxide-build` script. An error of ours prints its report and exits with status 1."""
    with reported():
        app(prog_name="oxide-build")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"oxide-build {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What comes before the command."""


@app.command("build")
def build_(
    root: Annotated[Path, typer.Option(help="The project's directory, where its pyproject.toml is.")] = Path(),
    out: Annotated[Path | None, typer.Option(help="Write the packages' `_oxide/` here, not into the sources.")] = None,
) -> None:
    """Compile every kernel module of a project for every target, without making a wheel."""
    config = load_config(root)
    jobs = build.plan(config, root)
    for note in build.notes(config, jobs):
        build.log_to_stderr(f"[oxide] {note}")
    built = build.run(jobs, config.jobs)
    if out is None:
        paths = build.write_in_tree(built)
    else:
        paths = build.write(built, lambda one: out.joinpath(*one.package.split(".")))
    print("\n".join(map(str, paths)))


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A kernel file, or one kernel in it.")],
    stage: Annotated[Stage, typer.Option(help="Which product of the pipeline to print.")] = Stage.PTX,
    target: Annotated[str, typer.Option(help="The SM target; llvm, ll and ptx depend on it.")] = "sm_90",
) -> None:
    """Print a kernel module as it is at one stage of the pipeline."""
    match = re.fullmatch(r"(.+?)(?::(\w+))?", file)
    path, kernel = match.groups() if match else (file, None)
    print(inspect_kernels(Path(path), kernel, stage, parse_target(target), Options()), end="")


@app.command()
def targets() -> None:
    """List the SM targets, and what each needs and runs on."""
    print("target    PTX  CUDA driver  runs on")
    for name, target in TARGETS.items():
        print(f"{name:<8}  {target.ptx}  {least_driver(target.ptx):<11}  {_RUNS_ON[target.suffix]}")


@app.command()
def explain(
    package: Annotated[str, typer.Argument(help="An installed package, named as in `import`.")],
    device: Annotated[str | None, typer.Option(help="A compute capability, 9.0, in place of this machine's.")] = None,
    driver: Annotated[str | None, typer.Option(help="The CUDA release of a driver, 12.8, likewise.")] = None,
) -> None:
    """Say of each kernel module's every image whether a GPU gets it, and why."""
    choices = explain_package(package, *_machine(device, driver))
    for unit, choice in choices:
        print(unit)
        print("\n".join(f"  {verdict}" for verdict in choice.verdicts))
    for _, choice in choices:
        choice.required()


def _machine(device: str | None, driver: str | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Compute capability and driver release: those given, else this machine's."""
    try:
        capability = _version(device, "--device 9.0") if device else gpu.current().capability
        return capability, _version(driver, "--driver 12.8") if driver else gpu.driver_version()
    except DriverNotFoundError as error:
        raise OxideError(error.message, help="name a GPU and a driver: --device 9.0 --driver 12.8") from None


def _version(text: str, example: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\.(\d)", text)
    if match is None:
        raise OxideError(f"found {text!r}, needed a version of two numbers", help=f"write for example {example}")
    return int(match[1]), int(match[2])


@app.command()
def doctor() -> None:
    """Look for everything that building and running kernels can need on this machine."""
    print("\n".join(map(str, examine())))
