"""Fit in several threads at once, and compare every fit with the same one alone, byte for byte.

    python tests/torture/threads.py --threads 4 --fits 50 --output threads.json

What the host program has set for torch must be as before: random state, default type and device, number of threads.
"""

import argparse
import json
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vaecluster import DEC, DGG, Bound, Stepwise, TwoViews, VaDE, VAEClustering
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.methods import Method
from vaecluster.training.state import tensors_of

SMALL: dict[str, Any] = {"epochs": 3, "batch_size": 20, "hidden": (16,), "latent": 2}
METHODS: dict[str, Method] = {
    "two-views": TwoViews(heads=2, components=6, **SMALL),
    "su2018": Bound(network="dense", **SMALL),
    "vade": VaDE(warm_epochs=2, **SMALL),
    "dec": DEC(warm_epochs=2, **SMALL),
    "stepwise": Stepwise(clusterer="mixture", **SMALL),
    "dgg": DGG(warm_epochs=2, **SMALL),
}


def main() -> None:
    """Fit as often as asked; leave with status 1 if a fit was different, or the host was changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--fits", type=int, default=50, help="fits in each thread")
    parser.add_argument("--output", type=Path, help="a JSON file for the counts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    counts = fit_in_threads(arguments.threads, arguments.fits)
    counts["seconds"] = round(time.perf_counter() - started, 1)
    print(json.dumps(counts))
    if arguments.output:
        about = {"versions": versions(), "machine": machine()}
        write_json(arguments.output, {"settings": vars(arguments) | {"output": None}} | counts | about)
    sys.exit(1 if counts["different"] or counts["host changed"] else 0)


def fit_in_threads(threads: int, fits: int) -> dict[str, Any]:
    """How many fits there were, how many of them were different, and what of the host was changed by them."""
    names = list(METHODS)
    tasks = [(names[number % len(names)], number % 5) for number in range(threads * fits)]
    alone = {task: fitted(*task) for task in set(tasks)}
    # As a program might have it that uses torch for something else.
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(5)
    before = host()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda task: fitted(*task), tasks))
    after = host()
    torch.set_default_dtype(torch.float32)
    different = [task for task, result in zip(tasks, results, strict=True) if result != alone[task]]
    changed = [name for name in before if before[name] != after[name]]
    return {"threads fits": len(tasks), "different": len(different), "host changed": changed}


def host() -> dict[str, Any]:
    """What belongs to the program."""
    return {
        "random state": torch.get_rng_state().numpy().tobytes(),
        "default type": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "threads": torch.get_num_threads(),
        "numpy's random state": np.random.get_state()[1].tobytes(),  # type: ignore[index,union-attr]
    }


def fitted(name: str, seed: int) -> bytes:
    """The bytes of all weights of a fit."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 4)) + 4 * random.integers(0, 3, (60, 1))
    model = VAEClustering(3, method=METHODS[name], random_state=seed, device="cpu").fit(rows).model_
    return b"".join(values.numpy().tobytes() for values in tensors_of(model).values())


if __name__ == "__main__":
    main()
