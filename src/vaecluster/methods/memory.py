"""Whether a fit has the memory that it takes, before any of it is taken."""

import os
from pathlib import Path

import torch

from vaecluster.data.checks import describe
from vaecluster.data.rows import Rows
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError
from vaecluster.methods.base import Method

# Of every weight there are these in memory: itself, its gradient, two moments of Adam, and in the last good state
# itself and the moments.
COPIES = 7
# Of every entry of a batch: the rows, their views, what is decoded, its gradient, and what lies between these.
BATCHES = 8
# All rows are kept on a GPU where they take at most this share of what is free there beside that.
RESIDENT = 0.5


def kept_on_device(rows: Rows, method: Method, clusters: int) -> Rows:
    """The same rows, kept as the model reads them: on a GPU if they fit there, else if sparse and taking little."""
    if rows.device.type != "cuda":
        return rows.kept_on_device(rows.room.kept) if rows.schema.sparse else rows
    free, needed = torch.cuda.mem_get_info(rows.device)[0], needed_memory(method, rows.schema, clusters)
    return rows.kept_on_device(int(RESIDENT * (free - needed)))


def check_memory(method: Method, schema: Schema, clusters: int, device: torch.device) -> None:
    """Raise `DataError` if the method's networks for rows of this schema would not fit into what is free.

    The method is completed. Where it is not known how much is free, nothing is refused.
    """
    free, needed = free_memory(device), needed_memory(method, schema, clusters)
    if free is None or needed <= free:
        return
    raise DataError(
        f"Each row is {describe(schema.row_shape)}, for which a fit needs about {needed / 1e9:.1f} GB of memory, but "
        f"{free / 1e9:.1f} GB are free. {schema.kind.smaller}, or give smaller values of hidden and batch_size."
    )


def needed_memory(method: Method, schema: Schema, clusters: int) -> int:
    """About how many bytes a completed method needs for its networks and a batch, beside the rows."""
    # Its layers have no weights yet, and so take no memory.
    weights = sum(weight.numel() for weight in method.build(schema, clusters).parameters())
    entries = torch.Size(schema.data_shape).numel() * max(plan.batch_size for plan in method.plans().values())
    return 4 * (COPIES * weights + BATCHES * entries)


def free_memory(device: torch.device) -> int | None:
    """Bytes that this process may still take on a device, as far as the system says."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    limits = [limit for limit in (_of_machine(), _of_process(), _of_group()) if limit is not None]
    return min(limits, default=None)


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, ValueError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _of_process() -> int | None:
    """What is left of a limit such as `ulimit -v` sets."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None
    return None if limit == resource.RLIM_INFINITY else max(0, limit - taken)


def _of_group() -> int | None:
    """What is left of a limit that a container has."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit, taken = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
        # Files that the system has read count too, though they make room when it is needed.
        kept = (folder / "memory.stat").read_text().split()
        reclaimable = int(kept[kept.index("inactive_file") + 1])
        return None if limit == "max" else max(0, int(limit) - int(taken) + reclaimable)
    except (OSError, ValueError):
        return None
