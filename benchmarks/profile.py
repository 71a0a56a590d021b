"""Where the processor time of a fit goes. `python -m benchmarks.profile` writes it to one file, from which
`python -m benchmarks.tables` makes the table in `docs/performance.md`."""

import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from vaecluster import TwoViews, VAEClustering
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions

RESULTS = Path(__file__).parent / "results" / "profile" / "profile.json"

PRODUCTS = "products of matrices"
# What torch's operations do, the first part of whose name fits.
PARTS = {
    PRODUCTS: ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::addbmm"),
    "copies, also into other types": ("aten::copy_", "aten::cat", "aten::index", "aten::clone", "aten::fill_"),
    "changes of images": ("aten::grid_sampler", "aten::affine_grid", "aten::upsample"),
    "normalisation of batches": ("aten::native_batch_norm", "aten::native_layer_norm"),
    "steps of Adam": ("aten::_fused_adam", "aten::_foreach"),
    "random numbers": ("aten::normal_", "aten::uniform_", "aten::random_", "aten::randperm", "aten::exponential_"),
}
REST = "other operations, entry by entry"
OUTSIDE = "outside of torch's operations"
WHOLE = "the whole fit"


def images(random: np.random.Generator) -> Array:
    """As large as those of MNIST; what they show does not change the time of a step."""
    return random.integers(0, 256, (10_000, 28, 28), dtype=np.uint8)


def vectors(random: np.random.Generator) -> Array:
    """As many columns and rows as pendigits has."""
    return random.normal(size=(7_500, 16)).astype(np.float32)


DATA: dict[str, Callable[[np.random.Generator], Array]] = {"images of 28x28": images, "vectors of 16 columns": vectors}


def measure(rows: Array, epochs: int) -> dict[str, Any]:
    """The shares of a fit's parts in its time on one thread, and its products against those of large matrices."""

    def fit() -> None:
        VAEClustering(10, method=TwoViews(epochs=epochs), random_state=0, device="cpu").fit(rows)

    with FlopCounterMode(display=False) as counted:
        fit()
    began = time.process_time()
    fit()
    seconds = time.process_time() - began
    with profile(activities=[ProfilerActivity.CPU]) as steps, record_function(WHOLE):
        fit()
    events = {event.key: event for event in steps.key_averages()}
    times = dict.fromkeys([*PARTS, REST], 0.0)
    for name, event in events.items():
        if name.startswith("aten::"):
            part = next((part for part, names in PARTS.items() if name.startswith(names)), REST)
            times[part] += event.self_cpu_time_total
    total = events[WHOLE].cpu_time_total
    shares = {part: spent / total for part, spent in times.items()}
    shares[OUTSIDE] = 1 - sum(shares.values())
    rate = counted.get_total_flops() / (seconds * shares[PRODUCTS])
    return {
        "rows": len(rows),
        "epochs": epochs,
        "cpu_seconds": seconds,
        "shares": shares,
        "flop": counted.get_total_flops(),
        "of_largest_rate": rate / largest_rate(torch.bfloat16),
    }


def largest_rate(dtype: torch.dtype, size: int = 1024, times: int = 10) -> float:
    """Flop a second in products of large square matrices of this type."""
    one = torch.ones(size, size, dtype=dtype)
    one @ one
    began = time.process_time()
    for _ in range(times):
        one @ one
    return times * 2 * size**3 / (time.process_time() - began)


def main() -> None:
    """Measure from the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8, help="epochs of each fit")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"versions": versions(), "machine": machine(), "data": {}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, rows in DATA.items():
            found["data"][name] = measure(rows(np.random.default_rng(0)), given.epochs)
            print(name, found["data"][name], flush=True)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    write_json(given.output, found)


if __name__ == "__main__":
    main()
