"""`oxide-build plan`: what a build would make, of which settings, without making it.

In: a project's root, and settings as a front end takes them. Out: text or JSON on standard output. Its own room because
it is one command.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from oxide_build import dry_run
from oxide_build.cli.arguments import Root, Settings, given
from oxide_build.config import load_config
from oxide_build.jobs import plan as plan_jobs


def plan(
    root: Root = Path(),
    config_setting: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as docs/plan.schema.json describes it.")] = False,
) -> None:
    """Show each kernel module's targets, settings and files, and where every setting comes from."""
    config = load_config(root, given(config_setting))
    described = dry_run.describe(config, plan_jobs(config, root), root)
    if as_json:
        print(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(described)))


def lines(described: Mapping[str, Any]) -> Iterator[str]:
    """The plan as text, a line each."""
    yield "the project"
    yield from _table(described["settings"])
    for module in described["modules"]:
        yield f"\n{module['module']}  ({', '.join([module['source'], *module['imports']])})"
        yield from _table(module["settings"])
        yield from (f"  -> {file}" for file in module["outputs"])
    yield from (f"\nnote: {note}" for note in described["notes"])


def _table(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line a setting; TOML and JSON write these values alike."""
    rows = [
        (name, json.dumps(setting["value"], ensure_ascii=False), setting["origin"])
        for name, setting in settings.items()
    ]
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, origin in rows:
        yield f"  {name:<{name_width}}  {value:<{value_width}}  {origin}"
