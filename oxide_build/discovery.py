"""Kernel modules by name: where in the project their files are.

In: the names in `kernels`, the project's root, and how packages map to directories. Out: one
`KernelModule` a file. Its own room because it must work alike inside setuptools, which knows the mapping, and on the
command line, where only pyproject.toml does; and because kernels are read, never imported, to be found.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from oxide_build.errors import ConfigError, ConfigErrors
from oxide_build.readers import did_you_mean

PackageDir: TypeAlias = Mapping[str, str]
"""setuptools' `package-dir`: package to directory, relative to the root; the key `""` is every other package's base."""


@dataclass(frozen=True)
class KernelModule:
    """A kernel module's full name and its file."""

    name: str
    file: Path


def declared_package_dirs(pyproject: Mapping[str, Any]) -> tuple[PackageDir, ...]:
    """The mappings to try without setuptools: what `[tool.setuptools]` says, else the root, then `src`."""
    setuptools = _table(_table(pyproject, "tool"), "setuptools")
    declared = _table(setuptools, "package-dir")
    where = _table(_table(setuptools, "packages"), "find").get("where", [])
    bases = [{"": str(base)} for base in where] if isinstance(where, list) else []
    return (*filter(None, [declared]), *bases, {"": "."}, {"": "src"})


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def find_modules(names: Iterable[str], root: Path, package_dirs: Sequence[PackageDir]) -> tuple[KernelModule, ...]:
    """The modules of those names, each once, in the order named; a `.*` means those in which kernels are.

    Raises ConfigErrors with every name that no file answers to.
    """
    found: dict[str, KernelModule] = {}
    mistakes: list[ConfigError] = []
    for name in names:
        modules = tuple(_match(name, root, package_dirs))
        found.update((module.name, module) for module in modules)
        if not modules:
            mistakes.append(_not_found(name, root, package_dirs))
    if mistakes:
        raise ConfigErrors(mistakes)
    return tuple(found.values())


def _match(name: str, root: Path, package_dirs: Sequence[PackageDir]) -> Iterator[KernelModule]:
    package, _, last = name.rpartition(".")
    for directory in _directories(package, root, package_dirs):
        files = filter(_holds_kernels, _modules_in(directory)) if last == "*" else [directory / f"{last}.py"]
        modules = [KernelModule(f"{package}.{file.stem}", file) for file in files if file.is_file()]
        if modules:
            yield from modules
            return


def find_source(name: str, root: Path, package_dirs: Sequence[PackageDir]) -> Path | None:
    """The file of any module of the project, a package's `__init__.py` included; None for what is not in it."""
    package, _, last = name.rpartition(".")
    for directory in _directories(package, root, package_dirs):
        for file in (directory / f"{last}.py", directory / last / "__init__.py"):
            if file.is_file():
                return file
    return None


def _modules_in(directory: Path) -> list[Path]:
    return sorted(file for file in directory.glob("*.py") if file.stem.isidentifier() and file.stem != "__init__")


def _holds_kernels(file: Path) -> bool:
    """Whether a `.*` means this file too; one that is no Python stays, for the compiler to report."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError):
        return True
    decorators = [mark for node in body if isinstance(node, ast.FunctionDef) for mark in node.decorator_list]
    return any(ast.unparse(mark).partition("(")[0].rpartition(".")[2] == "kernel" for mark in decorators)


def _directories(package: str, root: Path, package_dirs: Sequence[PackageDir]) -> list[Path]:
    """Where the package may lie, each place once, the likeliest first."""
    places = [root / directory_of(package, package_dir) for package_dir in package_dirs]
    return list(dict.fromkeys(Path(os.path.normpath(place)) for place in places))


def directory_of(package: str, package_dir: PackageDir) -> Path:
    """The package's directory, relative to the root, by setuptools' rule: the longest mapped parent decides."""
    parts = package.split(".")
    for length in range(len(parts), 0, -1):
        parent = ".".join(parts[:length])
        if parent in package_dir:
            return Path(package_dir[parent], *parts[length:])
    return Path(package_dir.get("", "."), *parts)


def _not_found(name: str, root: Path, package_dirs: Sequence[PackageDir]) -> ConfigError:
    package, _, last = name.rpartition(".")
    directories = _directories(package, root, package_dirs)
    looked = sorted(_shown(directory / f"{last}.py", root) for directory in directories)
    help = did_you_mean(name, _nearby(name, root, package_dirs) - {name})
    if last == "*":
        help = help or "what counts are modules directly in the package that have a function marked @gpu.kernel"
    what = f'no kernels in any module of "{package}"' if last == "*" else f'no module "{name}"'
    found = f"found {what}; looked for {', '.join(looked)}"
    return ConfigError("[tool.oxide] kernels", found, help=help, part=name.__eq__)


def _shown(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _nearby(name: str, root: Path, package_dirs: Sequence[PackageDir]) -> set[str]:
    """The names of the modules as deep in the project as `name` would be, or of their packages' `.*`."""
    package, _, last = name.rpartition(".")
    depth = len(package.split("."))
    bases = {root / package_dir.get("", ".") for package_dir in package_dirs}
    found = [file.relative_to(base).parts for base in bases for file in base.glob("*/" * depth + "*.py")]
    mapped = [
        (*package.split("."), file.name) for d in _directories(package, root, package_dirs) for file in d.glob("*.py")
    ]
    modules = {".".join(parts).removesuffix(".py") for parts in [*found, *mapped]}
    return {f"{module.rpartition('.')[0]}.*" for module in modules} if last == "*" else modules
