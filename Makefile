# make demo   the wheel of example_pkg, installed into a clean environment, every kernel run and checked
# make test   the tests, in a development environment
# make ci     lint, types and tests
#
# Needs Python 3.10 or newer, make and PyPI; no GPU, no nvcc. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n auto

DEMO := .demo
WHEELS := $(DEMO)/wheels
PYTHON_NAME := $(notdir $(PYTHON))
SOURCES := $(shell find oxide_build cmake -name '*.py' -o -name '*.[ch]' -o -name '*.cmake') pyproject.toml setup.py README.md
EXAMPLE := $(shell find example_pkg -name '*.py' -not -path '*/tests/*') $(wildcard example_pkg/*.toml example_pkg/*.md)

.PHONY: demo test lint types ci clean check-python
.DELETE_ON_ERROR:

# From inside $(DEMO): the tree's own example_pkg must not be found in place of the installed one.
demo: $(DEMO)/installed
	cd $(DEMO) && env/bin/python -m example_pkg.demo

test: $(VENV)/ready-$(PYTHON_NAME)
	$(VENV)/bin/oxide-build build --root example_pkg
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/ready-$(PYTHON_NAME)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/ready-$(PYTHON_NAME)
	$(VENV)/bin/mypy

ci: lint types test

clean:
	rm -rf $(DEMO) $(VENV) build example_pkg/build *.egg-info example_pkg/*.egg-info

$(VENV)/ready-$(PYTHON_NAME): pyproject.toml | check-python
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet -e '.[dev]'
	touch $@

$(DEMO)/env/ready-$(PYTHON_NAME): | check-python
	$(PYTHON) -m venv --clear $(DEMO)/env
	touch $@

# setuptools never empties build/, so modules that are gone would ship.
$(WHEELS)/tool: $(SOURCES) $(DEMO)/env/ready-$(PYTHON_NAME)
	rm -rf build $(WHEELS)
	$(DEMO)/env/bin/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEELS) .
	touch $@

$(WHEELS)/example: $(WHEELS)/tool $(EXAMPLE)
	$(DEMO)/env/bin/python -m pip wheel --no-deps --find-links $(WHEELS) --wheel-dir $(WHEELS) ./example_pkg
	touch $@

$(DEMO)/installed: $(WHEELS)/example
	$(DEMO)/env/bin/python -m pip install --quiet --find-links $(WHEELS) 'example-pkg[demo]'
	$(DEMO)/env/bin/python -m pip install --quiet --no-deps --force-reinstall $(WHEELS)/*.whl
	touch $@

check-python:
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) is not on PATH: write make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 10) else \
	    "$(PYTHON) is Python %d.%d, needed is 3.10 or newer: write make PYTHON=python3.12" % v[:2])'
