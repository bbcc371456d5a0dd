"""The build backend, hook by hook."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hooks.conftest import REPOSITORY, Backend, BuildFailed
