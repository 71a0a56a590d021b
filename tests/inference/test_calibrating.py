from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from builders import rows_of, tiny
from vaecluster.data.draws import Draws
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import assignments
from vaecluster.inference.calibrating import confidence_of
from vaecluster.model.networks.initial import start_
from vaecluster.model.vae import ClusteringVAE

CLUSTERS = 2
X = np.random.default_rng(0).normal(size=(300, 3))


def untaught(clusters: int = CLUSTERS, rows: int = len(X)) -> tuple[ClusteringVAE, Rows]:
    method = tiny("su2018", cluster_posterior="features")
    given = rows_of(X[:rows], method)
    model = method.completed(given.schema, rows, clusters).build(given.schema, clusters)
    start_(model, Draws(0).at("weights"))
    return model, given


def always(*clusters: int) -> Callable[[Tensor], Tensor]:
    """Heads of which each puts every row into one cluster, and surely."""
    return lambda batch: torch.eye(CLUSTERS)[list(clusters)].expand(len(batch), -1, -1)


def halves(*turned: bool) -> Callable[[Tensor], Tensor]:
    """Heads that cut the rows along the first column, or along the second if turned."""

    def heads(batch: Tensor) -> Tensor:
        return torch.stack([torch.eye(CLUSTERS)[(batch[:, int(other)] > 0).long()] for other in turned], 1)

    return heads


def test_a_cut_through_one_gaussian_is_not_sure() -> None:
    model, rows = untaught()
    assert assignments(model, rows, confidence_of(model, rows)).max(1).mean() < 0.85


def test_heads_that_disagree_are_less_sure_than_heads_that_agree() -> None:
    model, rows = untaught()
    agreeing, disagreeing = (
        assignments(model, rows, confidence_of(model, rows, halves(*turned))).max(1).mean()
        for turned in ((False, False, False), (False, True, True))
    )
    assert disagreeing < agreeing


def test_the_numbers_of_a_heads_clusters_do_not_matter() -> None:
    model, rows = untaught()
    swapped = lambda batch: halves(False, False)(batch).flip(-1)  # noqa: E731
    found = [assignments(model, rows, confidence_of(model, rows, heads)) for heads in (halves(False, False), swapped)]
    np.testing.assert_array_equal(*found)


def test_clusters_stay_and_the_same_rows_give_the_same_bytes() -> None:
    model, rows = untaught()
    one, other = (assignments(model, rows, confidence_of(model, rows)) for _ in range(2))
    assert one.tobytes() == other.tobytes()
    assert one.argmax(1).tolist() == assignments(model, rows).argmax(1).tolist()


def test_heads_without_a_row_in_some_cluster_are_no_trouble() -> None:
    model, rows = untaught()
    assert np.isfinite(assignments(model, rows, confidence_of(model, rows, always(0, 1)))).all()


@pytest.mark.parametrize(("clusters", "rows"), [(1, 300), (4, 4), (4, 1), (257, 300)])
def test_one_cluster_very_many_and_too_few_rows_have_no_confidence_to_learn(clusters: int, rows: int) -> None:
    assert confidence_of(*untaught(clusters, rows)) is None
