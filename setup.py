"""What pyproject.toml cannot say: the CMake files' place in the package, and the compiled launch helper.

`cmake/` becomes `oxide_build/cmake/`, which in the tree is a link, for editable installs; not every checkout has links.
The helper is compiled where there is a C compiler for it.
Without one, on free-threaded Python, or with OXIDE_PURE_WHEEL set, the wheel is the pure one, `py3-none-any`, and
launches are planned in Python.
"""

import os
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.errors import BaseError, CompileError

LAUNCHER = "oxide_build/runtime/launcher"
HELPER = Extension(
    "oxide_build.runtime._launch",
    [f"{LAUNCHER}/module.c"],
    depends=[header.as_posix() for header in Path(LAUNCHER).glob("*.h")],
    optional=True,
)


def can_compile() -> bool:
    """Whether this Python has a C compiler and its headers at hand."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "probe.c")
        source.write_text("#include <Python.h>\n", encoding="utf-8")
        compiler = new_compiler()
        customize_compiler(compiler)
        try:
            compiler.compile([str(source)], directory, include_dirs=[sysconfig.get_path("include")])
        except (BaseError, CompileError, OSError) as error:
            print(f"warning: without the launch helper, since no C compiler works here: {error}")
            return False
    return True


def is_wanted() -> bool:
    """Whether the helper is to be compiled at all."""
    return not os.environ.get("OXIDE_PURE_WHEEL") and not sysconfig.get_config_var("Py_GIL_DISABLED")


setup(
    packages=[*find_packages(include=["oxide_build*"]), "oxide_build.cmake"],
    package_dir={"oxide_build.cmake": "cmake"},
    ext_modules=[HELPER] if is_wanted() and can_compile() else [],
)
