from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import Tensor

from vaecluster.data.preprocessing import standard_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.evaluation.inference import assignments
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.fitting import MethodSettings, fit_model
from vaecluster.training.going_on import go_on
from vaecluster.training.history import History
from vaecluster.training.settings import Settings
from vaecluster.training.shared_settings import SharedSettings

SHARED = SharedSettings(
    epochs=67, batch_size=100, learning_rate=1e-2, hidden=(32,), latent=4, precision=10.0, heads=2, components=12
)
BOUND = Settings("dense", 3, "gaussian", 2.5, epochs=100, batch_size=50, learning_rate=5e-3, hidden=(32,))
CENTRES = 4 * np.array([[1, 1, -1, -1], [1, -1, 1, -1], [-1, 1, 1, -1], [-1, -1, -1, 1]])
CLUSTERS = 4
# Training by the bound alone moves the clusters of a fit that goes on as it moves those of any other.
KEPT = {SharedSettings: 0.98, Settings: 0.8}


def blobs(seed: int, groups: int = CLUSTERS, number: int = 300) -> np.ndarray:
    random = np.random.default_rng(seed)
    return CENTRES[random.integers(0, groups, number)] + random.normal(size=(number, 4))


PREPROCESSING = standard_preprocessing(blobs(0))


def rows_of(array: np.ndarray) -> Rows:
    return Rows(array, PREPROCESSING, torch.device("cpu"))


@pytest.fixture(scope="module", params=[BOUND, SHARED], ids=["bound", "shared"])
def fitted(request: pytest.FixtureRequest) -> tuple[MethodSettings, ClusteringVAE]:
    torch.manual_seed(0)
    return request.param, fit_model(request.param, rows_of(blobs(0)), CLUSTERS, ()).model


def gone_on(
    fitted: tuple[MethodSettings, ClusteringVAE], array: np.ndarray, epochs: int = 1, seen: int = 300
) -> ClusteringVAE:
    settings, model = deepcopy(fitted)
    torch.manual_seed(1)
    assert go_on(settings, model, rows_of(array), epochs, seen, ()) == "finished"
    return model


def labels(model: ClusteringVAE) -> np.ndarray:
    return assignments(model, rows_of(blobs(0))).argmax(1)


@pytest.mark.parametrize("epochs", [1, 10])
def test_clusters_keep_their_numbers(fitted: tuple[MethodSettings, ClusteringVAE], epochs: int) -> None:
    model = gone_on(fitted, blobs(1), epochs)
    assert (labels(model) == labels(fitted[1])).mean() >= KEPT[type(fitted[0])]
    assert torch.equal(model.grouping.cluster_of, fitted[1].grouping.cluster_of)


def test_clusters_that_new_rows_have_none_of_are_not_forgotten(fitted: tuple[MethodSettings, ClusteringVAE]) -> None:
    model = gone_on(fitted, blobs(1, groups=2), epochs=5)
    assert (labels(model) == labels(fitted[1])).mean() >= KEPT[type(fitted[0])]


def test_the_epochs_asked_for_are_learned(fitted: tuple[MethodSettings, ClusteringVAE]) -> None:
    settings, model = deepcopy(fitted)
    history = History()
    go_on(settings, model, rows_of(blobs(1)), 3, 300, (history,))
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3]
    before, after = fitted[1].state_dict(), model.state_dict()
    assert not torch.equal(before["encoder.mean.weight"], after["encoder.mean.weight"])


def moments(model: ClusteringVAE) -> tuple[Tensor, Tensor]:
    return model.prior.components.mass, model.prior.components.means


def test_the_prior_stands_for_old_rows_and_new_ones_by_their_number() -> None:
    torch.manual_seed(0)
    model = fit_model(SHARED, rows_of(blobs(0)), CLUSTERS, ()).model
    only_new = gone_on((SHARED, model), blobs(1, groups=1), seen=0)
    mixed = gone_on((SHARED, model), blobs(1, groups=1), seen=900)
    # 300 new rows beside 900.
    expected = 0.75 * moments(model)[0] + 0.25 * moments(only_new)[0]
    torch.testing.assert_close(moments(mixed)[0], expected, rtol=1e-4, atol=1e-6)
    assert float(moments(mixed)[0].sum()) == pytest.approx(1, abs=1e-4)


def test_the_same_seed_gives_the_same_bytes(fitted: tuple[MethodSettings, ClusteringVAE]) -> None:
    one, other = (gone_on(fitted, blobs(1)).state_dict() for _ in range(2))
    assert all(torch.equal(values, other[name]) for name, values in one.items())


def test_a_method_is_known_by_its_settings() -> None:
    with pytest.raises(NotImplementedError):
        go_on({}, None, rows_of(blobs(0)), 1, 0, ())
