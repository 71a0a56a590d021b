"""Labels that take part in learning: drawn beside batches, kept in place, refused where they cannot be."""

from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from builders import CLUSTERS, estimator, quiet, rows_of, vectors
from vaecluster import VAEClustering
from vaecluster.errors import DataError, SettingError
from vaecluster.methods import METHODS
from vaecluster.methods.labels import LabelledRows, with_labelled
from vaecluster.model.objective import Batch
from vaecluster.training.run import Run
from vaecluster.training.state import tensors_of

# So little learning leaves some labels without a cluster.
pytestmark = [quiet, pytest.mark.filterwarnings("ignore::vaecluster.errors.UnnamedClustersWarning")]
NUMBER = 120
GROUP = np.arange(NUMBER) % CLUSTERS
# Long enough that groups are found.
ENOUGH: dict[str, dict[str, Any]] = {
    "two-views": {"epochs": 30, "components": 12, "hidden": (32,), "learning_rate": 3e-2, "batch_size": 40},
    "su2018": {"epochs": 40, "learning_rate": 2e-2, "batch_size": 40},
    "vade": {"warm_epochs": 20, "epochs": 30, "learning_rate": 2e-2, "batch_size": 40},
}
# Names out of the order in which groups would be numbered by themselves.
NAMES = np.array(["c", "a", "b"])
learning = pytest.mark.parametrize("method", ENOUGH)


def some_known(each: int = 4) -> np.ndarray:
    """The names of the first rows of each group, None for the others."""
    names = NAMES[GROUP].astype(object)
    names[each * CLUSTERS :] = None
    return names


def groups() -> np.ndarray:
    return vectors(NUMBER)


@cache
def fitted(method: str, every: bool) -> VAEClustering:
    """Fitted once to groups of which all names are known, or some, and shared: not to be changed."""
    y = NAMES[GROUP] if every else some_known()
    return estimator(method, label_weight=20.0, **ENOUGH[method]).fit(groups(), y)


def weights_of(model: VAEClustering) -> dict[str, torch.Tensor]:
    """All weights; which number a cluster has may follow from its name."""
    return {name: values for name, values in tensors_of(model.model_).items() if not name.startswith("grouping")}


def test_the_methods_that_learn_labels_are_those_with_a_weight_of_them() -> None:
    assert {name for name, method in METHODS.items() if hasattr(method(), "label_weight")} == set(ENOUGH)
    assert not any(method().learns_labels for method in METHODS.values())


@learning
@pytest.mark.parametrize("every", [True, False], ids=["all labels", "some labels"])
def test_clusters_are_the_labels(method: str, every: bool) -> None:
    model = fitted(method, every)
    assert model.cluster_names_ == {0: "a", 1: "b", 2: "c"}
    named = np.array([model.cluster_names_[cluster] for cluster in model.labels_])
    assert (named == NAMES[GROUP]).mean() > 0.95
    # Both ways to classify find them.
    assert (model.predict_proba(groups(), by="bayes").argmax(1) == model.labels_).mean() > 0.8


@learning
def test_clusters_that_rows_alone_would_not_make_are_learned_from_labels(method: str) -> None:
    """Four groups, of which labels put two into one."""
    rows, pair = vectors(NUMBER, groups=4), np.array([0, 1, 1, 0])[np.arange(NUMBER) % 4]
    known = np.where(np.arange(NUMBER) < 60, pair, -1)
    model = estimator(method, 2, label_weight=20.0, **ENOUGH[method]).fit(rows, known)
    assert (model.labels_ == pair).mean() > 0.9


@learning
def test_without_a_weight_no_label_takes_part_and_with_one_they_do(method: str) -> None:
    def weights(y: Any, **choice: Any) -> dict[str, torch.Tensor]:
        return weights_of(estimator(method, **choice).fit(vectors(), y))

    plain, named = weights(None), weights(some_known()[:40])
    assert all(torch.equal(values, named[name]) for name, values in plain.items())
    learned = weights(some_known()[:40], label_weight=5.0)
    assert not all(torch.equal(values, learned[name]) for name, values in plain.items())


def test_a_number_that_is_to_be_found_is_at_least_that_of_the_labels() -> None:
    kinds = np.arange(NUMBER) % 6
    known = np.where(np.arange(NUMBER) < 60, kinds, -1)
    rows = vectors(NUMBER)
    model = estimator("two-views", "auto", label_weight=20.0, **ENOUGH["two-views"]).fit(rows, known)
    assert model.n_clusters_ >= 6


@pytest.mark.parametrize("method", ["two-views", "su2018"])
def test_with_fewer_labels_than_clusters_some_are_new_kinds(method: str) -> None:
    y = np.where((GROUP < 2) & (np.arange(NUMBER) < 60), GROUP, -1)
    model = estimator(method, label_weight=20.0, **ENOUGH[method]).fit(groups(), y)
    assert model.n_clusters_ == CLUSTERS
    assert {0: 0, 1: 1}.items() <= model.cluster_names_.items()
    known = GROUP < 2
    assert (model.labels_[known] == GROUP[known]).mean() > 0.9


@learning
def test_a_fit_goes_on_with_the_labels_by_the_names_of_clusters(method: str) -> None:
    model = deepcopy(fitted(method, False))
    names = dict(model.cluster_names_)
    model.partial_fit(vectors(NUMBER, seed=1), some_known())
    assert model.cluster_names_ == names
    assert "label_cross_entropy" in model.history_.epochs[-1].terms
    # Without labels it goes on, too.
    assert "label_cross_entropy" not in model.partial_fit(vectors(NUMBER, seed=2)).history_.epochs[-1].terms
    with pytest.raises(DataError, match="y holds 'new', which is the name of no cluster"):
        model.partial_fit(vectors(NUMBER), np.array(["new", *[None] * (NUMBER - 1)], dtype=object))


@pytest.mark.parametrize(
    ("y", "clusters", "parts"),
    [
        (None, 3, ("no label is known", "label_weight=0")),
        ([-1] * 40, 3, ("no label is known", "-1 for the others")),
        (np.arange(40) % 5, 3, ("y holds 5 labels", "n_clusters is 3", "Set it to 5 or more")),
        (np.arange(40) % 5, (2, 4), ("y holds 5 labels", "n_clusters is")),
        (np.arange(40) % 20, "auto", ("components is", "fewer than the 20 labels of y", "Give several for each")),
    ],
    ids=["none given", "none known", "more than clusters", "more than a range", "more than components"],
)
def test_labels_that_cannot_be_learned_from_are_refused(y: Any, clusters: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(SettingError) as problem:
        estimator("two-views", clusters, label_weight=1.0).fit(vectors(), y)
    assert all(part in str(problem.value) for part in parts), problem.value


def test_a_target_of_a_regression_is_no_label() -> None:
    with pytest.raises(DataError, match="y: labels of type float64"):
        estimator("two-views", label_weight=1.0).fit(vectors(), np.linspace(0, 1, 40))


def test_labelled_rows_are_drawn_as_often_as_they_count() -> None:
    rows = rows_of(vectors()).labelled(np.array([2, 0, 1, *[-1] * 37]))
    rows.weights = np.array([1.0, 3.0, 0.0, *[1.0] * 37])
    numbers, clusters = LabelledRows(rows).draw(4000, torch.Generator().manual_seed(0))
    assert np.bincount(numbers, minlength=3)[:3] / 4000 == pytest.approx([0.25, 0.75, 0.0], abs=0.03)
    assert set(zip(numbers.tolist(), clusters.tolist(), strict=True)) == {(0, 2), (1, 0)}


def test_labelled_rows_come_with_every_batch_made_as_it_is() -> None:
    rows = rows_of(vectors())
    run = Run(rows, CLUSTERS, 0)
    assert with_labelled(run.batch, rows).__self__ is run  # type: ignore[attr-defined]
    batch: Batch = with_labelled(run.batch, rows.labelled(np.array([*[-1] * 39, 1])))(
        np.arange(10), torch.Generator().manual_seed(0)
    )
    assert batch.labelled is not None
    assert batch.labelled.labels is not None
    assert batch.labelled.labels.tolist() == [1, 1, 1]
    torch.testing.assert_close(batch.labelled.rows, rows[np.array([39, 39, 39])])
    torch.testing.assert_close(batch.rows, rows[np.arange(10)])


def test_rows_that_do_not_count_teach_no_label() -> None:
    """A wrong label of weight 0 changes nothing."""

    def weights(y: np.ndarray) -> dict[str, torch.Tensor]:
        counts = np.ones(NUMBER)
        counts[0] = 0
        return weights_of(estimator("su2018", label_weight=5.0).fit(groups(), y, sample_weight=counts))

    right, wrong = (np.where(np.arange(NUMBER) < 12, GROUP, -1) for _ in range(2))
    wrong[0] = 2
    one, other = weights(right), weights(wrong)
    assert all(torch.equal(values, other[name]) for name, values in one.items())


def test_the_weight_is_a_parameter_like_others() -> None:
    model = VAEClustering(3).set_params(method__label_weight=2.0)
    assert model.method.learns_labels
    with pytest.raises(SettingError, match="label_weight of TwoViews is -1"):
        model.set_params(method__label_weight=-1.0)


@learning
def test_each_label_has_a_cluster_from_which_learning_goes_on_even_where_no_row_is_in_it(method: str) -> None:
    y = NAMES[GROUP]
    model = estimator(method, label_weight=20.0, **(ENOUGH[method] | {"epochs": 1})).fit(groups(), y)
    assert model.cluster_names_ == {0: "a", 1: "b", 2: "c"}
    # Whatever the rows seem to be after so little learning.
    assert model.partial_fit(groups(), np.roll(y, 1)).cluster_names_ == {0: "a", 1: "b", 2: "c"}
