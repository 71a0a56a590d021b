"""What a result was made with: versions, processor, threads; and the settings of the process that make it fast."""

import ctypes
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("vaecluster", "torch", "numpy", "scipy", "scikit-learn")

# Numbers of the options in the GNU C library's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def machine() -> dict[str, str | int]:
    """The processor and how much of it was used; a GPU's name where one is."""
    # Not needed by what is imported for every command line.
    import torch

    facts: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
    return facts


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next step instead of returning it to the system.

    Each training step allocates and frees the same tens of megabytes; returned to the system they are mapped and
    cleared anew at every step (measured on the article's network, 2 cores: 27 s an epoch against 22 s). For
    programs of our own only: a library has no business changing its host's allocator. Does nothing where the
    C library is not GNU's.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_THRESHOLD, 32 * 2**20)  # the largest that it accepts
    libc.mallopt(_TRIM_THRESHOLD, 2**30)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
