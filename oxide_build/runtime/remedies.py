"""What a caller can do about the driver's results.

In: a CUresult's number. Out: whether a kernel has died or an image is to blame, and the advice to give. Its own room
because it is a table.
"""

from __future__ import annotations

from collections.abc import Mapping

FAULTS = frozenset({700, 702, 710, 714, 715, 716, 717, 718, 719})
"""The results after which a context is lost: illegal address, assertion, trap and the like."""

REFUSALS = frozenset({200, 209, 218, 221, 222, 223})
"""The results that are about an image, so that another one may do: invalid image or PTX, no code for this GPU, no
compiler for PTX, too new a PTX, compiling switched off.
"""

FAULT = (
    "a kernel died, perhaps one launched earlier, since launches are asynchronous; the CUDA context of this process is "
    "lost, so start a new one; kernel.simulate[grid, block](...) shows where a kernel goes wrong"
)

REMEDIES: Mapping[int, str] = {
    2: "free memory of the GPU, or let fewer processes share it",
    101: "GPUs are numbered from 0, in the order of CUDA_VISIBLE_DEVICES",
    209: "rebuild the package with this GPU's target under [tool.oxide]; oxide-build explain PACKAGE lists what it has",
    218: "report it to the package's author; OXIDE_FORCE_TARGET picks another of the images that oxide-build explain "
    "PACKAGE lists",
    223: "unset CUDA_DISABLE_PTX_JIT",
    221: "install the NVIDIA driver's PTX compiler, libnvidia-ptxjitcompiler, which minimal containers lack",
    222: "upgrade the NVIDIA driver, which is older than the PTX of this image; OXIDE_FORCE_TARGET picks another image",
    701: "make the block smaller, or compile the kernel for larger ones with @gpu.kernel(max_threads=...)",
    720: "launch fewer blocks: all of them must run at the same time",
    900: "call gpu.preload(kernel) before the capture begins",
}
"""Advice by number: CUDA_ERROR_OUT_OF_MEMORY, _INVALID_DEVICE, _NO_BINARY_FOR_GPU, _INVALID_PTX,
_JIT_COMPILER_NOT_FOUND, _UNSUPPORTED_PTX_VERSION, _LAUNCH_OUT_OF_RESOURCES,
_COOPERATIVE_LAUNCH_TOO_LARGE, _STREAM_CAPTURE_UNSUPPORTED.
"""
