import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from joblib import parallel_config

from builders import estimator, frame, images, vectors
from vaecluster.clusters.agreement import Stability
from vaecluster.errors import DataError, EmptyClustersWarning, IgnoredColumnsWarning, SettingError
from vaecluster.several import seeds_of
from vaecluster.stability import stability

pytestmark = pytest.mark.filterwarnings(
    "ignore::vaecluster.errors.EmptyClustersWarning", "ignore::vaecluster.errors.FewCluesWarning"
)
ROWS = vectors()
every_jobs = pytest.mark.parametrize("n_jobs", [1, 2])


def contents(found: Stability) -> tuple[bytes, ...]:
    parts = (found.labels, found.clusters, found.sizes, found.clusters_found, found.ari, found.jaccard)
    return tuple(part.tobytes() for part in parts)


@pytest.mark.parametrize(
    ("method", "rows", "choice"),
    [
        ("two-views", ROWS, {}),
        ("two-views", ROWS, {"n_clusters": "auto"}),
        ("two-views", frame(), {"outlier_fraction": 0.2}),
        ("su2018", images(), {}),
        ("vade", ROWS, {"min_confidence": 0.8}),
    ],
)
def test_the_runs_are_the_fits_with_consecutive_seeds_however_many_jobs(
    method: str, rows: Any, choice: dict[str, Any]
) -> None:
    model = estimator(method, random_state=4, **choice)
    found = stability(model, rows, 3)
    alone = [estimator(method, random_state=seed, **choice).fit(rows) for seed in (4, 5, 6)]
    assert found.labels.tolist() == [fit.labels_.tolist() for fit in alone]
    assert found.clusters_found.tolist() == [np.count_nonzero(fit.cluster_sizes_) for fit in alone]
    assert found.sizes.sum() == (found.labels[0] >= 0).sum()
    assert (-1 in found.labels) == bool(choice.keys() - {"n_clusters"})
    assert contents(stability(model, rows, 3, n_jobs=2)) == contents(found)


def three_threads(batch: torch.Tensor) -> torch.Tensor:
    assert torch.get_num_threads() == 3
    return batch


def test_a_process_uses_as_many_threads_as_its_caller() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert stability(estimator(views=three_threads), ROWS, 2, n_jobs=2).labels.shape == (2, len(ROWS))
    finally:
        torch.set_num_threads(before)


def test_large_rows_and_threads_asked_for_elsewhere_change_no_byte() -> None:
    # joblib hands more than a megabyte to its processes as a file that cannot be written to.
    X = np.random.default_rng(0).normal(size=(400, 400))
    assert X.nbytes > 2**20
    expected = contents(stability(estimator(batch_size=200), X, 2))
    with parallel_config(backend="threading"):
        assert contents(stability(estimator(batch_size=200), X, 2, n_jobs=2)) == expected


@every_jobs
@pytest.mark.parametrize("seed", [4, None, np.random.RandomState(0)], ids=["seed", "none", "state"])
def test_the_program_the_model_and_its_folders_stay_as_they_were(n_jobs: int, seed: Any, tmp_path: Path) -> None:
    def state() -> list[Any]:
        numbers = np.random.get_state()
        random = torch.get_rng_state().numpy().tobytes(), numbers[1].tobytes(), numbers[2]
        return [*random, torch.get_num_threads(), list(warnings.filters)]

    model = estimator(random_state=seed, checkpoint_dir=tmp_path / "state", log_dir=tmp_path / "log")
    before, attributes = state(), dict(vars(model))
    stability(model, ROWS, 2, n_jobs=n_jobs)
    assert state() == before
    assert vars(model) == attributes
    assert list(tmp_path.iterdir()) == []


def test_seeds_are_consecutive_or_drawn() -> None:
    state = np.random.RandomState(0)
    first, second = seeds_of(state, 3), seeds_of(state, 3)
    assert first == seeds_of(np.random.RandomState(0), 3)
    assert len({*first, *second}) == 6
    assert seeds_of(np.int64(5), 2) == [5, 6]
    # The largest seed is followed by the smallest.
    assert seeds_of(2**32 - 1, 3) == [2**32 - 1, 0, 1]


@every_jobs
def test_what_a_run_warns_of_is_passed_on_with_its_number(n_jobs: int) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stability(estimator(n_clusters=30, components=30), ROWS, 2, n_jobs=n_jobs)
    messages = {str(warning.message) for warning in caught if warning.category is EmptyClustersWarning}
    assert {message.partition(":")[0] for message in messages} == {"Run 1 of 2", "Run 2 of 2"}


@every_jobs
def test_what_all_runs_warn_of_is_said_once(n_jobs: int) -> None:
    with pytest.warns(IgnoredColumnsWarning, match="'code'") as caught:
        stability(estimator(), frame().assign(code="same"), 3, n_jobs=n_jobs)
    said = [str(warning.message) for warning in caught if warning.category is IgnoredColumnsWarning]
    assert [message.partition(":")[0] for message in said] == ["Runs 1, 2, 3 of 3"]


@every_jobs
def test_progress_is_shown_on_standard_error_if_asked_for(capsys: pytest.CaptureFixture[str], n_jobs: int) -> None:
    stability(estimator(), ROWS, 2, n_jobs=n_jobs)
    assert capsys.readouterr() == ("", "")
    stability(estimator(verbose=1), ROWS, 2, n_jobs=n_jobs)
    shown = capsys.readouterr()
    first, second, third = shown.err.splitlines()
    assert (shown.out, first, third) == ("", "2 runs", "2/2 runs done  0:00:00 left")
    assert second.startswith("1/2 runs done")


GAP = np.where(np.arange(160).reshape(ROWS.shape) == 7, np.nan, ROWS)


# After the others, and the last one in processes: an error ends them, and new ones take seconds to start.
@pytest.mark.parametrize(
    ("asked", "error", "parts"),
    [
        *[({"n_runs": n}, SettingError, [f"n_runs is {n!r}", "2 or more"]) for n in (1, 0, -3, 2.5, "3", True, None)],
        *[({"n_jobs": n}, SettingError, [f"n_jobs is {n!r}", "1 or more, or -1"]) for n in (0, 1.5, "2", True, None)],
        ({"model": "model"}, SettingError, ["model is 'model'", "VAEClustering(3)"]),
        ({"model": type(estimator())}, SettingError, ["model is <class", "VAEClustering(3)"]),
        ({"model": estimator(random_state="a")}, SettingError, ["random_state is 'a'"]),
        ({"model": estimator(min_confidence=2)}, SettingError, ["min_confidence is 2"]),
        ({"X": ROWS[:2]}, DataError, ["n_samples=2", "n_clusters=3"]),
        ({"X": GAP, "n_jobs": 2}, DataError, ["1 NaN"]),
    ],
)
def test_what_cannot_be_compared_is_refused(asked: dict[str, Any], error: type[Exception], parts: list[str]) -> None:
    with pytest.raises(error) as caught:
        stability(**{"model": estimator(), "X": ROWS, "n_runs": 2} | asked)
    assert all(part in str(caught.value) for part in parts), caught.value


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C")
def test_ctrl_c_ends_it_without_a_result() -> None:
    program = """
import os, signal
from builders import estimator, vectors
from vaecluster.stability import stability
signal.signal(signal.SIGINT, signal.default_int_handler)
stopped = []
def stop(batch):
    if not stopped:
        stopped.append(True)
        os.kill(os.getpid(), signal.SIGINT)
    return batch
try:
    stability(estimator(epochs=50, views=stop), vectors(), 3)
except KeyboardInterrupt:
    print("stopped")
"""
    given = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONWARNINGS": "ignore"}
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=given)
    assert found.stdout == "stopped\n"
