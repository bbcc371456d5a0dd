"""Digests without OpenSSL.

In: a file's content. Out: its sha256. Its own room because the loader and its look at the sources both need one, where
hashlib's first import takes as long as a small kernel's load.
"""

from __future__ import annotations

import importlib


def sha256(content: bytes) -> str:
    """The digest, by Python's own code: hashlib, which loads OpenSSL first, only where there is none."""
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return str(importlib.import_module(name).sha256(content).hexdigest())
        except ImportError:
            continue
    raise AssertionError("hashlib is a part of Python")
