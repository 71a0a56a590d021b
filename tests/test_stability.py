import os
import subprocess
import sys
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from joblib import parallel_config

from vaecluster import TwoViews, VAEClustering
from vaecluster.errors import DataError, EmptyClustersWarning, SettingError
from vaecluster.stability import seeds_of, stability

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")

# Learned so little that the runs differ.
SMALL = {"epochs": 2, "hidden": (16,), "latent": 2, "components": 12}


@pytest.fixture(scope="module")
def model() -> VAEClustering:
    return VAEClustering(3, method=TwoViews(**SMALL), random_state=4)


def contents(found) -> tuple[bytes, ...]:
    parts = (found.labels, found.clusters, found.sizes, found.clusters_found, found.ari, found.jaccard)
    return tuple(part.tobytes() for part in parts)


def test_the_runs_are_the_fits_with_consecutive_seeds(blobs, model):
    found = stability(model, blobs, 3)
    assert found.labels.shape == (3, len(blobs))
    for seed, labels in zip((4, 5, 6), found.labels, strict=True):
        assert (labels == VAEClustering(3, method=TwoViews(**SMALL), random_state=seed).fit(blobs).labels_).all()


def test_the_number_of_jobs_changes_no_byte(blobs, model):
    assert contents(stability(model, blobs, 3, n_jobs=2)) == contents(stability(model, blobs, 3, n_jobs=1))


def test_a_process_uses_as_many_threads_as_its_caller(blobs):
    before = torch.get_num_threads()

    def threads_of_run(batch: torch.Tensor) -> torch.Tensor:
        assert torch.get_num_threads() == 3
        return batch

    told = VAEClustering(3, method=TwoViews(views=threads_of_run, **SMALL), random_state=0)
    torch.set_num_threads(3)
    try:
        assert stability(told, blobs, 2, n_jobs=2).labels.shape == (2, len(blobs))
    finally:
        torch.set_num_threads(before)


def test_large_rows_and_threads_asked_for_elsewhere_change_no_byte(model):
    # joblib hands more than a megabyte to its processes as a file that cannot be written to.
    X = np.random.default_rng(0).normal(size=(400, 400))
    assert X.nbytes > 2**20
    expected = contents(stability(model, X, 2))
    with parallel_config(backend="threading"):
        assert contents(stability(model, X, 2, n_jobs=2)) == expected


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_global_random_states_the_threads_and_the_model_stay_as_they_were(blobs, model, n_jobs):
    def state() -> tuple:
        numbers = np.random.get_state()
        return torch.get_rng_state().numpy().tobytes(), numbers[1].tobytes(), numbers[2], torch.get_num_threads()

    before, parameters = state(), deepcopy(model.get_params())
    stability(model, blobs, 2, n_jobs=n_jobs)
    assert state() == before
    assert model.get_params() == parameters
    assert not hasattr(model, "labels_")


def test_the_folders_of_the_model_are_left_alone(blobs, model, tmp_path):
    told = deepcopy(model).set_params(checkpoint_dir=tmp_path / "state", log_dir=tmp_path / "log")
    assert contents(stability(told, blobs, 2)) == contents(stability(model, blobs, 2))
    assert list(tmp_path.iterdir()) == []


def test_rows_that_a_run_leaves_out_are_compared_too(blobs, model):
    found = stability(deepcopy(model).set_params(outlier_fraction=0.1), blobs, 2)
    assert (found.labels == -1).any(1).all()
    assert found.sizes.sum() == (found.labels[0] >= 0).sum()


def test_a_random_state_gives_the_same_seeds_again_and_others_the_next_time():
    state = np.random.RandomState(0)
    first, second = seeds_of(state, 3), seeds_of(state, 3)
    assert first == seeds_of(np.random.RandomState(0), 3)
    assert len({*first, *second}) == 6


def test_the_largest_seed_is_followed_by_the_smallest():
    assert seeds_of(2**32 - 1, 3) == [2**32 - 1, 0, 1]
    assert seeds_of(np.int64(5), 2) == [5, 6]


@pytest.mark.parametrize("n_runs", [1, 0, -3, 2.5, "3", True, None])
def test_fewer_than_two_runs_are_refused(blobs, model, n_runs):
    with pytest.raises(SettingError, match=r"n_runs is .* 2 or more"):
        stability(model, blobs, n_runs)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True, None])
def test_jobs_that_are_no_whole_number_are_refused(blobs, model, n_jobs):
    with pytest.raises(SettingError, match="n_jobs is"):
        stability(model, blobs, 2, n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_a_run_warns_of_is_passed_on_with_its_number(blobs, n_jobs):
    crowded = VAEClustering(40, method=TwoViews(epochs=2, hidden=(16,), components=40), random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stability(crowded, blobs[:60], 2, n_jobs=n_jobs)
    messages = sorted(str(warning.message) for warning in caught if warning.category is EmptyClustersWarning)
    assert [message.partition(":")[0] for message in messages] == ["Run 1 of 2", "Run 2 of 2"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_is_shown_on_standard_error_if_asked_for(blobs, model, capsys, n_jobs):
    stability(model, blobs, 2, n_jobs=n_jobs)
    assert capsys.readouterr() == ("", "")
    stability(deepcopy(model).set_params(verbose=1), blobs, 2, n_jobs=n_jobs)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == ""
    assert lines[0] == "2 runs"
    assert lines[1].startswith("1/2 runs done")
    assert lines[2] == "2/2 runs done  0:00:00 left"


@pytest.mark.filterwarnings("ignore::vaecluster.errors.FewCluesWarning")
def test_the_number_of_clusters_may_be_left_to_each_run(blobs):
    enough = SMALL | {"epochs": 100, "batch_size": 100, "learning_rate": 1e-2}
    found = stability(VAEClustering(method=TwoViews(**enough), random_state=0), blobs, 2)
    alone = [VAEClustering(method=TwoViews(**enough), random_state=seed).fit(blobs) for seed in (0, 1)]
    assert found.clusters_found.tolist() == [np.count_nonzero(fit.cluster_sizes_) for fit in alone]


# After the others: an error ends joblib's processes, and new ones take seconds to start.
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_a_fit_refuses_is_refused_in_its_own_words(blobs, n_jobs):
    with pytest.raises(SettingError, match="min_confidence"):
        stability(VAEClustering(3, min_confidence=-1), blobs, 2, n_jobs=n_jobs)
    with pytest.raises(DataError, match="1 NaN"):
        stability(
            VAEClustering(3, method=TwoViews(**SMALL)), np.where(blobs == blobs.max(), np.nan, blobs), 2, n_jobs=n_jobs
        )


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C")
def test_ctrl_c_ends_it_without_a_result():
    program = """
import numpy as np, os, signal, torch
from vaecluster import TwoViews, VAEClustering
from vaecluster.stability import stability
rows = np.random.default_rng(0).normal(size=(200, 4))
stopped = []
def stop(batch):
    if not stopped:
        stopped.append(True)
        os.kill(os.getpid(), signal.SIGINT)
    return batch
try:
    stability(VAEClustering(3, method=TwoViews(epochs=50, hidden=(16,), views=stop)), rows, 3)
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "stopped\n"
