"""One kernel module at one stage of the pipeline, as text.

In: a kernel file, perhaps one kernel of it, a stage and a target. Out: that stage's product, printed. Its own room
because it is a reader of the pipeline like any other: it hangs on the observer and stops when it has seen its stage.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from oxide_build import ir
from oxide_build.config import Settings, load_config, parse_config, read_pyproject
from oxide_build.errors import CompileError, CompileErrors, OxideError, SourceFile
from oxide_build.jobs import plan
from oxide_build.pipeline import Resolve, Stage, to_llvm_ir, to_ssa
from oxide_build.pipeline.frontend import KernelModule
from oxide_build.pipeline.options import Options
from oxide_build.pipeline.ptx import CodeGenerator
from oxide_build.pipeline.targets import Target
from oxide_build.pipeline.units import of_kernel

OUTSIDE_PROJECTS = {"kernels": ["any.module"], "targets": ["sm_90"]}
"""The `[tool.oxide]` of a kernel file that no project names."""

_TEXT_OF_FUNCTION = {
    Stage.LL: r"^define [^\n]*@{name}\(.*?^\}}\n",
    Stage.PTX: r"^\.visible \.entry {name}\(.*?^\}}\n",
}
"""Where one function stands in the text of the stages that are text."""


def inspect(file: Path, kernel: str | None, stage: Stage, target: Target, options: Options) -> str:
    """The product of `stage` for the kernel module in `file`, or only what it says of `kernel`.

    Raises CompileErrors, InternalError, and OxideError for a file or a kernel that is not there.
    """
    products: dict[Stage, object] = {}
    module = to_ssa(_read(file), products.__setitem__, _sources_around(file))
    if kernel is not None:
        _check_known(kernel, module)
    if stage not in products:
        module = module if kernel is None else of_kernel(module, kernel)
        products[Stage.LL] = to_llvm_ir(module, target, options, products.__setitem__)
    if stage is Stage.PTX:
        with CodeGenerator(1) as generator:
            products[stage] = generator.emit_ptx(module.name, str(products[Stage.LL]), target, options).result()
    return str(products[stage]) if kernel is None else _only(kernel, products[stage], stage, module)


def settings_of(file: Path, settings: Mapping[str, object] | None = None) -> Settings:
    """What the project around a kernel file says of it, or `OUTSIDE_PROJECTS`, under these `-C oxide.*`.

    The project is the nearest directory above whose pyproject.toml has a `[tool.oxide]`. Raises ConfigErrors and
    CompileErrors for mistakes in it.
    """
    root = next(filter(_is_project, file.absolute().parents), None)
    jobs = () if root is None else plan(load_config(root, settings), root)
    own = (job.settings for job in jobs if job.file.resolve() == file.resolve())
    return next(own, None) or parse_config(OUTSIDE_PROJECTS, settings)


def _is_project(directory: Path) -> bool:
    tool = read_pyproject(directory).get("tool") if (directory / "pyproject.toml").is_file() else None
    return isinstance(tool, dict) and "oxide" in tool


def _read(file: Path) -> SourceFile:
    try:
        return SourceFile(file.as_posix(), file.read_text(encoding="utf-8-sig"), file.stem)
    except OSError as error:
        raise OxideError(
            f"{file}: {error.strerror}", help="name a Python file with kernels, FILE or FILE:KERNEL"
        ) from None
    except UnicodeDecodeError:
        raise CompileErrors([CompileError(f"{file}: not UTF-8 text", help="save the file as UTF-8")]) from None


def _sources_around(file: Path) -> Resolve:
    """Other modules by name: in the file's directory or one above it, the nearest first."""
    directories = file.absolute().parents

    def resolve(module: str) -> SourceFile | None:
        path = Path(*module.split("."))
        candidates = (d / tail for d in directories for tail in (path.with_suffix(".py"), path / "__init__.py"))
        found = next((candidate for candidate in candidates if candidate.is_file()), None)
        return None if found is None else replace(_read(Path(os.path.relpath(found))), module=module)

    return resolve


def _check_known(kernel: str, module: ir.Module) -> None:
    known = [name for function in module.kernels() for name in _names(function)]
    if kernel not in known:
        listed = ", ".join(dict.fromkeys(known))
        raise OxideError(f"no kernel {kernel!r} in this file", help=f"its kernels are: {listed}")


def _names(function: ir.Function) -> list[str]:
    """What a kernel can be called: a variant by its kernel's name too."""
    return [str(function.attributes["kernel"]), function.name] if "kernel" in function.attributes else [function.name]


def _only(kernel: str, product: object, stage: Stage, module: ir.Module) -> str:
    if isinstance(product, KernelModule):
        functions = {name: syntax for name, syntax in product.functions.items() if name == _written(kernel, module)}
        return str(replace(product, functions=functions))
    symbols = [function.name for function in module.kernels() if kernel in _names(function)]
    if isinstance(product, ir.Module):
        return str(replace(product, functions={name: product.functions[name] for name in symbols}))
    patterns = (_TEXT_OF_FUNCTION[stage].format(name=symbol) for symbol in symbols)
    found = [re.search(pattern, str(product), re.MULTILINE | re.DOTALL) for pattern in patterns]
    return "\n".join(match[0] for match in found if match) or str(product)


def _written(kernel: str, module: ir.Module) -> str:
    """The name in the source of a kernel or of one of its variants."""
    return next(_names(function)[0] for function in module.kernels() if kernel in _names(function))
