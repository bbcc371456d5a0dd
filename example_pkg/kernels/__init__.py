"""The kernels, a module a theme; `pip wheel .` compiles each for every target in pyproject.toml."""
