import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from builders import estimator, learned, learned_on, rows_of, tiny, vectors
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import assignments, codes
from vaecluster.methods.base import Fitted
from vaecluster.methods.dec import Sharpening, start_at_centres
from vaecluster.methods.moments import moment_components
from vaecluster.methods.on_codes import Generator
from vaecluster.model.cluster_posterior import StudentPosterior
from vaecluster.model.objective import Batch
from vaecluster.model.vae import ClusteringVAE

ENOUGH = {"batch_size": 50, "learning_rate": 1e-2, "latent": 3, "hidden": (32,), "warm_epochs": 20, "epochs": 10}
LEARNED_LAST = ("decoder.", "encoder.log_variance.")
NUMBER = 200
GROUP = np.arange(NUMBER) % 4
both = pytest.mark.parametrize("name", ["dec", "idec"])


def groups(seed: int = 0) -> np.ndarray:
    return vectors(NUMBER, groups=4, seed=seed)


def labels(fitted: Fitted, array: np.ndarray) -> np.ndarray:
    return assignments(fitted.model, rows_of(array, fitted.method)).argmax(1)


def model_and_rows(name: str = "dec") -> tuple[ClusteringVAE, Rows]:
    method = tiny(name)
    return learned(method, vectors()).model, rows_of(vectors(), method)


def batch(rows: Rows) -> Batch:
    return Batch(rows[:], torch.Generator().manual_seed(0))


def student(model: ClusteringVAE) -> StudentPosterior:
    assert isinstance(model.cluster_posterior, StudentPosterior)
    return model.cluster_posterior


@both
def test_it_finds_separate_groups_and_holds_them_when_it_goes_on(name: str) -> None:
    fitted = learned(tiny(name, **ENOUGH), groups(), 4)
    assert adjusted_rand_score(GROUP, labels(fitted, groups())) > 0.9
    after = learned_on(fitted, groups(seed=1), epochs=3, seen=NUMBER)
    assert (labels(after, groups()) == labels(fitted, groups())).mean() > 0.95


@both
def test_the_stages_are_the_autoencoder_the_clusters_and_the_generator(name: str) -> None:
    history = learned(tiny(name, tolerance=0, generator_epochs=3, learning_rate=0.1), vectors()).history
    stages = [["reconstruction"]] * 2 + [["reconstruction", "target_kl"]] * 2 + [["reconstruction", "latent_kl"]] * 3
    assert [list(epoch.terms) for epoch in history.epochs] == stages


@both
@pytest.mark.parametrize(("tolerance", "epochs"), [(1, 1), (0, 3)])
def test_clusters_are_done_when_few_rows_change_theirs(name: str, tolerance: float, epochs: int) -> None:
    # At such a rate rows change cluster in every epoch.
    history = learned(tiny(name, tolerance=tolerance, epochs=3, learning_rate=0.3), vectors()).history
    assert sum("target_kl" in epoch.terms for epoch in history.epochs) == epochs
    # The generator comes after them.
    assert history.ending == "finished"
    assert "latent_kl" in history.epochs[-1].terms


def test_centres_start_where_k_means_finds_them() -> None:
    model, rows = model_and_rows()
    start_at_centres(model, rows, 0)
    points, centres = codes(model, rows), student(model).centres.detach().numpy()
    nearest = np.square(points[:, None] - centres).sum(-1).argmin(1)
    # The centre of each is the mean of the rows that are nearest to it: Lloyd's fixed point.
    for cluster in range(3):
        np.testing.assert_allclose(points[nearest == cluster].mean(0), centres[cluster], rtol=1e-4, atol=1e-5)


def renewed(model: ClusteringVAE, rows: Rows, *, kept: bool = False, weight: float = 1.0) -> Sharpening:
    objective = Sharpening(model, weight, kept=kept)
    assert objective.renew_target(rows) == 0
    return objective


def test_the_target_is_the_square_over_the_share_and_does_not_move_with_the_model() -> None:
    model, rows = model_and_rows()
    objective = renewed(model, rows)
    q = model.assign(rows[:]).probs.detach()
    squares = q.square() / q.sum(0)
    expected = squares / squares.sum(1, keepdim=True)
    torch.testing.assert_close(objective.target(rows[:]).exp(), expected)
    student(model).centres.data.add_(torch.randn(3, 2, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(objective.target(rows[:]).exp(), expected)
    changed = float((model.assign(rows[:]).probs.argmax(1) != q.argmax(1)).double().mean())
    assert objective.renew_target(rows) == pytest.approx(changed) != 0
    torch.testing.assert_close(objective.target(rows[:]).exp().sum(1), torch.ones(len(rows)))


def test_weights_of_rows_count_in_the_shares_as_copies_do() -> None:
    model, rows = model_and_rows()
    weights = 1.0 + np.arange(40) % 3
    weighted = Rows(rows.source, rows.schema, rows.device, weights / weights.mean())
    copies = Rows(rows.source, rows.schema, rows.device, None, np.repeat(np.arange(40), weights.astype(int)))
    torch.testing.assert_close(renewed(model, weighted).shares, renewed(model, copies).shares)


def test_the_target_is_sharper_than_the_assignment() -> None:
    model, rows = model_and_rows()
    objective = renewed(model, rows)
    objective.shares.fill_(1 / 3)
    assert (objective.target(rows[:]).exp().amax(1) >= model.assign(rows[:]).probs.amax(1) - 1e-6).all()


def gradients(model: ClusteringVAE, rows: Rows, *, kept: bool, weight: float) -> dict[str, Tensor]:
    objective = renewed(model, rows, kept=kept, weight=weight)
    objective.zero_grad()
    objective(batch(rows)).loss.backward()
    found = {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}
    assert all(one.grad is None for one in objective.then.parameters())
    return found


def test_codes_hear_the_reconstruction_under_idec_alone() -> None:
    model, rows = model_and_rows()
    dec, strong = (gradients(model, rows, kept=False, weight=weight) for weight in (1.0, 2.0))
    idec = gradients(model, rows, kept=True, weight=1.0)
    heard = [name for name in dec if not torch.allclose(dec[name], idec[name], atol=1e-9)]
    assert heard
    assert all(name.startswith("encoder") for name in heard)
    # Under DEC the target alone moves encoder and centres, and the reconstruction alone the decoder.
    for name, gradient in dec.items():
        factor = 1.0 if name.startswith("decoder") else 2.0
        torch.testing.assert_close(strong[name], factor * gradient)


def test_the_loss_is_the_divergence_and_the_reconstruction_per_entry() -> None:
    model, rows = model_and_rows("idec")
    terms = renewed(model, rows, kept=True, weight=0.5)(batch(rows))
    assert (terms.target_kl >= -1e-6).all()
    expected = 0.5 * terms.target_kl.mean() - terms.reconstruction.mean() / 4
    torch.testing.assert_close(terms.loss, expected)


@both
def test_each_cluster_is_a_gaussian_with_the_moments_of_its_codes(name: str) -> None:
    fitted = learned(tiny(name), vectors())
    model, rows = fitted.model, rows_of(vectors(), fitted.method)
    points, shares = codes(model, rows), model.assign(rows[:]).probs.detach().numpy()
    means = shares.T @ points / shares.sum(0)[:, None]
    np.testing.assert_allclose(moment_components(model.prior).means.numpy(), means, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model.prior.weights().probs.numpy(), shares.mean(0), rtol=1e-3)


def test_the_generator_moves_neither_codes_nor_clusters_nor_prior() -> None:
    model, rows = model_and_rows()
    model.zero_grad()
    Generator(model)(batch(rows)).loss.backward()
    moved = {name for name, one in model.named_parameters() if one.grad is not None}
    assert moved == {name for name, _ in model.named_parameters() if name.startswith(LEARNED_LAST)}


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
@pytest.mark.parametrize(("name", "choice"), [("dec", {}), ("stepwise", {}), ("stepwise", {"clusterer": "mixture"})])
def test_of_few_distinct_rows_it_is_said_once_that_clusters_are_empty(name: str, choice: dict[str, str]) -> None:
    # Any other warning would be an error here.
    model = estimator(name, 6, **choice).fit(np.repeat(vectors(4), 10, axis=0))
    assert (model.cluster_sizes_ > 0).sum() <= 4
