"""The same seed gives the same bytes, wherever and whatever else is done in the process, and leaves no trace there."""

import os
import pickle
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.datasets import load_digits, make_blobs

from vaecluster import VAEClustering
from vaecluster.stability import stability

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums depend on how they are split, so other processes are compared with as many threads as here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SMALL = {"hidden": (16,), "latent": 2, "epochs": 4, "batch_size": 50, "random_state": 0}
VECTORS = make_blobs(120, n_features=4, centers=3, random_state=0)[0]
IMAGES = (load_digits().images[:80] * 15).astype(np.uint8)
KINDS = {
    "shared vectors": (VAEClustering(3, heads=2, components=6, **SMALL), VECTORS),
    "shared images": (VAEClustering(3, heads=2, components=6, outlier_fraction=0.1, **SMALL), IMAGES),
    "su2018 vectors": (VAEClustering(3, preset="su2018", **SMALL), VECTORS),
    # With its own networks, of convolutions.
    "su2018 images": (VAEClustering(3, preset="su2018", **SMALL | {"hidden": None, "epochs": 2}), IMAGES),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def new(kind) -> VAEClustering:
    return KINDS[kind][0]


@pytest.fixture(scope="module")
def X(kind) -> np.ndarray:
    return KINDS[kind][1]


@pytest.fixture(scope="module")
def fitted(new, X) -> VAEClustering:
    return deepcopy(new).fit(X)


def learned(model: VAEClustering) -> list[bytes]:
    """All that a fit leaves, as bytes."""
    weights = [values.numpy().tobytes() for values in model.model_.state_dict().values()]
    said = [model.labels_.tobytes(), model.confidence_.tobytes(), model.calibration_.bounds.tobytes()]
    return [*weights, *said, repr([epoch.terms for epoch in model.history_.epochs]).encode()]


def told(model: VAEClustering, X: np.ndarray) -> list[bytes]:
    """All that a fitted model says of rows, and what it draws, as bytes."""
    answers = (model.predict_proba, model.predict, model.transform, model.score_samples, model.outlier_score)
    drawn = model.sample(9), model.sample(9, cluster=1, random_state=5), model.inverse_transform(model.transform(X))
    return [*(answer(X).tobytes() for answer in answers), *(rows.tobytes() for rows in drawn)]


def test_a_fit_twice_in_a_row_gives_the_same_bytes(new, fitted, X):
    model = deepcopy(new)
    for _ in range(2):
        model.fit(X)
        assert learned(model) == learned(fitted)
        assert told(model, X) == told(fitted, X)
    on = [deepcopy(model).partial_fit(X[:60]) for _ in range(2)]
    assert learned(on[0]) == learned(on[1]) != learned(fitted)


def test_another_seed_gives_other_bytes(new, fitted, X):
    assert learned(deepcopy(new).set_params(random_state=1).fit(X)) != learned(fitted)


def test_a_random_state_is_drawn_from_once(new, X):
    one, other = (deepcopy(new).set_params(random_state=np.random.RandomState(7)) for _ in range(2))
    assert learned(one.fit(X)) == learned(other.fit(X))
    assert learned(one.fit(X)) == learned(other.fit(X)) != learned(deepcopy(one).fit(X))


# What else is done in the process


@contextmanager
def default_type(kind: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    yield
    torch.set_rng_state(before[0])
    np.random.set_state(before[1])
    random.setstate(before[2])


AROUND: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "other seeds": lambda: seeded(99),
    "deterministic algorithms": deterministic,
    "numpy's errors": lambda: np.errstate(all="raise"),
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "reduced arithmetic": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "doubles as the default": lambda: default_type(torch.float64),
}


@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_a_fit_does_not_reach_it(new, fitted, X, around):
    on = deepcopy(fitted).partial_fit(X[:60])
    with AROUND[around]():
        model = deepcopy(new).fit(X)
        assert learned(deepcopy(fitted).partial_fit(X[:60])) == learned(on)
    assert learned(model) == learned(fitted)


@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_an_answer_does_not_reach_it(fitted, X, around):
    expected = told(fitted, X)
    with AROUND[around]():
        assert told(fitted, X) == expected


def global_state() -> tuple[Any, ...]:
    numbers = np.random.get_state()
    modes = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        torch.get_float32_matmul_precision(),
        torch.is_autocast_enabled("cpu"),
    )
    states = torch.get_rng_state().numpy().tobytes(), random.getstate(), numbers[1].tobytes(), numbers[2:]
    return *states, *modes, np.geterr(), os.getcwd()


def test_no_call_leaves_a_trace_in_the_process(new, fitted, X, tmp_path):
    def fails(batch: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("in the middle")

    before = global_state()
    model = deepcopy(new).fit(X)
    assert global_state() == before
    told(model, X)
    assert global_state() == before
    model.partial_fit(X)
    model.save(tmp_path / "model")
    VAEClustering.load(tmp_path / "model").sample(3)
    assert global_state() == before
    if new.preset == "shared":
        with pytest.raises(RuntimeError, match="in the middle"):
            deepcopy(new).set_params(views=fails).fit(X)
        assert global_state() == before


def test_fits_to_compare_leave_no_trace_either():
    X = make_blobs(60, n_features=4, centers=3, random_state=0)[0]
    before = global_state()
    for seed in (0, None, np.random.RandomState(0)):
        drawn = before if seed is not None else None
        stability(VAEClustering(3, **SMALL | {"random_state": seed, "heads": 1, "components": 4}), X, 2)
        # Without a seed one is drawn where scikit-learn draws it: from numpy.
        assert drawn is None or global_state() == drawn
        before = global_state()


# Elsewhere; each process has other hashes


def test_a_fit_in_a_thread_gives_the_same_bytes(new, fitted, X):
    model = deepcopy(new)
    thread = threading.Thread(target=model.fit, args=(X,))
    with seeded(99):
        thread.start()
        thread.join()
    assert learned(model) == learned(fitted)
    assert told(model, X) == told(fitted, X)


@pytest.fixture(scope="module")
def here() -> list[list[bytes]]:
    """What the fits of all kinds leave in this process; another one is started for all of them together."""
    return contents([deepcopy(model).fit(X) for model, X in KINDS.values()])


def contents(models: list[VAEClustering]) -> list[list[bytes]]:
    return [told(model, X) + learned(model) for model, (_, X) in zip(models, KINDS.values(), strict=True)]


FRESH = """
import pickle, sys, torch
torch.set_num_threads(1)
order, result = sys.argv[1:]
fits = pickle.load(open(order, "rb"))
models = [model.fit(X) for model, X in fits]
samples = [model.sample(9).tobytes() for model in models]
pickle.dump((models, samples), open(result, "wb"))
"""


def test_a_fresh_process_gives_the_same_bytes(here, tmp_path: Path):
    order, result = tmp_path / "order", tmp_path / "result"
    order.write_bytes(pickle.dumps(list(KINDS.values())))
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", FRESH, order, result], env=environment, check=True, timeout=120)
    models, samples = pickle.loads(result.read_bytes())
    assert contents(models) == here
    assert samples == [model.sample(9).tobytes() for model in models]


def test_a_pool_of_processes_gives_the_same_bytes(here, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        assert contents([pool.submit(model.fit, X).result() for model, X in KINDS.values()]) == here


def test_a_pool_of_joblib_gives_the_same_bytes(here, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    with parallel_config(backend="loky", inner_max_num_threads=1):
        assert contents(Parallel(n_jobs=2)(delayed(model.fit)(X) for model, X in KINDS.values())) == here
