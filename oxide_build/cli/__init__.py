"""`oxide-build …`: the build and the pipeline from a terminal.

In: a command line. Out: text on standard output, or JSON where `--json` asks for it; progress and errors on standard
error, exit status 1 for an error, 2 for a wrong command line. Its own room because a command says what to print and
nothing else: each calls the room that knows. A command is a file here and a line in `COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from oxide_build import __version__, cmake_step
from oxide_build.errors import OxideError

try:
    import typer
except ImportError as missing:
    if missing.name != "typer":
        raise
    raise SystemExit('the command line needs typer: pip install "oxide-build[cli]"') from None

from oxide_build.cli import terminal
from oxide_build.cli.build import build
from oxide_build.cli.cache import cache
from oxide_build.cli.doctor import doctor
from oxide_build.cli.explain import explain
from oxide_build.cli.inspect import inspect
from oxide_build.cli.new import new
from oxide_build.cli.plan import plan
from oxide_build.cli.report import report
from oxide_build.cli.targets import targets

COMMANDS: Mapping[str, Callable[..., None] | typer.Typer] = {
    "new": new,
    "build": build,
    "plan": plan,
    "inspect": inspect,
    "report": report,
    "explain": explain,
    "targets": targets,
    "doctor": doctor,
    "cache": cache,
}
"""What can be typed, in the order of the help; a Typer holds commands of its own."""

app = typer.Typer(
    help="Compile GPU kernels written in Python, look into the compiler, and see what an installed package ships.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for name, command in COMMANDS.items():
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name)(command)


def main() -> None:
    """Run the command that the process was called with. An error of ours prints its report; the status is then 1."""
    try:
        app(prog_name="oxide-build")
    except OxideError as error:
        terminal.say(str(error))
        raise SystemExit(1) from None


def _print_version(asked: bool) -> None:
    if asked:
        print(f"oxide-build {__version__}")
        raise typer.Exit


def _print_cmake_dir(asked: bool) -> None:
    if asked:
        print(cmake_step.directory())
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    cmake_dir: Annotated[
        bool,
        typer.Option("--cmake-dir", callback=_print_cmake_dir, is_eager=True, help="Print CMake's OxideBuild_ROOT."),
    ] = False,
) -> None:
    """What comes before the command."""
