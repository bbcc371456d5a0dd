"""`oxide-build targets`: the table of SM targets.

In: nothing. Out: a line a target on standard output. Its own room because it is one command.
"""

from __future__ import annotations

from oxide_build.pipeline.targets import TARGETS, least_driver

_RUNS_ON = {
    "": "this GPU generation and every newer one",
    "a": "exactly this compute capability",
    "f": "this family: the same major version, from there on",
}


def targets() -> None:
    """List the SM targets, and what each needs and runs on."""
    print("target    PTX  CUDA driver  runs on")
    for name, target in TARGETS.items():
        print(f"{name:<8}  {target.ptx}  {least_driver(target.ptx):<11}  {_RUNS_ON[target.suffix]}")
