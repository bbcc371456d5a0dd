"""Every kernel run and checked: `python -m example_pkg.demo`. Needs the extra `demo`."""
