from dataclasses import replace

import numpy as np
import pytest

from benchmarks.baselines import BaselineClustering
from benchmarks.kinds import KINDS
from benchmarks.methods import choose_method
from benchmarks.rare import RareMeasure, make_rare
from benchmarks.runs import run_benchmark
from vaecluster import TwoViews, VAEClustering
from vaecluster.data.dataset import DataSet
from vaecluster.errors import DataError, SettingError

NO_GROUP = {"group_recall": 0.0, "group_precision": 0.0}


def some_data() -> DataSet:
    """Three groups far apart, the label being their number: 600 rows and 90 held out."""
    random = np.random.default_rng(0)
    labels = np.arange(690) % 3
    rows = 10 * np.eye(3)[labels] + random.normal(size=(690, 3))
    return DataSet("groups", rows[:600], labels[:600], rows[600:], labels[600:])


def scores_of(labels: list, found: list, label) -> dict:
    """Rows that are their own number, learned from and held out alike, put into these clusters."""
    rows, labels = np.arange(len(labels)), np.array(labels)
    data = DataSet("some", rows, labels, rows, labels)
    clustering = BaselineClustering(np.array(found), lambda rows: np.array(found)[rows])
    return RareMeasure(label).score(clustering, data)


def test_one_row_in_fifty_of_the_class_stays_and_all_others_do():
    data = some_data()
    thinned, measure = make_rare(data, "1")
    assert (thinned.name, measure.label) == ("groups-rare-1", 1)
    assert np.bincount(thinned.y_train).tolist() == [200, 4, 200]
    assert (thinned.x_train[thinned.y_train != 1] == data.x_train[data.y_train != 1]).all()
    assert thinned.x_test is data.x_test
    assert thinned.y_test is data.y_test


def test_rows_keep_their_labels_and_are_the_same_each_time():
    data = some_data()
    numbered = replace(data, x_train=np.arange(600)[:, None])
    first, again = make_rare(numbered, "2")[0], make_rare(numbered, "2")[0]
    assert (first.x_train == again.x_train).all()
    assert (data.y_train[first.x_train[:, 0]] == first.y_train).all()


def test_labels_may_be_text():
    data = some_data()
    names = np.array(["low", "mid", "high"])
    thinned, measure = make_rare(replace(data, y_train=names[data.y_train], y_test=names[data.y_test]), "mid")
    assert measure.label == "mid"
    assert (thinned.y_train == "mid").sum() == 4


def test_a_cluster_that_is_the_class_has_full_recall_and_precision():
    scores = scores_of([4, 4, 7, 7, 7], [1, 1, 0, 0, 0], 4)
    assert scores == {"label": 4, "train_rows": 2, "recall": 1.0, "precision": 1.0} | NO_GROUP


def test_recall_is_of_the_class_and_precision_of_its_cluster():
    scores = scores_of([4, 4, 4, 4, 7, 7, 7, 7, 7, 7], [1, 1, 1, 0, 1, 0, 0, 0, 0, 0], 4)
    assert (scores["recall"], scores["precision"]) == (3 / 4, 3 / 4)


def test_precision_is_that_among_rows_of_which_few_are_of_the_class():
    # Held out, half of the cluster is of the class; of the rows that were learned from, a fifth.
    held_out = np.arange(6)
    data = DataSet("some", np.arange(7), np.array([4, 7, 7, 7, 7, 7, 7]), held_out, np.array([4, 4, 7, 7, 7, 7]))
    clustering = BaselineClustering(np.array([1, 1, 1, 1, 1, 0, 0]), lambda rows: np.array([1, 1, 1, 1, 0, 0])[rows])
    scores = RareMeasure(4).score(clustering, data)
    assert (scores["recall"], scores["precision"]) == (1.0, 1 / 5)


def test_a_class_that_is_swallowed_by_a_larger_one_is_not_found():
    scores = scores_of([4, 7, 7, 7, 7], [0, 0, 0, 0, 0], 4)
    assert (scores["recall"], scores["precision"]) == (0.0, 0.0)


def test_every_run_says_how_the_rare_class_was_found(tmp_path):
    data, measure = make_rare(some_data(), "1")
    method = choose_method("kmeans", KINDS["vectors"])
    record = run_benchmark(data, KINDS["vectors"], method, 3, range(2), tmp_path / "result.json", [measure])
    for run in record["runs"]:
        assert run["rare"] == {"label": 1, "train_rows": 4, "recall": 1.0, "precision": 1.0} | NO_GROUP
    assert set(record["summary"]["rare"]) == {"recall", "precision", *NO_GROUP}
    assert record["measures"] == {"rare": {"label": 1, "one_in": 50}}


def test_unknown_labels_and_data_without_held_out_rows_are_refused():
    data = some_data()
    with pytest.raises(SettingError, match=r"--rare is '9'.*groups.*0, 1, 2"):
        make_rare(data, "9")
    with pytest.raises(DataError, match="held-out"):
        make_rare(replace(data, x_test=None, y_test=None), "1")
    with pytest.raises(DataError, match="no labels"):
        make_rare(replace(data, y_train=None), "1")


def test_the_dense_group_that_holds_most_of_the_class_is_measured():
    random = np.random.default_rng(0)
    group = 9 + random.normal(size=(30, 3)) / 2
    rows = np.concatenate([random.normal(size=(400, 3)), group]).astype(np.float32)
    # Five rows of the class lie elsewhere.
    labels = np.repeat([0, 1], [395, 35])
    data = DataSet("some", rows, labels, rows, labels)
    model = VAEClustering(1, method=TwoViews(epochs=1, hidden=(16,), heads=1), random_state=0, device="cpu").fit(rows)
    scores = RareMeasure(1).score(model, data)
    assert (scores["group_recall"], scores["group_precision"]) == (30 / 35, 1.0)
