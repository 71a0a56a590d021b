import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from builders import estimator, learned, learned_on, rows_of, tiny, vectors
from vaecluster import VAEClustering
from vaecluster.errors import SettingError
from vaecluster.inference.answers import assignments, codes
from vaecluster.methods import Method
from vaecluster.methods.base import Fitted
from vaecluster.methods.imitation import Imitation
from vaecluster.methods.moments import moment_components
from vaecluster.methods.stepwise import on_map, plain_vae
from vaecluster.model.objective import Batch
from vaecluster.training.state import tensors_of

NUMBER = 200
GROUP = np.arange(NUMBER) % 4
CLUSTERERS = ("kmeans", "mixture")
every_clusterer = pytest.mark.parametrize("clusterer", CLUSTERERS)
every_representation = pytest.mark.parametrize("representation", ["autoencoder", "vae"])


def method_of(**choice: Any) -> Method:
    enough = {"batch_size": 50, "learning_rate": 1e-2, "latent": 3, "hidden": (32,), "epochs": 20}
    return tiny("stepwise", **enough | choice)


def groups(seed: int = 0) -> np.ndarray:
    return vectors(NUMBER, groups=4, seed=seed)


@cache
def fitted(clusterer: str, representation: str = "autoencoder") -> Fitted:
    """Fitted once, and not to be changed."""
    return learned(method_of(clusterer=clusterer, representation=representation), groups(), 4)


def labels(found: Fitted, array: np.ndarray) -> np.ndarray:
    return assignments(found.model, rows_of(array, found.method)).argmax(1)


def points(found: Fitted) -> np.ndarray:
    return codes(found.model, rows_of(groups(), found.method)).astype(np.float64)


@every_representation
@every_clusterer
def test_it_finds_separate_groups(clusterer: str, representation: str) -> None:
    assert adjusted_rand_score(GROUP, labels(fitted(clusterer, representation), groups())) > 0.9


@pytest.mark.parametrize(("representation", "terms"), [("autoencoder", 1), ("vae", 4)])
def test_the_stages_are_the_codes_and_the_generator(representation: str, terms: int) -> None:
    history = learned(tiny("stepwise", representation=representation), vectors()).history
    assert [len(epoch.terms) for epoch in history.epochs] == [terms] * 3 + [2] * 2
    assert list(history.epochs[-1].terms) == ["reconstruction", "latent_kl"]


def test_the_clusters_of_k_means_are_those_of_k_means_on_the_codes() -> None:
    found = fitted("kmeans")
    search = KMeans(4, n_init=20, random_state=0).fit(points(found))
    assert adjusted_rand_score(search.labels_, labels(found, groups())) == 1


def test_a_mixture_of_the_codes_is_the_prior() -> None:
    found = fitted("mixture")
    mixture = GaussianMixture(4, n_init=5, reg_covar=1e-4, random_state=0).fit(points(found))
    components = moment_components(found.model.prior)
    order = mixture.predict(components.means.numpy().astype(np.float64))
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_allclose(components.means.numpy(), mixture.means_[order], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.model.prior.weights().probs.numpy(), mixture.weights_[order], rtol=1e-3)
    said = assignments(found.model, rows_of(groups(), found.method))
    assert (said.argmax(1) == mixture.predict_proba(points(found))[:, order].argmax(1)).all()


@every_clusterer
def test_codes_and_clusters_stay_when_it_goes_on(clusterer: str) -> None:
    before, rows = fitted(clusterer), rows_of(groups(), fitted(clusterer).method)
    after = learned_on(before, groups(seed=1), epochs=2, seen=NUMBER)
    assert codes(after.model, rows).tobytes() == codes(before.model, rows).tobytes()
    assert assignments(after.model, rows).tobytes() == assignments(before.model, rows).tobytes()
    moved = tensors_of(after.model.decoder).items()
    assert any(not torch.equal(values, tensors_of(before.model.decoder)[name]) for name, values in moved)


def test_a_plain_vae_knows_one_cluster_and_has_the_parts_of_the_model() -> None:
    model, rows = fitted("kmeans").model, rows_of(groups(), fitted("kmeans").method)
    objective = plain_vae(model)
    assert objective.model.encoder is model.encoder
    assert objective.model.decoder is model.decoder
    terms = objective(Batch(rows[:], torch.Generator().manual_seed(0)))
    assert terms.assignment.shape == (NUMBER, 1)
    torch.testing.assert_close(terms.cluster_kl, torch.zeros(NUMBER))


def test_an_imitation_teaches_the_posterior_alone() -> None:
    model = tiny("stepwise", clusterer="umap-mixture").completed(rows_of(vectors()).schema, 40, 3)
    model = model.build(rows_of(vectors()).schema, 3).to_empty(device="cpu")
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.1, generator=torch.Generator().manual_seed(0))
    batch = Batch(rows_of(vectors())[:], torch.Generator(), labels=torch.arange(40) % 3)
    terms = Imitation(model)(batch)
    expected = model.assign(batch.rows).probs[torch.arange(40), batch.labels].log()
    torch.testing.assert_close(terms.log_likelihood, expected)
    terms.loss.backward()
    moved = {name.split(".")[0] for name, one in model.named_parameters() if one.grad is not None}
    assert moved == {"cluster_posterior"}


def test_without_umap_it_is_said_how_to_install_it_before_anything_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    heard: list[Any] = []
    with pytest.raises(SettingError) as caught:
        learned(method_of(clusterer="umap-mixture"), groups(), 4, heard.append)
    assert all(part in str(caught.value) for part in ("'umap-mixture'", "umap-learn", "vaecluster[umap]", "'mixture'"))
    assert not heard


def test_on_umaps_map_groups_are_found_and_the_posterior_answers_for_new_rows(tmp_path: Path) -> None:
    pytest.importorskip("umap")
    threads, state = torch.get_num_threads(), np.random.get_state()[1].tolist()
    model = estimator("stepwise", 4, clusterer="umap-mixture", latent=3, epochs=20, learning_rate=1e-2).fit(groups())
    assert torch.get_num_threads() == threads
    assert np.random.get_state()[1].tolist() == state
    assert adjusted_rand_score(GROUP, model.labels_) > 0.9
    assert adjusted_rand_score(GROUP, model.predict(groups(seed=1))) > 0.9
    assert list(model.history_.epochs[20].terms) == ["log_likelihood"]
    model.save(tmp_path / "model")
    again = VAEClustering.load(tmp_path / "model", device="cpu")
    assert again.predict_proba(groups()).tobytes() == model.predict_proba(groups()).tobytes()


@pytest.mark.parametrize("number", [2, 5, 11, 15])
def test_few_rows_have_clusters_too(number: int) -> None:
    pytest.importorskip("umap")
    assert set(on_map(vectors(number).astype(np.float64), 2, 0)) == {0, 1}
