"""`oxide-build doctor`: what this machine has and lacks.

In: nothing. Out: a line a thing on standard output; exit status 1 when something that every build needs is missing.
Its own room because it is one command.
"""

from __future__ import annotations

from dataclasses import asdict

import typer

from oxide_build.cli.arguments import Json, print_json
from oxide_build.doctor import examine


def doctor(as_json: Json = False) -> None:
    """Look for everything that building and running kernels can need on this machine.

    The exit status is 1 when something is missing without which no kernel can be compiled here.
    """
    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print("\n".join(map(str, findings)))
    if any(finding.found is None and finding.required for finding in findings):
        raise typer.Exit(1)
