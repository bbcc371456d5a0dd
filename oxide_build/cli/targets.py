"""`oxide-build targets`: the table of SM targets.

In: nothing. Out: a line a target on standard output. Its own room because it is one command.
"""

from __future__ import annotations

from oxide_build.cli.arguments import Json, print_json
from oxide_build.cli.terminal import Column, Table, show
from oxide_build.pipeline.targets import TARGETS, least_driver

_RUNS_ON = {
    "": "this GPU generation and every newer one",
    "a": "exactly this compute capability",
    "f": "this family: the same major version, from there on",
}
_COLUMNS = {"target": "target", "ptx": "PTX", "driver": "CUDA driver", "runs_on": "runs on"}
"""The keys in JSON, the headings in the table."""


def targets(as_json: Json = False) -> None:
    """List the SM targets, and what each needs and runs on."""
    rows = [
        (name, str(target.ptx), least_driver(target.ptx), _RUNS_ON[target.suffix]) for name, target in TARGETS.items()
    ]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        show(Table(tuple(map(Column, _COLUMNS.values())), tuple(rows)))
