from dataclasses import fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from vaecluster.model.decoder import GaussianDecoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.grouping import Grouping
from vaecluster.model.heads import ComponentHeads, HeadedVAE
from vaecluster.model.information import InformationEstimate, joint_table, mutual_information
from vaecluster.model.shared_objective import ClusterObjective, ComponentObjective, ComponentTerms, Pair, SharedTerms

quick = settings(max_examples=10, deadline=None)
ROWS, DECODED, COLUMNS, FEATURES, LATENT, HEADS, COMPONENTS, CLUSTERS = 12, 4, 4, 6, 2, 3, 5, 3
CLUSTERS_OF = [[0, 1, 2, 0, 1], [0, 0, 1, 1, 2], [2, 1, 1, 0, 0]]  # of each head's components


def a_pair(seed: int = 0, rows: int = ROWS, decoded: int = DECODED) -> Pair:
    torch.manual_seed(seed)
    own = torch.randn(rows, COLUMNS, dtype=torch.float64)
    return Pair(torch.cat([own, own + 0.3 * torch.randn_like(own)]), decoded)


def headed_model(seed: int = 0) -> HeadedVAE:
    torch.manual_seed(seed)
    encoder = Encoder(nn.Sequential(nn.Linear(COLUMNS, FEATURES), nn.Tanh()), FEATURES, LATENT)
    decoder = GaussianDecoder(nn.Linear(LATENT, COLUMNS), 2.5, 1)
    return HeadedVAE(encoder, decoder, ComponentHeads(FEATURES, HEADS, COMPONENTS)).double()


def groups_of(clusters_of: list[list[int]]) -> Tensor:
    return torch.eye(CLUSTERS, dtype=torch.float64)[torch.tensor(clusters_of)]


def cluster_objective(clusters_of: list[list[int]] = CLUSTERS_OF, head: int = 0) -> ClusterObjective:
    components, weights = MomentComponents(COMPONENTS, LATENT).double(), MomentWeights(COMPONENTS).double()
    # An estimate that has seen nothing yet takes the first batch as it is, so that it gives (2).
    estimate = InformationEstimate(HEADS, CLUSTERS).double()
    return ClusterObjective(
        estimate, groups_of(clusters_of), head, components, weights, weight=20.0, agreement_weight=3.0
    )


def component_objective(weight: float = 20.0) -> ComponentObjective:
    return ComponentObjective(InformationEstimate(HEADS, COMPONENTS).double(), weight)


def cluster_terms(
    seed: int = 0, head: int = 0, clusters_of: list[list[int]] = CLUSTERS_OF
) -> tuple[HeadedVAE, ClusterObjective, SharedTerms]:
    model, objective = headed_model(seed), cluster_objective(clusters_of, head)
    return model, objective, objective.terms(model, a_pair(seed))


def views(batch: Pair, model: HeadedVAE) -> tuple[Tensor, Tensor]:
    """q(c|x) and q(c|x') of every head, (rows, heads, components) each."""
    own, partner = (model.heads(model.encoder.features(rows)) for rows in batch.both.chunk(2))
    return own, partner


def rename_components(model: HeadedVAE, renaming: list[int]) -> None:
    """Those of every head."""
    with torch.no_grad():
        for values in model.heads.linear.parameters():
            by_head = values.view(HEADS, COMPONENTS, -1)
            by_head.copy_(by_head[:, renaming].clone())


def rename_heads(model: HeadedVAE, renaming: list[int]) -> None:
    with torch.no_grad():
        for values in model.heads.linear.parameters():
            by_head = values.view(HEADS, COMPONENTS, -1)
            by_head.copy_(by_head[renaming].clone())


def gradients(value: Tensor, module: nn.Module) -> list[Tensor]:
    """The gradient of each weight, zeros where nothing reaches it."""
    weights = list(module.parameters())
    return list(torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True, retain_graph=True))


def reached(value: Tensor, module: nn.Module) -> bool:
    return any(bool((gradient != 0).any()) for gradient in gradients(value, module))


# Both stages


@pytest.mark.parametrize("stage", ["components", "clusters"])
def test_the_terms_have_one_value_per_row_or_decoded_row(stage: str) -> None:
    terms: ComponentTerms | SharedTerms
    if stage == "components":
        terms = component_objective().terms(headed_model(), a_pair())
        assert terms.assignment.shape == (ROWS, COMPONENTS)
    else:
        terms = cluster_terms()[2]
        assert terms.assignment.shape == (ROWS, CLUSTERS)
        assert terms.agreement.shape == (DECODED,)
    assert terms.information.shape == (ROWS,)
    assert terms.reconstruction.shape == terms.latent_kl.shape == (DECODED,)
    torch.testing.assert_close(terms.assignment.sum(-1), torch.ones(ROWS, dtype=torch.float64))
    assert len(terms.named()) == len(fields(terms)) - 1
    assert all(values.isfinite().all() for values in terms.named().values())


@pytest.mark.parametrize("objective", [component_objective(), cluster_objective()], ids=["components", "clusters"])
def test_rows_as_they_are_are_what_is_decoded(objective: ComponentObjective | ClusterObjective) -> None:
    # With next to no variance the code is its mean, so that the term can be computed by hand.
    model, batch = headed_model(), a_pair()
    nn.init.zeros_(model.encoder.log_variance.weight)
    nn.init.constant_(model.encoder.log_variance.bias, -40.0)
    rows = batch.both[:DECODED]
    expected = model.decoder(model.encoder(rows).mean).log_prob(rows)
    torch.testing.assert_close(objective.terms(model, batch).reconstruction, expected, rtol=1e-3, atol=1e-3)


# First stage


@given(seed=st.integers(0, 999))
@quick
def test_the_information_of_components_is_the_mean_over_the_heads(seed: int) -> None:
    model, batch = headed_model(seed), a_pair(seed)
    terms = component_objective().terms(model, batch)
    torch.testing.assert_close(terms.information.mean(), mutual_information(joint_table(*views(batch, model))).mean())


@given(seed=st.integers(0, 999))
@quick
def test_the_first_stages_latent_term_is_the_divergence_from_a_standard_normal(seed: int) -> None:
    model, batch = headed_model(seed), a_pair(seed)
    terms = component_objective().terms(model, batch)
    posterior = model.encoder(batch.both[:DECODED])
    expected = kl_divergence(Normal(posterior.mean, posterior.stddev), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(terms.latent_kl, expected)


def test_the_first_stages_loss_is_the_stated_sum() -> None:
    objective = component_objective(7.0)
    terms = objective.terms(headed_model(), a_pair())
    means = {name: float(values.detach().mean()) for name, values in terms.named().items()}
    expected = -7 * means["component_information"] - means["reconstruction"] + means["latent_kl"]
    assert float(objective.loss(terms).detach()) == pytest.approx(expected)


def test_in_the_first_stage_every_weight_gets_a_gradient() -> None:
    model, objective = headed_model(), component_objective()
    objective.loss(objective.terms(model, a_pair())).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert (weight.grad != 0).any(), name


# Second stage


@given(seed=st.integers(0, 999))
@quick
def test_the_information_of_clusters_is_the_mean_over_the_heads_groups(seed: int) -> None:
    model, _, terms = cluster_terms(seed)
    own, partner = views(a_pair(seed), model)
    informations = []
    for head, cluster_of in enumerate(CLUSTERS_OF):
        grouping = Grouping(torch.tensor(cluster_of), CLUSTERS)
        table = joint_table(*(grouping.sum(view[:, [head]]) for view in (own, partner)))
        informations.append(mutual_information(table)[0])
    torch.testing.assert_close(terms.information.mean(), torch.stack(informations).mean())


@given(seed=st.integers(0, 999), head=st.integers(0, HEADS - 1))
@quick
def test_the_prior_takes_the_batch_in_with_the_partners_assignment_by_its_head(seed: int, head: int) -> None:
    model, objective, terms = cluster_terms(seed, head)
    batch = a_pair(seed)
    own, partner = views(batch, model)
    posterior, given_ = model.encoder(batch.both[:DECODED]), partner[:DECODED, head]
    fresh = MomentComponents(COMPONENTS, LATENT).double()
    fresh.observe(posterior.mean, posterior.variance, given_)
    for name, values in fresh.state_dict().items():
        torch.testing.assert_close(objective.components.state_dict()[name], values)
    torch.testing.assert_close(objective.weights().probs, given_.mean(0))
    normal = torch.distributions.MultivariateNormal(
        posterior.mean.unsqueeze(1), torch.diag_embed(posterior.variance).unsqueeze(1)
    )
    torch.testing.assert_close(terms.latent_kl, (given_ * kl_divergence(normal, fresh())).sum(-1))
    grouping = Grouping(torch.tensor(CLUSTERS_OF[head]), CLUSTERS)
    torch.testing.assert_close(terms.assignment, grouping.sum(own[:, head]))


def test_the_head_of_the_prior_does_not_matter_to_the_information() -> None:
    first, second = (cluster_terms(head=head)[2] for head in (0, 1))
    torch.testing.assert_close(first.information, second.information)
    assert not torch.isclose(first.latent_kl, second.latent_kl).any()


def test_in_a_batch_of_one_row_the_row_and_its_view_are_each_others_partner() -> None:
    model, objective, batch = headed_model(), cluster_objective(head=1), a_pair(rows=1, decoded=2)
    terms = objective.terms(model, batch)
    own, partner = views(batch, model)
    assert terms.agreement.shape == terms.latent_kl.shape == (2,)
    fresh, posterior = MomentComponents(COMPONENTS, LATENT).double(), model.encoder(batch.both)
    fresh.observe(posterior.mean, posterior.variance, torch.cat([partner, own])[:, 1])
    for name, values in fresh.state_dict().items():
        torch.testing.assert_close(objective.components.state_dict()[name], values)


@given(seed=st.integers(0, 999))
@quick
def test_agreement_is_a_logarithm_of_a_probability(seed: int) -> None:
    assert (cluster_terms(seed)[2].agreement <= 0).all()


def test_the_assignments_are_constants_of_the_latent_and_agreement_terms() -> None:
    model, _, terms = cluster_terms()
    for constant in (terms.latent_kl, terms.agreement, terms.reconstruction):
        assert not reached(constant.sum(), model.heads)
    # They do teach the encoder.
    assert reached(terms.latent_kl.sum(), model.encoder)
    assert reached(terms.agreement.sum(), model.encoder)


def test_information_teaches_the_heads_and_the_encoders_features_and_not_the_code() -> None:
    model, _, terms = cluster_terms()
    information = terms.information.sum()
    assert reached(information, model.heads)
    assert reached(information, model.encoder.network)
    assert not reached(information, model.encoder.mean)
    assert not reached(information, model.decoder)


@pytest.mark.parametrize("head", range(HEADS))
def test_in_the_second_stage_every_weight_of_every_head_gets_a_gradient_and_no_moment_does(head: int) -> None:
    model, objective = headed_model(), cluster_objective(head=head)
    objective.loss(objective.terms(model, a_pair())).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert (weight.grad != 0).any(), name
    for weight in model.heads.linear.parameters():
        assert (weight.grad.view(HEADS, COMPONENTS, -1) != 0).any(-1).all()
    assert not any(values.requires_grad for values in objective.components.buffers())


def test_the_second_stages_loss_is_the_stated_sum() -> None:
    _, objective, terms = cluster_terms()
    means = {name: float(values.detach().mean()) for name, values in terms.named().items()}
    expected = -20 * means["information"] - means["reconstruction"] + means["latent_kl"] - 3 * means["agreement"]
    assert float(objective.loss(terms).detach()) == pytest.approx(expected)


def check_same(after: SharedTerms, before: SharedTerms) -> None:
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)


@given(renaming=st.permutations(range(COMPONENTS)), seed=st.integers(0, 99))
@quick
def test_renaming_components_with_their_groups_leaves_the_terms_as_they_are(renaming: list[int], seed: int) -> None:
    before = cluster_terms(seed)[2]
    model = headed_model(seed)
    rename_components(model, renaming)
    objective = cluster_objective([[cluster_of[old] for old in renaming] for cluster_of in CLUSTERS_OF])
    after = objective.terms(model, a_pair(seed))
    check_same(after, before)
    torch.testing.assert_close(after.assignment, before.assignment)


@given(renaming=st.permutations(range(HEADS)), seed=st.integers(0, 99))
@quick
def test_renaming_heads_with_their_groups_leaves_the_terms_as_they_are(renaming: list[int], seed: int) -> None:
    before = cluster_terms(seed, head=0)[2]
    model = headed_model(seed)
    rename_heads(model, renaming)
    objective = cluster_objective([CLUSTERS_OF[old] for old in renaming], head=renaming.index(0))
    after = objective.terms(model, a_pair(seed))
    check_same(after, before)
    torch.testing.assert_close(after.assignment, before.assignment)


@given(renaming=st.permutations(range(CLUSTERS)), head=st.integers(0, HEADS - 1), seed=st.integers(0, 99))
@quick
def test_renaming_a_heads_clusters_renames_its_assignment_alone(renaming: list[int], head: int, seed: int) -> None:
    before = cluster_terms(seed)[2]
    renamed = [cluster_of.copy() for cluster_of in CLUSTERS_OF]
    renamed[head] = [renaming[cluster] for cluster in renamed[head]]
    after = cluster_terms(seed, clusters_of=renamed)[2]
    check_same(after, before)
    names = renaming if head == 0 else range(CLUSTERS)
    torch.testing.assert_close(after.assignment[:, list(names)], before.assignment)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_code_that_is_no_number_gives_a_loss_that_is_none(value: float) -> None:
    # The loop then says what happened and what to do.
    model, objective = headed_model(), cluster_objective()
    nn.init.constant_(model.encoder.mean.bias, value)
    assert not objective.loss(objective.terms(model, a_pair())).isfinite()
