from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn.functional import one_hot

from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.information import InformationEstimate
from vaecluster.methods.two_views.objective import TwoViewsObjective, TwoViewsTerms, Weights
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.grouping import Grouping
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.initial import linear, start_
from vaecluster.model.objective import Batch
from vaecluster.model.prior import MixturePrior

quick = settings(max_examples=10, deadline=None)
ROWS, DECODED, COLUMNS, FEATURES, LATENT, HEADS, COMPONENTS, CLUSTERS = 12, 4, 4, 6, 2, 3, 5, 3
CLUSTERS_OF = [[0, 1, 2, 0, 1], [0, 0, 1, 1, 2], [2, 1, 1, 0, 0]]  # of each head's components
WEIGHTS = Weights(information=20.0, agreement=3.0, balance=1.0, decoded_share=DECODED / ROWS)
STAGES = ["components", "clusters"]
stages = pytest.mark.parametrize("stage", STAGES)


def a_batch(seed: int = 0, rows: int = ROWS) -> Batch:
    generator = Generator().manual_seed(seed)
    own = torch.randn(rows, COLUMNS, generator=generator, dtype=torch.float64)
    noise = torch.randn(rows, COLUMNS, generator=generator, dtype=torch.float64)
    return Batch(own, generator, own + 0.3 * noise)


def first_stage(seed: int = 0) -> TwoViewsObjective:
    encoder = Encoder(nn.Identity(), nn.Sequential(linear(COLUMNS, FEATURES), nn.Tanh()), FEATURES, LATENT)
    decoder = Decoder(linear(LATENT, COLUMNS), Gaussian((COLUMNS,), 2.5))
    heads = ComponentHeads(FEATURES, HEADS, COMPONENTS)
    objective = TwoViewsObjective.of_components(encoder, decoder, heads, WEIGHTS)
    start_(objective, Generator().manual_seed(seed))
    return objective.double()


def second_stage(seed: int = 0, clusters_of: list[list[int]] = CLUSTERS_OF, head: int = 0) -> TwoViewsObjective:
    prior = MixturePrior(MomentComponents(COMPONENTS, LATENT), MomentWeights(COMPONENTS))
    target = torch.full((HEADS, CLUSTERS), 1 / CLUSTERS)
    groupings = [np.array(cluster_of) for cluster_of in clusters_of]
    # An estimate that has seen nothing yet takes the first batch as it is, so that it gives (2).
    return first_stage(seed).of_clusters(groupings, target, head, prior).double()


def objective_of(stage: str, seed: int = 0) -> TwoViewsObjective:
    return first_stage(seed) if stage == "components" else second_stage(seed)


def views(objective: TwoViewsObjective, batch: Batch) -> tuple[Tensor, Tensor]:
    """q(c|x) and q(c|x') of every head, (rows, heads, components) each."""
    assert batch.view is not None
    own, partner = (objective.heads(objective.encoder.features(rows)) for rows in (batch.rows, batch.view))
    return own, partner


def by_head(objective: TwoViewsObjective) -> list[Tensor]:
    """The heads' weights, (heads, components, ...) each."""
    return [values.data.view(HEADS, COMPONENTS, -1) for values in objective.heads.linear.parameters()]


def reached(value: Tensor, module: nn.Module) -> bool:
    gradients = torch.autograd.grad(
        value, list(module.parameters()), allow_unused=True, materialize_grads=True, retain_graph=True
    )
    return any(bool((gradient != 0).any()) for gradient in gradients)


def check_same(after: TwoViewsTerms, before: TwoViewsTerms) -> None:
    torch.testing.assert_close(after.loss, before.loss)
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)


# Both stages


@stages
def test_the_terms_have_one_value_per_row_or_decoded_row(stage: str) -> None:
    terms = objective_of(stage)(a_batch())
    assert terms.assignment.shape == (ROWS, COMPONENTS if stage == "components" else CLUSTERS)
    assert terms.information.shape == (ROWS,)
    assert terms.reconstruction.shape == terms.latent_kl.shape == terms.agreement.shape == (DECODED,)
    torch.testing.assert_close(terms.assignment.sum(-1), torch.ones(ROWS, dtype=torch.float64))
    without = {"loss", "assignment", "label_cross_entropy"}
    assert set(terms.named()) == {field.name for field in fields(terms)} - without
    assert all(values.isfinite().all() for values in terms.named().values())


@stages
def test_the_loss_is_the_stated_sum(stage: str) -> None:
    terms = objective_of(stage)(a_batch())
    means = {name: float(values.detach().mean()) for name, values in terms.named().items()}
    expected = -20 * means["information"] - means["reconstruction"] + means["latent_kl"] - 3 * means["agreement"]
    assert float(terms.loss.detach()) == pytest.approx(expected)


@stages
def test_rows_as_they_are_are_what_is_decoded(stage: str) -> None:
    # With next to no variance the code is its mean, so that the term can be computed by hand.
    objective, batch = objective_of(stage), a_batch()
    nn.init.zeros_(objective.encoder.log_variance.weight)
    nn.init.constant_(objective.encoder.log_variance.bias, -40.0)
    rows = batch.rows[:DECODED]
    expected = objective.decoder(objective.encoder(rows).mean).log_prob(rows)
    torch.testing.assert_close(objective(batch).reconstruction, expected, rtol=1e-3, atol=1e-3)


@given(seed=st.integers(0, 999), stage=st.sampled_from(STAGES))
@quick
def test_the_information_is_the_mean_over_the_heads_groups(seed: int, stage: str) -> None:
    objective, batch = objective_of(stage, seed), a_batch(seed)
    groups = [list(range(COMPONENTS))] * HEADS if stage == "components" else CLUSTERS_OF
    informations = []
    for head, cluster_of in enumerate(groups):
        grouping = Grouping(torch.tensor(cluster_of), max(cluster_of) + 1)
        own, partner = (grouping.sum(view[:, [head]]) for view in views(objective, batch))
        # An estimate that has seen no other batch is (2) itself.
        informations.append(InformationEstimate(*own.shape[1:])(own, partner).mean())
    torch.testing.assert_close(objective(batch).information.mean(), torch.stack(informations).mean())


@stages
@pytest.mark.parametrize("head", range(HEADS))
def test_every_weight_of_every_head_gets_a_gradient_and_no_moment_does(stage: str, head: int) -> None:
    objective = objective_of(stage)
    objective.head = head
    objective(a_batch()).loss.backward()
    for name, weight in objective.named_parameters():
        assert weight.grad is not None, name
        assert (weight.grad != 0).any(), name
    for weight in objective.heads.linear.parameters():
        assert (weight.grad.view(HEADS, COMPONENTS, -1) != 0).any(-1).all()
    assert not any(values.requires_grad for values in objective.buffers())


@stages
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_code_that_is_no_number_gives_a_loss_that_is_none(stage: str, value: float) -> None:
    # The loop then says what happened and what to do.
    objective = objective_of(stage)
    nn.init.constant_(objective.encoder.mean.bias, value)
    assert not objective(a_batch()).loss.isfinite()


@stages
def test_the_generator_decides_the_terms(stage: str) -> None:
    first, again, other = (
        objective_of(stage)(Batch(a_batch().rows, Generator().manual_seed(seed), a_batch().view)) for seed in (0, 0, 1)
    )
    assert torch.equal(first.loss, again.loss)
    assert not torch.equal(first.loss, other.loss)


# First stage


@given(seed=st.integers(0, 999))
@quick
def test_the_first_stage_is_one_standard_normal_that_all_rows_agree_on(seed: int) -> None:
    objective, batch = first_stage(seed), a_batch(seed)
    terms = objective(batch)
    posterior = objective.encoder(batch.rows[:DECODED])
    expected = kl_divergence(Normal(posterior.mean, posterior.stddev), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(terms.latent_kl, expected)
    assert (terms.agreement == 0).all()


# Second stage


@given(seed=st.integers(0, 999), head=st.integers(0, HEADS - 1))
@quick
def test_the_prior_takes_the_batch_in_with_the_partners_assignment_by_its_head(seed: int, head: int) -> None:
    objective, batch = second_stage(seed, head=head), a_batch(seed)
    terms = objective(batch)
    own, partner = views(objective, batch)
    posterior, given_ = objective.encoder(batch.rows[:DECODED]), partner[:DECODED, head]
    fresh = MomentComponents(COMPONENTS, LATENT).double()
    fresh.observe(posterior.mean, posterior.variance, given_)
    for name, values in fresh.state_dict().items():
        torch.testing.assert_close(objective.prior.components.state_dict()[name], values)
    torch.testing.assert_close(objective.prior.weights().probs, given_.mean(0))
    normal = MultivariateNormal(posterior.mean.unsqueeze(1), torch.diag_embed(posterior.variance).unsqueeze(1))
    torch.testing.assert_close(terms.latent_kl, (given_ * kl_divergence(normal, fresh())).sum(-1))
    grouping = Grouping(torch.tensor(CLUSTERS_OF[head]), CLUSTERS)
    torch.testing.assert_close(terms.assignment, grouping.sum(own[:, head]))
    # Agreement is a logarithm of a probability.
    assert (terms.agreement <= 0).all()


def test_the_head_of_the_prior_does_not_matter_to_the_information() -> None:
    first, second = (second_stage(head=head)(a_batch()) for head in (0, 1))
    torch.testing.assert_close(first.information, second.information)
    assert not torch.isclose(first.latent_kl, second.latent_kl).any()


def test_in_a_batch_of_one_row_the_row_and_its_view_are_each_others_partner() -> None:
    objective, batch = second_stage(head=1), a_batch(rows=1)
    terms = objective(batch)
    own, partner = views(objective, batch)
    assert terms.agreement.shape == terms.latent_kl.shape == (2,)
    posterior = objective.encoder(torch.cat([batch.rows, batch.view]))
    fresh = MomentComponents(COMPONENTS, LATENT).double()
    fresh.observe(posterior.mean, posterior.variance, torch.cat([partner, own])[:, 1])
    for name, values in fresh.state_dict().items():
        torch.testing.assert_close(objective.prior.components.state_dict()[name], values)


def test_assignments_are_constants_of_all_terms_but_the_information() -> None:
    objective = second_stage()
    terms = objective(a_batch())
    for constant in (terms.latent_kl, terms.agreement, terms.reconstruction):
        assert not reached(constant.sum(), objective.heads)
        # They do teach the encoder.
        assert reached(constant.sum(), objective.encoder)
    information = terms.information.sum()
    assert reached(information, objective.heads)
    assert reached(information, objective.encoder.network)
    assert not reached(information, objective.encoder.mean)
    assert not reached(information, objective.decoder)


@given(renaming=st.permutations(range(COMPONENTS)), seed=st.integers(0, 99))
@quick
def test_renaming_components_with_their_groups_leaves_the_terms_as_they_are(renaming: list[int], seed: int) -> None:
    before = second_stage(seed)(a_batch(seed))
    objective = second_stage(seed, [[cluster_of[old] for old in renaming] for cluster_of in CLUSTERS_OF])
    for values in by_head(objective):
        values.copy_(values[:, renaming].clone())
    after = objective(a_batch(seed))
    check_same(after, before)
    torch.testing.assert_close(after.assignment, before.assignment)


@given(renaming=st.permutations(range(HEADS)), seed=st.integers(0, 99))
@quick
def test_renaming_heads_with_their_groups_leaves_the_terms_as_they_are(renaming: list[int], seed: int) -> None:
    before = second_stage(seed)(a_batch(seed))
    objective = second_stage(seed, [CLUSTERS_OF[old] for old in renaming], renaming.index(0))
    for values in by_head(objective):
        values.copy_(values[renaming].clone())
    after = objective(a_batch(seed))
    check_same(after, before)
    torch.testing.assert_close(after.assignment, before.assignment)


@given(renaming=st.permutations(range(CLUSTERS)), head=st.integers(0, HEADS - 1), seed=st.integers(0, 99))
@quick
def test_renaming_a_heads_clusters_renames_its_assignment_alone(renaming: list[int], head: int, seed: int) -> None:
    before = second_stage(seed)(a_batch(seed))
    renamed = [cluster_of.copy() for cluster_of in CLUSTERS_OF]
    renamed[head] = [renaming[cluster] for cluster in renamed[head]]
    after = second_stage(seed, renamed)(a_batch(seed))
    check_same(after, before)
    names = renaming if head == 0 else range(CLUSTERS)
    torch.testing.assert_close(after.assignment[:, list(names)], before.assignment)


@stages
def test_clusters_are_sums_of_the_components_in_them(stage: str) -> None:
    objective = objective_of(stage)
    rows = a_batch().rows
    objective.eval()
    members = one_hot(objective.groups, objective.number).double()
    components = objective.heads(objective.encoder.features(rows))
    torch.testing.assert_close(objective.clusters(rows), torch.einsum("nhc,hck->nhk", components, members))


# Labels


def test_labelled_rows_add_their_cross_entropy_and_change_no_other_term() -> None:
    batch, labels = a_batch(), torch.tensor([2, 0, 1])
    labelled = replace(a_batch(seed=1, rows=3), labels=labels)
    plain, told = second_stage()(batch), second_stage()
    told.weights = replace(told.weights, labels=7.0)
    terms = told(replace(a_batch(), labelled=labelled))
    assert terms.label_cross_entropy is not None
    for name, values in plain.named().items():
        torch.testing.assert_close(terms.named()[name], values)
    torch.testing.assert_close(terms.loss, plain.loss + 7.0 * terms.label_cross_entropy.mean())
    # (46): minus log q(y|x) of rows, then of their views, mean over heads.
    assert labelled.view is not None
    likely = told.clusters(torch.cat([labelled.rows, labelled.view]))
    expected = -likely[torch.arange(6), :, labels.repeat(2)].log().mean(-1)
    torch.testing.assert_close(terms.label_cross_entropy, expected)
