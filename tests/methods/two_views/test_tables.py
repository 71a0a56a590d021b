import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch import nn

from builders import rows_of, vectors
from vaecluster.data.rows import Rows, normalised
from vaecluster.methods.two_views import tables as tables_module
from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.objective import TwoViewsObjective, Weights
from vaecluster.methods.two_views.tables import (
    MOST_LOOKS,
    NEGLIGIBLE,
    ComponentTables,
    code_means,
    component_tables,
    prior_of,
)
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.dense import DenseEncoderNetwork
from vaecluster.model.networks.initial import linear, start_
from vaecluster.views import Neighbours, Views
from vaecluster.views.change import Function
from vaecluster.views.neighbours import Near
from vaecluster.views.pipeline import PreparedViews

NUMBER, HEADS, COMPONENTS = 40, 3, 6


def parts(seed: int = 0) -> TwoViewsObjective:
    encoder = Encoder(nn.Identity(), DenseEncoderNetwork((4,), (16,), normalised=True), 16, 2)
    decoder = Decoder(linear(2, 4), Gaussian((4,), 2.5))
    objective = TwoViewsObjective.of_components(
        encoder, decoder, ComponentHeads(16, HEADS, COMPONENTS), Weights(20.0, 1.0, 1.0, 0.5)
    )
    start_(objective, torch.Generator().manual_seed(seed))
    return objective


def tables(objective: TwoViewsObjective, views: Views, rows: Rows | None = None, seed: int = 0) -> tuple:
    prepared = views.prepare(rows or rows_of(vectors(NUMBER)))
    found = component_tables(objective.encoder, objective.heads, prepared, torch.Generator().manual_seed(seed))
    overlap = np.array([[found.overlap(one, other) for other in range(HEADS)] for one in range(HEADS)])
    return found.joint, overlap


def assigned(objective: TwoViewsObjective) -> np.ndarray:
    with torch.no_grad():
        features = objective.eval().encoder.features(rows_of(vectors(NUMBER))[:])
        return objective.heads(features).double().numpy()


def test_every_head_has_a_symmetric_joint_table_over_all_rows() -> None:
    objective = parts()
    joint, _ = tables(objective, Views())  # each row is its own partner
    assignment = assigned(objective)
    expected = np.einsum("nhc,nhd->hcd", assignment, assignment) / NUMBER
    np.testing.assert_allclose(joint, expected, atol=1e-6)
    np.testing.assert_allclose(joint.sum((1, 2)), 1, atol=1e-5)


def test_mean_codes_are_those_of_the_rows_of_a_component() -> None:
    objective, rows, generator = parts(), rows_of(vectors(NUMBER)), torch.Generator().manual_seed(0)
    means = code_means(objective.encoder, objective.heads, rows, generator, sharpness=3)
    with torch.no_grad():
        codes = objective.encoder.code(objective.encoder.features(rows[:])).mean.double().numpy()
    weights = assigned(objective) ** 3
    weights /= weights.sum(-1, keepdims=True)
    expected = np.einsum("nhc,nd->hcd", weights, codes) / weights.sum(0)[..., None]
    np.testing.assert_allclose(means, expected, rtol=1e-4, atol=1e-5)


def test_every_two_heads_have_a_table_of_their_components_on_the_same_rows() -> None:
    objective = parts()
    _, overlap = tables(objective, Views(Neighbours(5)))  # whatever the partners are
    assignment = assigned(objective)
    assert overlap.shape == (HEADS, HEADS, COMPONENTS, COMPONENTS)
    np.testing.assert_allclose(overlap, np.einsum("nhc,ngd->hgcd", assignment, assignment) / NUMBER, atol=1e-6)


def test_of_many_components_only_what_is_negligible_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    objective, views = parts(), Views(Neighbours(5))
    with torch.no_grad():
        objective.heads.linear.weight.mul_(100)  # sure enough that most of the table is next to nothing
    dense = tables(objective, views)
    monkeypatch.setattr(tables_module, "FEW", COMPONENTS - 1)
    sparse = tables(objective, views)
    for all_of_it, most_of_it in zip(dense, sparse, strict=True):
        np.testing.assert_allclose(most_of_it, all_of_it, atol=2 * COMPONENTS / NEGLIGIBLE)
        assert most_of_it.sum((-2, -1)) == pytest.approx(1)
    assert (sparse[0] == 0).sum() > (dense[0] == 0).sum()
    np.testing.assert_allclose(sparse[0], sparse[0].transpose(0, 2, 1))


def test_the_joint_table_is_of_pairs_that_no_step_has_seen() -> None:
    objective, rows = parts(), rows_of(vectors(NUMBER))
    random = np.random.default_rng(0)
    seen, unseen = (random.permutation(NUMBER)[:, None].astype(np.int32) for _ in range(2))
    views = PreparedViews(rows, Near(seen, unseen, dimension=2.0, among=len(seen)), ())
    joint = component_tables(objective.encoder, objective.heads, views, torch.Generator().manual_seed(0)).joint
    own = assigned(objective)
    pairs = np.einsum("nhc,nhd->hcd", own, own[unseen[:, 0]]) / NUMBER
    np.testing.assert_allclose(joint, (pairs + pairs.transpose(0, 2, 1)) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("most", "looks", "seen"),
    [(20_000, MOST_LOOKS, NUMBER), (4 * NUMBER + 1, 4, NUMBER), (NUMBER, 1, NUMBER), (15, 1, 15)],
    ids=str,
)
def test_few_rows_are_looked_at_several_times_and_of_many_only_some(
    most: int, looks: int, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaecluster.methods.two_views.tables.PAIRS", most)
    sizes: list[int] = []
    counted = Function.of(lambda batch: sizes.append(len(batch)) or batch)
    joint, overlap = tables(parts(), Views(Neighbours(5), (counted,)))
    assert sizes == [seen] * looks
    for table in (joint, overlap):
        np.testing.assert_allclose(table.sum((-1, -2)), 1, atol=1e-5)
    np.testing.assert_allclose(joint, joint.transpose(0, 2, 1), atol=1e-8)


def test_the_generator_decides_the_partners_and_nothing_is_learned() -> None:
    objective = parts()
    before = {name: values.clone() for name, values in objective.state_dict().items()}
    first, again, other = (tables(objective, Views(Neighbours(5)), seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert all(torch.equal(values, before[name]) for name, values in objective.state_dict().items())


@pytest.mark.parametrize("head", range(HEADS))
def test_the_prior_of_a_head_has_the_moments_of_all_rows_by_their_weights(head: int) -> None:
    objective, rows = parts(), rows_of(vectors(NUMBER))
    weights = np.random.default_rng(0).uniform(0.5, 2, NUMBER)
    for given in (None, normalised(weights)):
        weighted = Rows(rows.source, rows.schema, rows.device, given)
        prior = prior_of(objective, head, weighted)
        share = np.ones(NUMBER) if given is None else given
        expected = (share[:, None] * assigned(objective)[:, head]).mean(0)
        np.testing.assert_allclose(prior.weights().probs.numpy(), expected, rtol=1e-4, atol=1e-6)
        with torch.no_grad():
            codes = objective.encoder(rows[:]).mean.numpy()
        mean = prior.weights().probs @ prior.components.means
        np.testing.assert_allclose(mean.numpy(), (share[:, None] * codes).mean(0), rtol=1e-3, atol=1e-5)


def test_weights_of_rows_count_in_the_tables() -> None:
    objective, rows = parts(), rows_of(vectors(NUMBER))
    # Rows of the first group alone.
    first = np.where(np.arange(NUMBER) % 3 == 0, 1.0, 1e-9)
    weighted = Rows(rows.source, rows.schema, rows.device, normalised(first))
    joint, _ = tables(objective, Views(), weighted)
    shares = assigned(objective)[::3].mean(0)
    np.testing.assert_allclose(joint.sum(-1), shares, atol=0.05)


def test_the_component_of_a_row_is_the_same_from_sparse_assignments() -> None:
    own = np.random.default_rng(0).random((20, 5)).astype(np.float32)
    both = ComponentTables(np.zeros((2, 5, 5)), [own, csr_array(own * (own > 0.1))])
    np.testing.assert_array_equal(both.component_of(0), own.argmax(1))
    np.testing.assert_array_equal(both.component_of(1), own.argmax(1))
