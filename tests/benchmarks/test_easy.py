"""What is quick of the easy cases, as laws."""

import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from benchmarks.cases import record
from benchmarks.easy import CASES, others
from vaecluster import VAEClustering

# A fit of each takes a few seconds.
QUICK = ("circles", "5 of four rows")
BY_NAME = {case.name: case for case in CASES}


def test_cases_have_names_of_their_own_and_are_the_same_for_the_same_seed() -> None:
    assert len({case.key for case in CASES}) == len(CASES) >= 30
    for case in CASES:
        (rows, clusters), (again, _) = case.drawn(1), case.drawn(1)
        assert len(rows) == len(clusters)
        np.testing.assert_array_equal(rows, again)


@pytest.mark.parametrize("name", QUICK)
def test_an_easy_case_is_found_as_well_as_by_the_best_of_the_others(name: str) -> None:
    rows, clusters = BY_NAME[name].drawn(0)
    model = VAEClustering(random_state=0, device="cpu").fit(rows)
    assert model.n_clusters_ == len(np.unique(clusters))
    assert adjusted_rand_score(clusters, model.labels_) >= max(others(rows, clusters, 0).values())


@pytest.mark.parametrize("name", ["four years beside 3 measures", "every row five times"])
def test_values_and_rows_that_come_often_are_no_clusters(name: str) -> None:
    rows, clusters = BY_NAME[name].drawn(0)
    model = VAEClustering(random_state=0, device="cpu").fit(rows)
    assert model.n_clusters_ == len(np.unique(clusters))
    assert adjusted_rand_score(clusters, model.labels_) > 0.95


def test_zeros_and_ones_beside_measures_do_not_hide_the_clusters() -> None:
    rows, clusters = BY_NAME["0 and 1 beside measures"].drawn(0)
    model = VAEClustering(3, random_state=0, device="cpu").fit(rows)
    assert adjusted_rand_score(clusters, model.labels_) > 0.9


def test_a_run_goes_on_with_what_the_file_does_not_hold(tmp_path) -> None:
    path, asked = tmp_path / "easy.json", []

    def measure(rows, clusters, seed):
        asked.append(seed)
        return {"rows": len(rows)}

    for seeds in (1, 3):
        record([BY_NAME["moons"]], measure, range(seeds), path)
    assert asked == [0, 1, 2]
    assert json.loads(path.read_text())["fits"] == {
        "scikit-learn's comparison: moons": {str(seed): {"rows": 500} for seed in range(3)}
    }
