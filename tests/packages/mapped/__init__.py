"""A package with kernels."""
