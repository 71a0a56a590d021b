"""Where the processor time of a fit goes, and how near its steps come to the machine's own rate. `python -m
benchmarks.profile` writes it to one file, from which `python -m benchmarks.tables` makes tables in
`docs/performance.md`."""

import time
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from vaecluster import TwoViews, VAEClustering, fitting
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import machine, versions
from vaecluster.methods.two_views import method, regrouping
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.run import Run
from vaecluster.views.neighbours import Neighbours

RESULTS = Path(__file__).parent / "results" / "profile" / "profile.json"

PRODUCTS = "products of matrices"
# What torch's operations do, the first part of whose name fits.
OPERATIONS = {
    PRODUCTS: ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::addbmm"),
    "copies, also into other types": ("aten::copy_", "aten::cat", "aten::index", "aten::clone", "aten::fill_"),
    "changes of images": ("aten::grid_sampler", "aten::affine_grid", "aten::upsample"),
    "normalisation of batches": ("aten::native_batch_norm", "aten::native_layer_norm"),
    "steps of Adam": ("aten::_fused_adam", "aten::_foreach"),
    "random numbers": ("aten::normal_", "aten::uniform_", "aten::random_", "aten::randperm", "aten::exponential_"),
}
REST = "other operations, entry by entry"
OUTSIDE = "outside of torch's operations"
# What a fit does beside its steps, and where that is done. None of these is done inside another.
BESIDE: dict[str, list[tuple[Any, str]]] = {
    "the search for neighbours": [(Neighbours, "find")],
    "tables of what components share": [(method, "component_tables")],
    "merging them": [(method, "merge_components"), (method, "nested_regions"), (regrouping, "merge_components")],
    "the number of clusters": [(method, "_evidence")],
    "moments of the prior": [(method, "prior_of")],
    "confidence": [(method, "confidence_of")],
    "how likely rows are": [(fitting, "calibrate")],
    "labels": [(fitting.Learner, "labelled")],
}
RATE, UNNAMED = "the rate", "all else"
# Rows of the fits in which operations are counted and timed: these take long, and all steps are alike.
SOME = 2_560


def images(random: np.random.Generator, rows: int) -> Array:
    """As large as those of MNIST; what they show does not change the time of a step."""
    return random.integers(0, 256, (rows, 28, 28), dtype=np.uint8)


def vectors(random: np.random.Generator, rows: int) -> Array:
    """With as many columns as pendigits has."""
    return random.normal(size=(rows, 16)).astype(np.float32)


# As many rows as MNIST and pendigits have to learn from.
DATA: dict[str, tuple[Callable[[np.random.Generator, int], Array], int]] = {
    "images of 28x28": (images, 60_000),
    "vectors of 16 columns": (vectors, 7_500),
}


class Clock:
    """Functions timed while a fit calls them: CPU seconds by part, and of steps also their number and the rate.

    The machine's rate is taken before each epoch: other programs on the machine change it from minute to minute.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.seconds: dict[str, float] = {}
        # Of each stage: steps, their CPU seconds, and what the machine could have multiplied in these.
        self.stages: dict[str, list[float]] = {}

    def part(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose seconds are added to those of the part."""

        @wraps(function)
        def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return function(*given, **named)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - began

        return timed

    def learn(self, function: Callable[..., bool]) -> Callable[..., bool]:
        """`Run._learn`, an epoch of steps."""

        @wraps(function)
        def timed(run: Run, stage: str, state: Any, *given: Any) -> bool:
            rate = self.part(RATE, largest_rate)(self.dtype)
            before, began = state.steps, time.process_time()
            finished = function(run, stage, state, *given)
            spent = time.process_time() - began
            kept = self.stages.setdefault(stage, [0, 0.0, 0.0])
            for place, more in enumerate((state.steps - before, spent, rate * spent)):
                kept[place] += more
            return finished

        return timed


def measure(rows: Array, epochs: int) -> dict[str, Any]:
    """Of a fit on one thread: what its steps and what stands beside them cost.

    They are told apart, since a default fit has more epochs than one that is measured. Flop are those of products.
    """
    dtype = torch.bfloat16 if gains_by_bfloat16(torch.device("cpu")) else torch.float32
    clock, whole = Clock(dtype), time.process_time()
    with ExitStack() as entered:
        entered.enter_context(patch.object(Run, "_learn", clock.learn(Run._learn)))
        for part, places in BESIDE.items():
            for owner, name in places:
                entered.enter_context(patch.object(owner, name, clock.part(part, getattr(owner, name))))
        fit(rows, epochs)
    whole = time.process_time() - whole - clock.seconds.pop(RATE)
    spent, possible = (sum(of) for of in list(zip(*clock.stages.values(), strict=True))[1:])
    beside = clock.seconds | {UNNAMED: whole - spent - sum(clock.seconds.values())}

    flop, shares = operations(rows)
    # Of a default fit of as many rows: both stages have their own steps.
    plans = completed(rows).plans()
    batches = -(-len(rows) // next(iter(plans.values())).batch_size)
    stages: dict[str, dict[str, Any]] = {
        stage: {
            "steps": plans[stage].epochs * batches,
            "ms": 1000 * seconds / number,
            "flop": flop[stage] * len(rows) / batches,
            "of_rate": flop[stage] * len(rows) / batches * number / could,
            "shares": shares[stage],
        }
        for stage, (number, seconds, could) in clock.stages.items()
    }
    rate = possible / spent
    in_steps = sum(stage["steps"] * stage["ms"] for stage in stages.values()) / 1000
    in_all = sum(stage["steps"] * stage["flop"] for stage in stages.values())
    return {
        "rows": len(rows),
        "epochs": epochs,
        "dtype": str(dtype),
        "rate": rate,
        "stages": stages,
        "beside": beside,
        "default": {
            "epochs": sum(plan.epochs for plan in plans.values()),
            "in_steps": in_steps,
            "of_rate_in_steps": in_all / (in_steps * rate),
            "of_rate": in_all / ((in_steps + sum(beside.values())) * rate),
        },
    }


def operations(rows: Array) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The flop of a row in a step of each stage, and the shares of torch's operations in it; by fits of some rows."""
    flop: dict[str, float] = {}
    shares: dict[str, dict[str, float]] = {}
    learn: Any = Run._learn

    def counted(run: Run, stage: str, state: Any, *given: Any) -> bool:
        with FlopCounterMode(display=False) as counter:
            finished: bool = learn(run, stage, state, *given)
        flop[stage] = counter.get_total_flops() / len(run.rows)
        return finished

    def profiled(run: Run, stage: str, *given: Any) -> bool:
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            began = time.perf_counter()
            finished: bool = learn(run, stage, *given)
            total = 1e6 * (time.perf_counter() - began)
        times = dict.fromkeys([*OPERATIONS, REST], 0.0)
        for event in seen.key_averages():
            if event.key.startswith("aten::"):
                of = next((part for part, names in OPERATIONS.items() if event.key.startswith(names)), REST)
                times[of] += event.self_cpu_time_total
        shares[stage] = {of: spent / total for of, spent in times.items()}
        shares[stage][OUTSIDE] = 1 - sum(shares[stage].values())
        return finished

    for watched in (counted, profiled):
        with patch.object(Run, "_learn", watched):
            fit(rows[:SOME], 2)
    return flop, shares


def fit(rows: Array, epochs: int) -> None:
    """A fit of the default method, told ten clusters."""
    VAEClustering(10, method=TwoViews(epochs=epochs), random_state=0, device="cpu").fit(rows)


def completed(rows: Array) -> TwoViews:
    """The default method with what it takes for so many rows."""
    source = ArraySource(rows)
    return TwoViews().completed(source.schema(Reading("gaussian", "auto")), len(rows), 10)


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
    parser.add_argument("--images", type=int, default=60_000, help="how many images")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each fit")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"versions": versions(), "machine": machine(), "data": {}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (rows, number) in DATA.items():
            size = given.images if rows is images else number
            found["data"][name] = measure(rows(np.random.default_rng(0), size), given.epochs)
            print(name, found["data"][name], flush=True)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    write_json(given.output, found)


if __name__ == "__main__":
    main()
