import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from builders import learned, learned_on, rows_of, tiny, vectors
from vaecluster.inference.answers import assignments
from vaecluster.methods.base import Fitted
from vaecluster.methods.dgg import GraphObjective
from vaecluster.model.distributions import draw
from vaecluster.model.objective import Batch, BoundObjective, bound_at
from vaecluster.training.state import tensors_of

LONG = {"warm_epochs": 40, "epochs": 40, "batch_size": 50, "learning_rate": 1e-2, "latent": 4, "hidden": (32,)}
NUMBER = 300
GROUP = np.arange(NUMBER) % 4


def groups(seed: int = 0) -> np.ndarray:
    return vectors(NUMBER, groups=4, seed=seed)


def labels(fitted: Fitted, array: np.ndarray) -> np.ndarray:
    return assignments(fitted.model, rows_of(array, fitted.method)).argmax(1)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_it_finds_separate_groups_and_holds_them_when_it_goes_on() -> None:
    fitted = learned(tiny("dgg", **LONG), groups(), 4)
    assert adjusted_rand_score(GROUP, labels(fitted, groups())) > 0.9
    after = learned_on(fitted, groups(seed=1), epochs=3)
    assert (labels(after, groups()) == labels(fitted, groups())).mean() > 0.95
    assert {"bound", "neighbour_bound"} <= set(after.history.epochs[-1].terms)
    rates = [epoch.learning_rate for epoch in after.history.epochs]
    assert max(rates) < 0.11 * max(epoch.learning_rate for epoch in fitted.history.epochs)


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_the_loss_is_of_the_bounds_of_rows_and_of_neighbours_by_the_same_codes(share: float) -> None:
    model = learned(tiny("dgg"), vectors()).model
    rows, view = rows_of(vectors(), tiny("dgg"))[:20], rows_of(vectors(), tiny("dgg"))[20:]
    terms = GraphObjective(model, share)(Batch(rows, generator(), view))
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)
    code = draw(posterior, generator())
    own, other = (bound_at(model, some, features, posterior, code) for some in (rows, view))
    torch.testing.assert_close(terms.bound, own.bound)
    torch.testing.assert_close(terms.neighbour_bound, other.bound)
    torch.testing.assert_close(terms.loss, (1 - share) * own.loss + share * other.loss)


def test_a_row_that_is_its_own_neighbour_has_the_bound_alone() -> None:
    model = learned(tiny("dgg"), vectors()).model
    rows = rows_of(vectors(), tiny("dgg"))[:]
    graph = GraphObjective(model, 0.6)(Batch(rows, generator(), rows))
    plain = BoundObjective(model)(Batch(rows, generator()))
    torch.testing.assert_close(graph.loss, plain.loss)


def test_it_starts_as_vade_does() -> None:
    same = {"warm_epochs": 3, "epochs": 1, "learning_rate": 1e-3}
    graph, vade = (learned(tiny(name, **same), vectors()) for name in ("dgg", "vade"))
    assert graph.history.epochs[:3] != []
    for one, other in zip(graph.history.epochs[:3], vade.history.epochs[:3], strict=True):
        assert one.terms == other.terms
    assert tensors_of(graph.model).keys() == tensors_of(vade.model).keys()
