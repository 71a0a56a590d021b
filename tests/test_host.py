"""A fit is a guest in the program of its caller: nothing there reaches it, and it leaves nothing behind."""

import os
import pickle
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone

from builders import estimator, frame, images, vectors
from vaecluster import VAEClustering
from vaecluster.training.state import tensors_of
from vaecluster.views import GaussianNoise, Neighbours

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")

CASES: dict[str, tuple[VAEClustering, Any]] = {
    "two-views, vectors": (estimator(views=[Neighbours(5), GaussianNoise(0.1)], outlier_fraction=0.2), vectors()),
    "two-views, images": (estimator(arithmetic="bfloat16"), images()),
    "two-views, frame": (estimator(), frame()),
    "su2018, images": (estimator("su2018", network="conv", epochs=2), images()),
    "su2018, vamp": (estimator("su2018", components="vamp", early_stopping=True), vectors()),
    "vade, frame": (estimator("vade"), frame()),
    "idec, frame": (estimator("idec"), frame()),
    "stepwise, a mixture": (estimator("stepwise", clusterer="mixture"), vectors()),
    "dgg, vectors": (estimator("dgg"), vectors()),
}
every_case = pytest.mark.parametrize("case", CASES)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums depend on how they are split, so other processes are compared with as many threads as here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def learned(model: VAEClustering) -> list[bytes]:
    """All that a fit leaves, as bytes."""
    weights = [values.numpy().tobytes() for values in tensors_of(model.model_).values()]
    said = [model.labels_.tobytes(), model.confidence_.tobytes(), model.calibration_.bounds.tobytes()]
    return [*weights, *said, repr([epoch.terms for epoch in model.history_.epochs]).encode()]


def answered(model: VAEClustering, X: Any) -> list[Any]:
    """All that a fitted model says of rows, and what it draws."""
    asked = (model.predict_proba, model.predict, model.transform, model.score_samples, model.outlier_score)
    drawn = model.sample(9), model.sample(9, cluster=1, random_state=5), model.inverse_transform(model.transform(X))
    filled = [np.asarray(rows).tolist() for rows in (*drawn, model.impute(X))]
    return [*(answer(X).tobytes() for answer in asked), filled]


@cache
def fitted(case: str) -> VAEClustering:
    """Fitted once, and not to be changed."""
    model, X = CASES[case]
    return deepcopy(model).fit(X)


@cache
def expected(case: str) -> tuple[list[bytes], list[Any], list[bytes]]:
    """What the fit leaves, what it says, and what it leaves after it has learned on."""
    X, model = CASES[case][1], fitted(case)
    return learned(model), answered(model, X), learned(deepcopy(model).partial_fit(X[:30]))


def use(case: str, folder: Path) -> tuple[list[bytes], list[Any], list[bytes]]:
    """Fit, ask, save, open, learn on; what each leaves."""
    model, X = deepcopy(CASES[case][0]), CASES[case][1]
    left = learned(model.fit(X))
    # They can be learned further, whatever is around.
    assert all(weights.requires_grad and not weights.is_inference() for weights in model.model_.parameters())
    model.save(folder / "model")
    opened = VAEClustering.load(folder / "model", device="cpu")
    assert opened.sample(3, random_state=1).shape == model.sample(3, random_state=1).shape
    return left, answered(opened, X), learned(opened.partial_fit(X[:30]))


# What is around


@contextmanager
def default_type() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@contextmanager
def default_device() -> Iterator[None]:
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@contextmanager
def other_seeds() -> Iterator[None]:
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    torch.manual_seed(99)
    np.random.seed(99)
    random.seed(99)
    yield
    torch.set_rng_state(before[0])
    np.random.set_state(before[1])
    random.setstate(before[2])


AROUND: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "nothing": lambda: warnings.catch_warnings(),
    "doubles as the default": default_type,
    "a device for a while": lambda: torch.device("meta"),
    "another default device": default_device,
    "inference": torch.inference_mode,
    "no gradients": torch.no_grad,
    "reduced arithmetic": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "other seeds": other_seeds,
    "deterministic algorithms": deterministic,
    "numpy's errors": lambda: np.errstate(all="raise"),
}


def host() -> list[Any]:
    """All that belongs to the program."""
    umask = os.umask(0)
    os.umask(umask)
    numbers = np.random.get_state()
    return [
        *(torch.get_rng_state().numpy().tobytes(), numbers[1].tobytes(), numbers[2:], random.getstate()),
        *(torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()),
        *(torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")),
        *(torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()),
        *(faiss.omp_get_max_threads(), np.geterr(), list(warnings.filters), umask, os.getcwd(), dict(os.environ)),
        *(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)),
    ]


# Everything around the first case, and around each of the others every third in turn.
MET = [
    (case, around)
    for number, case in enumerate(CASES)
    for turn, around in enumerate(AROUND)
    if number == 0 or (turn + number) % 3 == 0
]


@pytest.mark.parametrize(("case", "around"), MET)
def test_what_is_around_does_not_reach_a_fit_and_stays_as_it_is(case: str, around: str, tmp_path: Path) -> None:
    wanted = expected(case)
    with AROUND[around]():
        before = host()
        found = use(case, tmp_path)
        assert host() == before
    assert found == wanted


@every_case
def test_a_fit_that_fails_leaves_the_program_as_it_was(case: str) -> None:
    def fails(batch: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("in the middle")

    # What is loaded once does not count.
    model, X = clone(fitted(case)), CASES[case][1]
    if case != "two-views, vectors":
        model.set_params(method__learning_rate=1e300)
    else:
        model.set_params(method__views=[Neighbours(5), fails])
    before = host()
    with pytest.raises((RuntimeError, ArithmeticError)):
        model.fit(X)
    assert host() == before


def test_without_a_seed_no_global_random_state_is_used() -> None:
    model = clone(fitted("two-views, vectors")).set_params(random_state=None)
    before = host()
    first, second = (learned(model.fit(vectors())) for _ in range(2))
    assert host() == before
    with other_seeds():
        assert learned(model.fit(vectors())) not in (first, second)
    assert first != second


# Elsewhere; each process has other hashes


def test_fits_at_the_same_time_in_threads_are_as_alone() -> None:
    for case in CASES:
        expected(case)
    torch.set_default_dtype(torch.float64)
    before = host()
    with ThreadPoolExecutor(4) as threads:
        fits = [(case, threads.submit(deepcopy(CASES[case][0]).fit, CASES[case][1])) for case in [*CASES] * 2]
    assert host() == before
    torch.set_default_dtype(torch.float32)
    for case, fit in fits:
        assert learned(fit.result()) == expected(case)[0]
        assert answered(fit.result(), CASES[case][1]) == expected(case)[1]


FRESH = """
import pickle, sys, torch
torch.set_num_threads(1)
order, result = sys.argv[1:]
fits = pickle.load(open(order, "rb"))
pickle.dump([model.fit(X) for model, X in fits], open(result, "wb"))
# torch's compiler takes longer to load than most of these fits.
assert "torch._dynamo" not in sys.modules
"""


def run(script: str, *words: Any, **variables: str) -> str:
    """What a Python program prints; it must end within two minutes."""
    given = os.environ | {"PYTHONWARNINGS": "ignore"} | variables
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)], env=given, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fits_in_other_processes_are_as_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order, result = tmp_path / "order", tmp_path / "result"
    order.write_bytes(pickle.dumps(list(CASES.values())))
    run(FRESH, order, result, PYTHONHASHSEED="0")
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    with parallel_config(backend="loky", inner_max_num_threads=1):
        pooled = Parallel(n_jobs=2)(delayed(model.fit)(X) for model, X in CASES.values())
    for models in (pickle.loads(result.read_bytes()), pooled):
        for case, model in zip(CASES, models, strict=True):
            assert learned(model) == expected(case)[0]
            assert answered(model, CASES[case][1]) == expected(case)[1]


FORKS = """
import multiprocessing, sys
from builders import estimator, vectors
X = vectors(1000)
# Wide enough for several threads at work, in the fit and in the answers.
model = estimator(sys.argv[1], epochs=1, batch_size=500, hidden=(256, 256)).fit(X)
def work(number):
    return model.predict(X).tolist() == model.labels_.tolist() and len(model.sample(number)) == number
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(work, [1, 2]).get(60))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_model_answers_in_forked_processes() -> None:
    found = run(FORKS, "two-views", PYTHONPATH=str(Path(__file__).parent), OMP_NUM_THREADS="2")
    assert found == "[True, True]\n"


# Memory

MEMORY = """
import gc, pickle, re, sys, threading
import numpy as np, torch
torch.set_num_threads(1)
model = pickle.load(open(sys.argv[1], "rb"))
table = np.random.default_rng(0).standard_normal([int(size) for size in sys.argv[2:]], dtype=np.float32)
# What is loaded once does not count.
model.fit(table[:2000])
gc.collect()

def used():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

before = most = used()
done = threading.Event()

def watch():
    global most
    while not done.wait(0.01):
        most = max(most, used())

watching = threading.Thread(target=watch)
watching.start()
model.fit(table)
done.set()
watching.join()
print((most - before) / table.nbytes, len(pickle.dumps(model)) / len(table))
"""
# A double for each row and component would be more than the table.
MANY: dict[str, Any] = {"n_clusters": 40, "epochs": 1, "batch_size": 1000}
# Rows enough that what is the same for all tables, such as what confidence is learned from, is less than the table.
LARGE: dict[str, tuple[VAEClustering, int, int]] = {
    # Neighbours by principal components, and in cells.
    "two-views": (estimator(views=Neighbours(5), components=40, heads=1, **MANY), 60_000, 128),
    "su2018": (estimator("su2018", **MANY), 120_000, 64),
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read where Linux shows it")
@pytest.mark.parametrize("case", LARGE)
def test_a_fit_needs_no_copy_of_the_table_and_keeps_nothing_of_a_row_but_its_labels(case: str, tmp_path: Path) -> None:
    model, rows, columns = LARGE[case]
    (tmp_path / "model").write_bytes(pickle.dumps(model))
    needed, kept = map(float, run(MEMORY, tmp_path / "model", rows, columns).split())
    assert needed < 0.95
    # Label, second label and confidence are 24 bytes; the rest is the model.
    assert kept < 40
