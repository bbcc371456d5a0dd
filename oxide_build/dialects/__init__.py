"""The dialects: `mir` as kernels are written, `llvm` and `nvvm` as they are generated."""
