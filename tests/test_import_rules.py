"""Who may import whom: every room of the house sees only the floors below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "oxide_build"

FLOORS = (
    {"records", "pipeline.options", "progress", "cache"},
    {"errors", "manifest"},
    {"layouts", "archives"},
    {"ir", "signature", "report", "pipeline.targets", "pipeline.libdevice", "starter"},
    {"variants", "pipeline.imports"},
    {"dialects", "readers", "runtime"},
    {"pipeline.units"},
    {
        "pipeline.frontend",
        "pipeline.analysis",
        "pipeline.mem2reg",
        "pipeline.lowering",
        "pipeline.llvm_ir",
        "pipeline.ptx",
        "pipeline.ptxas",
    }
    | {"pipeline.alignment", "pipeline.description", "simulator", "config", "discovery", "explain"}
    | {"provenance", "sbom"},
    {"pipeline.stages", "jobs"},
    {"pipeline", "resources"},
    {"compilation", "notes", "budget"},
    {"toolchain"},
    {"products"},
    {"build", "inspection", "doctor", "dry_run", "front_ends"},
    {"prebuilt"},
    {"requirements"},
    {"project"},
    {"setuptools_archives"},
    {"setuptools_step", "hatch_plugin", "cmake_step", "rebuild"},
    {"setuptools_plugin"},
    {"hooks", "cli"},
    {"__main__"},
)
"""From the ground up. Rooms of one floor do not import each other, so stages never do."""

ONLY = {
    "gpu": set[str](),
    "ir": {"errors", "records"},
    "runtime": {"errors", "layouts", "records", "manifest", "signature", "variants"},
}
"""Rooms that may import less than all below them; `gpu` counts only while it is being imported, not when used."""

OUTSIDE = {
    "cuda": {"runtime.device"},
    "llvmlite": {"pipeline.ptx"},
    "hatchling": {"hatch_plugin"},
    "numpy": {"simulator"},
    "rich": {"cli"},
    "setuptools": {"setuptools_step", "setuptools_archives", "hooks"},
    "typer": {"cli"},
}
"""Who may import what is not ours."""

MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}


def test_every_import_goes_down() -> None:
    assert not sorted(violations())


def test_every_room_is_on_a_floor() -> None:
    rooms = {room_of(module) for module in MODULES} - {"", "gpu"}
    assert rooms == set().union(*FLOORS)


def violations() -> Iterator[str]:
    for module, path in MODULES.items():
        for imported in imports(ast.parse(path.read_text()), used=room_of(module) != "gpu"):
            if not is_allowed(module, imported):
                yield f"{module} imports {imported}"


def is_allowed(module: str, imported: str) -> bool:
    root, _, rest = imported.partition(".")
    if root != "oxide_build":
        return root not in OUTSIDE or any(f"{module}.".startswith(f"{room}.") for room in OUTSIDE[root])
    ours, theirs = room_of(module), room_of(rest)
    if theirs in ("", ours):
        return True
    return theirs in ONLY.get(ours, below(ours))


def below(room: str) -> set[str]:
    floor = next((number for number, rooms in enumerate(FLOORS) if room in rooms), 0)
    return set().union(*FLOORS[:floor])


def room_of(dotted: str) -> str:
    """The room of a module or of a name in one: `pipeline.frontend.calls` is in `pipeline.frontend`."""
    first, *rest = dotted.removesuffix("__init__").rstrip(".").split(".")
    if first == "pipeline" and rest and {f"pipeline.{rest[0]}", f"pipeline.{rest[0]}.__init__"} & MODULES.keys():
        return f"pipeline.{rest[0]}"
    return first if {first, f"{first}.__init__"} & MODULES.keys() else ""


def imports(node: ast.AST, used: bool) -> Iterator[str]:
    """Every module a piece of source imports, with the name taken from it; inside functions only where `used`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))
    for child in run_children(node):
        if used or not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield from imports(child, used)


def run_children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that run: what only type checkers read does not."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return list(node.orelse)
    if isinstance(node, ast.If) and ast.unparse(node.test) == "not TYPE_CHECKING":
        return list(node.body)
    return list(ast.iter_child_nodes(node))
