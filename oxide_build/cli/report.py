"""`oxide-build report`: what the kernels of a project, package or wheel take.

In: where the kernels are. Out: a table, JSON or Markdown on standard output; exit status 1 over a budget. Its own room
because it is one command.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from oxide_build import budget as budgets
from oxide_build import build, resources
from oxide_build.cache import Cache
from oxide_build.cli.arguments import Json, Root, Settings, given, print_json
from oxide_build.cli.terminal import Column, Table, markdown, progress, say, show
from oxide_build.config import load_config
from oxide_build.errors import OxideError
from oxide_build.pipeline import ptxas
from oxide_build.progress import Event, Listener, Made
from oxide_build.resources import Figure, ImageUse, KernelUse, Resources, Value

_COMPARED = tuple(figure for figure in Figure if figure is not Figure.SECONDS)
_COLUMNS = (Column("kernel"), Column("target"), *(Column(figure.value, is_number=True) for figure in Figure))


def report(
    root: Root = Path(),
    package: Annotated[str | None, typer.Option(help="Of an installed package, named as in `import`.")] = None,
    wheel: Annotated[Path | None, typer.Option(help="Of a wheel file.")] = None,
    config_setting: Settings = None,
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    budget: Annotated[Path | None, typer.Option(help="Fail when a figure is larger than in this file.")] = None,
    write_budget: Annotated[Path | None, typer.Option(help="Write the figures into this file, as JSON.")] = None,
    figure: Annotated[
        list[Figure] | None, typer.Option(help="Compare this with the budget; all but seconds by default.")
    ] = None,
) -> None:
    """Measure what each kernel takes for each target: registers, spills, memory, sizes, time to compile.

    The kernels are those of the project in --root, which is compiled for this, or of a package or wheel.
    """
    if package is not None and wheel is not None:
        raise typer.BadParameter("--package and --wheel are two places: name one")
    if config_setting and (package or wheel):
        raise typer.BadParameter("-C is for a project: what is built already is measured as it is")
    with_ptxas = ptxas.find() is not None
    known = None if budget is None else budgets.read(budget, figure or _COMPARED)
    _check_measurable(known or {}, with_ptxas)
    measured = _measured(root, given(config_setting), package, wheel, with_ptxas)
    if as_json:
        print_json(measured.as_data())
    else:
        (_print_markdown if as_markdown else show)(_table(measured))
    if write_budget is not None:
        budgets.write(write_budget, measured)
    if budget is not None and known is not None:
        _hold_against(budget, budgets.compare(known, measured))


def _check_measurable(budget: budgets.Budget, with_ptxas: bool) -> None:
    """Without ptxas a budget of what it alone knows would always be kept."""
    if with_ptxas:
        return
    say(f"[oxide] no ptxas on this machine, so no {', '.join(resources.NEED_PTXAS)}: {ptxas.REMEDY}")
    budgeted = {figure for figures in budget.values() for figure in figures}
    if lost := [figure for figure in resources.NEED_PTXAS if figure in budgeted]:
        raise OxideError(
            f"the budget has {', '.join(lost)}, which need ptxas, and there is none on this machine",
            help=f"{ptxas.REMEDY}; or compare the others alone: --figure shared --figure ptx",
        )


def _measured(
    root: Path, settings: dict[str, object], package: str | None, wheel: Path | None, with_ptxas: bool
) -> Resources:
    if wheel is not None:
        return resources.measure(resources.of_wheel(wheel), with_ptxas=with_ptxas)
    if package is not None:
        return resources.measure(resources.of_package(package), with_ptxas=with_ptxas)
    seconds: dict[resources.ImageName, float] = {}
    config = load_config(root, settings)
    with progress() as tell:
        no_cache = Cache(None, say)  # times are those of compiling
        jobs = build.plan(config, root)
        built = build.run(jobs, config.jobs, tell=_timed(tell, seconds), cache=no_cache)
    shipped = [module for one in built for module in resources.of_files(one.files, one.files.__getitem__)]
    return resources.measure(shipped, seconds, with_ptxas)


def _timed(tell: Listener, seconds: dict[resources.ImageName, float]) -> Listener:
    """The same listener, which notes besides how long each image took."""

    def heard(event: Event) -> None:
        if isinstance(event, Made) and event.kind == "ptx":
            seconds[event.module, event.unit, event.target] = round(event.seconds, 3)
        tell(event)

    return heard


def _print_markdown(table: Table) -> None:
    print(markdown(table))


def _table(measured: Resources) -> Table:
    """A row a kernel and target; the image's figures stand in the row of its first kernel. Columns without any go."""
    rows = [(use.name, use.target, *_figures(use, image)) for use, image in measured.rows()]
    kept = [number for number in range(len(_COLUMNS)) if number < 2 or any(row[number] for row in rows)]
    return Table(tuple(_COLUMNS[n] for n in kept), tuple(tuple(row[n] for n in kept) for row in rows))


def _figures(use: KernelUse, image: ImageUse | None) -> Iterator[str]:
    for figure in Figure:
        value: Value = getattr(use if hasattr(use, figure.value) else image, figure.value, None)
        yield "" if value is None else str(value)


def _hold_against(file: Path, comparison: budgets.Comparison) -> None:
    for name in comparison.new:
        say(f"[oxide] not in {file}: {name}")
    for name in comparison.gone:
        say(f"[oxide] only in {file}: {name}")
    if comparison.grown:
        raise budgets.OverBudget(file, comparison.grown)
