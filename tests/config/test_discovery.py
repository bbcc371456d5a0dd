"""Kernel modules by name, in the layouts people use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oxide_build.config import read_pyproject
from oxide_build.discovery import declared_package_dirs, directory_of, find_modules
from oxide_build.errors import ConfigErrors


def test_star_takes_the_modules_with_kernels_alone(sample: Callable[[str], Path]) -> None:
    root = sample("plain")
    (root / "src/plain/kernels/broken.py").write_text("def f(:\n", encoding="utf-8")
    found = find_modules(["plain.kernels.*"], root, declared_package_dirs({}))
    assert [module.name.rpartition(".")[2] for module in found] == ["broken", "math_functions", "vector"]


def test_each_module_once(sample: Callable[[str], Path]) -> None:
    root = sample("plain")
    found = find_modules(["plain.kernels.vector", "plain.kernels.*"], root, [{"": "src"}])
    assert [module.name for module in found] == ["plain.kernels.vector", "plain.kernels.math_functions"]


def test_a_package_mapped_to_the_root(sample: Callable[[str], Path]) -> None:
    root = sample("mapped")
    (found,) = find_modules(["mapped.kernels.copy"], root, declared_package_dirs(read_pyproject(root)))
    assert found.file == root / "kernels/copy.py"


def test_where_of_find_is_a_base(tmp_path: Path) -> None:
    (tmp_path / "python/p").mkdir(parents=True)
    (tmp_path / "python/p/k.py").write_text("", encoding="utf-8")
    declared = declared_package_dirs({"tool": {"setuptools": {"packages": {"find": {"where": ["python"]}}}}})
    (found,) = find_modules(["p.k"], tmp_path, declared)
    assert found.file == tmp_path / "python/p/k.py"


@pytest.mark.parametrize(
    ("package", "package_dir", "directory"),
    [
        ("a.b", {}, "a/b"),
        ("a.b", {"": "src"}, "src/a/b"),
        ("a.b", {"a": "."}, "b"),
        ("a.b", {"a": "lib", "": "src"}, "lib/b"),
        ("a.b", {"a.b": "deep", "a": "lib"}, "deep"),
        ("a.b", {"": ""}, "a/b"),
    ],
)
def test_directory_of_a_package(package: str, package_dir: dict[str, str], directory: str) -> None:
    assert directory_of(package, package_dir) == Path(directory)


def test_what_is_not_a_table_is_no_mapping() -> None:
    assert declared_package_dirs({"tool": {"setuptools": "x"}}) == ({"": "."}, {"": "src"})


def test_a_star_without_kernels_is_a_mistake(sample: Callable[[str], Path]) -> None:
    root = sample("plain")
    with pytest.raises(ConfigErrors, match='found no kernels in any module of "plain"'):
        find_modules(["plain.*"], root, [{"": "src"}])
