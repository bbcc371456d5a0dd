"""The programs whose start is measured: each a whole script, from its imports to its first kernel finished.

In: where the images and our packages lie. Out: scripts as text. Its own room because they run in processes of their
own and share nothing with the benchmark but these texts. Each tells the clock after its imports, when its memory is
ready, where it can when its code is loaded, and when the kernel has finished; then it looks at what was computed.

The two that are compared, bare cuda.bindings and ours, import neither torch nor NumPy, and make context and memory by
the same lines; so does cuda.core. The others copy their arrays from the host, which no kernel has to be compiled for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import saxpy
from saxpy import ELEMENTS, FACTOR

HEAD = """
import time
marks = {}
def mark(name):
    marks[name] = time.perf_counter_ns()
mark("interpreter")
"""

TAIL = f"""
mark("finished")
import ctypes, json
from cuda.bindings import driver
found = (ctypes.c_float * {ELEMENTS})()
code, = driver.cuMemcpyDtoH(ctypes.addressof(found), out, {4 * ELEMENTS})
assert int(code) == 0, code
assert set(found) == {{{FACTOR}}}, found[0]
print(json.dumps(marks))
"""

DRIVER = """
from cuda.bindings import driver

def done(result):
    code, *values = result
    assert int(code) == 0, code
    return values[0] if values else None
"""

OPEN = """
done(driver.cuInit(0))
context = done(driver.cuDevicePrimaryCtxRetain(done(driver.cuDeviceGet(0))))
done(driver.cuCtxSetCurrent(context))
"""

MEMORY = f"""
x, y = (int(done(driver.cuMemAlloc({4 * ELEMENTS}))) for _ in "xy")
done(driver.cuMemsetD32(x, 0x3F800000, {ELEMENTS}))
done(driver.cuMemsetD32(y, 0, {ELEMENTS}))
done(driver.cuCtxSynchronize())
out = y
"""

BARE_LAUNCH = f"""
with open(IMAGE, "rb") as file:
    library = done(driver.cuLibraryLoadData(file.read() + b"\\0", [], [], 0, [], [], 0))
function = done(driver.cuKernelGetFunction(done(driver.cuLibraryGetKernel(library, SYMBOL))))
mark("loaded")
values = {FACTOR}, x, {ELEMENTS}, y, {ELEMENTS}, {ELEMENTS}
types = c_float, c_void_p, c_int, c_void_p, c_int, c_int
done(driver.cuLaunchKernel(function, 1, 1, 1, {ELEMENTS}, 1, 1, 0, 0, (values, types), 0))
done(driver.cuCtxSynchronize())
"""

ARRAY = f"""
class Array:
    def __init__(self, pointer):
        self.__cuda_array_interface__ = {{
            "data": (pointer, False), "shape": ({ELEMENTS},), "typestr": "<f4", "version": 3
        }}
"""

CORE_LAUNCH = f"""
with open(IMAGE, "rb") as file:
    code = ObjectCode.from_ptx(file.read())
kernel = code.get_kernel(SYMBOL)
mark("loaded")
n = np.int32({ELEMENTS})
config = LaunchConfig(grid=1, block={ELEMENTS})
launch(here.default_stream, config, kernel, np.float32({FACTOR}), x, n, y, n, n)
here.sync()
"""


@dataclass(frozen=True)
class Script:
    """One program: what it imports, how it makes its memory, how it loads and launches."""

    imports: str
    memory: str
    launch: str

    @property
    def text(self) -> str:
        """The whole program."""
        return "".join(
            (HEAD, self.imports, '\nmark("imported")\n', self.memory, '\nmark("memory")\n', self.launch, TAIL)
        )


def bare(image: str, symbol: str) -> Script:
    """The driver called by hand: nothing is imported that the launch does not need."""
    names = f"IMAGE, SYMBOL = {image!r}, {symbol.encode()!r}\n"
    return Script(f"from ctypes import c_float, c_int, c_void_p\n{DRIVER}", OPEN + MEMORY, names + BARE_LAUNCH)


def ours(package: str) -> Script:
    """An installed package with a kernel, its memory made by the same calls; stream 0."""
    launch = f"saxpy[1, {ELEMENTS}, 0]({FACTOR}, Array(x), Array(y), {ELEMENTS})\ndone(driver.cuCtxSynchronize())\n"
    return Script(f"{DRIVER}\nfrom {package}.kernel import saxpy\n", OPEN + MEMORY + ARRAY, launch)


def cuda_core(image: str, symbol: str) -> Script:
    """cuda.core over the same PTX; the memory by the driver, in the context that it made current."""
    imports = f"import numpy as np\nfrom cuda.core import Device, LaunchConfig, ObjectCode, launch\n{DRIVER}"
    names = f"IMAGE, SYMBOL = {image!r}, {symbol!r}\n"
    return Script(imports, "here = Device(0)\nhere.set_current()\n" + MEMORY, names + CORE_LAUNCH)


CUPY = Script(
    "import cupy, numpy as np\n",
    f"x, y = (cupy.asarray(np.full({ELEMENTS}, value, 'f4')) for value in (1, 0))\n"
    "cupy.cuda.Device().synchronize()\nout = y.data.ptr\n",
    f"kernel = cupy.RawKernel({saxpy.CUDA_SOURCE!r}, 'saxpy')\n"
    f"kernel((1,), ({ELEMENTS},), (np.float32({FACTOR}), x, y, np.int32({ELEMENTS})))\n"
    "cupy.cuda.Device().synchronize()\n",
)

TORCH_MEMORY = f"""
x, y = torch.ones({ELEMENTS}).cuda(), torch.zeros({ELEMENTS}).cuda()
torch.cuda.synchronize()
out = y.data_ptr()
"""

TORCH = Script("import torch\n", TORCH_MEMORY, f"y.add_(x, alpha={FACTOR})\ntorch.cuda.synchronize()\n")

TRITON = Script(
    "import torch\nfrom triton_saxpy import saxpy\n",
    TORCH_MEMORY,
    f"saxpy[(1,)]({FACTOR}, x, y, {ELEMENTS}, BLOCK={ELEMENTS})\ntorch.cuda.synchronize()\n",
)

PEERS: Mapping[str, Script] = {"CuPy RawKernel": CUPY, "torch y.add_(x, alpha=a)": TORCH, "Triton": TRITON}
