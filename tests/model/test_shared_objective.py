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
from vaecluster.model.information import joint_table, mutual_information
from vaecluster.model.prior import MixturePrior
from vaecluster.model.shared_objective import ClusterObjective, ComponentObjective, ComponentTerms, Pair, SharedTerms
from vaecluster.model.vae import ClusteringVAE

quick = settings(max_examples=10, deadline=None)
ROWS, PLAIN, COLUMNS, FEATURES, LATENT, HEADS, COMPONENTS, CLUSTERS = 12, 4, 4, 6, 2, 3, 5, 3
CLUSTER_OF = [0, 1, 2, 0, 1]


def a_pair(seed: int = 0) -> Pair:
    torch.manual_seed(seed)
    plain = torch.randn(ROWS, COLUMNS, dtype=torch.float64)
    views, partners = (plain + 0.3 * torch.randn_like(plain) for _ in range(2))
    return Pair(plain[:PLAIN], views, partners)


def headed_model(seed: int = 0) -> HeadedVAE:
    torch.manual_seed(seed)
    encoder = Encoder(nn.Sequential(nn.Linear(COLUMNS, FEATURES), nn.Tanh()), FEATURES, LATENT)
    decoder = GaussianDecoder(nn.Linear(LATENT, COLUMNS), 2.5, 1)
    return HeadedVAE(encoder, decoder, ComponentHeads(FEATURES, HEADS, COMPONENTS)).double()


def cluster_model(seed: int = 0) -> tuple[ClusteringVAE, ClusterObjective]:
    headed = headed_model(seed)
    components, weights = MomentComponents(COMPONENTS, LATENT), MomentWeights(COMPONENTS)
    model = ClusteringVAE(
        headed.encoder,
        headed.decoder,
        MixturePrior(components, weights),
        headed.heads.posterior(0),
        Grouping(torch.tensor(CLUSTER_OF), CLUSTERS),
    ).double()
    return model, ClusterObjective(components, weights, weight=20.0, agreement_weight=3.0)


def cluster_terms(seed: int = 0) -> tuple[ClusteringVAE, SharedTerms]:
    model, objective = cluster_model(seed)
    batch = a_pair(seed)
    return model, objective.terms(model, batch)


def gradients(value: Tensor, module: nn.Module) -> list[Tensor]:
    """The gradient of each weight, zeros where nothing reaches it."""
    weights = list(module.parameters())
    return list(torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True, retain_graph=True))


def reached(value: Tensor, module: nn.Module) -> bool:
    return any(bool((gradient != 0).any()) for gradient in gradients(value, module))


# Both stages


def test_plain_rows_views_and_partners_go_through_the_encoder_at_once() -> None:
    batch, encoder = a_pair(), headed_model().encoder
    plain, both = batch.features(encoder)
    torch.testing.assert_close(plain, encoder.features(batch.plain))
    torch.testing.assert_close(both, encoder.features(torch.cat([batch.views, batch.partners])))


@pytest.mark.parametrize("stage", ["components", "clusters"])
def test_the_terms_have_one_value_per_row(stage: str) -> None:
    terms: ComponentTerms | SharedTerms
    if stage == "components":
        terms = ComponentObjective(20.0).terms(headed_model(), a_pair())
        assert terms.assignment.shape == (ROWS, COMPONENTS)
    else:
        terms = cluster_terms()[1]
        assert terms.assignment.shape == (ROWS, CLUSTERS)
        assert terms.agreement.shape == (PLAIN,)
    assert terms.information.shape == (ROWS,)
    assert terms.reconstruction.shape == terms.latent_kl.shape == (PLAIN,)
    torch.testing.assert_close(terms.assignment.sum(-1), torch.ones(ROWS, dtype=torch.float64))
    assert len(terms.named()) == len(fields(terms)) - 1
    assert all(values.isfinite().all() for values in terms.named().values())


# First stage


@given(seed=st.integers(0, 999))
@quick
def test_the_information_of_components_is_the_mean_over_the_heads(seed: int) -> None:
    model, batch = headed_model(seed), a_pair(seed)
    terms = ComponentObjective(20.0).terms(model, batch)
    own, partner = (model.heads(model.encoder.features(rows)) for rows in (batch.views, batch.partners))
    torch.testing.assert_close(terms.information.mean(), mutual_information(joint_table(own, partner)).mean())


@given(seed=st.integers(0, 999))
@quick
def test_the_first_stages_latent_term_is_the_divergence_from_a_standard_normal(seed: int) -> None:
    model, batch = headed_model(seed), a_pair(seed)
    terms = ComponentObjective(20.0).terms(model, batch)
    posterior = model.encoder(batch.plain)
    expected = kl_divergence(Normal(posterior.mean, posterior.stddev), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(terms.latent_kl, expected)


def test_the_first_stages_loss_is_the_stated_sum() -> None:
    objective = ComponentObjective(7.0)
    terms = objective.terms(headed_model(), a_pair())
    means = {name: float(values.detach().mean()) for name, values in terms.named().items()}
    expected = -7 * means["component_information"] - means["reconstruction"] + means["latent_kl"]
    assert float(objective.loss(terms).detach()) == pytest.approx(expected)


def test_in_the_first_stage_every_weight_gets_a_gradient() -> None:
    model, objective = headed_model(), ComponentObjective(20.0)
    objective.loss(objective.terms(model, a_pair())).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert (weight.grad != 0).any(), name


# Second stage


@given(seed=st.integers(0, 999))
@quick
def test_the_information_of_clusters_is_that_of_the_groups(seed: int) -> None:
    model, terms = cluster_terms(seed)
    batch = a_pair(seed)
    own, partner = (model.grouping.sum(model.assign(rows).probs) for rows in (batch.views, batch.partners))
    table = joint_table(own.unsqueeze(1), partner.unsqueeze(1))
    torch.testing.assert_close(terms.information.mean(), mutual_information(table)[0])
    torch.testing.assert_close(terms.assignment, own)


@given(seed=st.integers(0, 999))
@quick
def test_the_prior_takes_the_batch_in_with_the_partners_assignment(seed: int) -> None:
    model, terms = cluster_terms(seed)
    batch = a_pair(seed)
    posterior, given_ = model.encoder(batch.plain), model.assign(batch.partners).probs[:PLAIN]
    fresh = MomentComponents(COMPONENTS, LATENT).double()
    fresh.observe(posterior.mean, posterior.variance, given_)
    for name, values in fresh.state_dict().items():
        torch.testing.assert_close(model.prior.components.state_dict()[name], values)
    torch.testing.assert_close(model.prior.weights().probs, given_.mean(0))
    normal = torch.distributions.MultivariateNormal(
        posterior.mean.unsqueeze(1), torch.diag_embed(posterior.variance).unsqueeze(1)
    )
    torch.testing.assert_close(terms.latent_kl, (given_ * kl_divergence(normal, fresh())).sum(-1))


@given(seed=st.integers(0, 999))
@quick
def test_agreement_is_a_logarithm_of_a_probability(seed: int) -> None:
    _, terms = cluster_terms(seed)
    assert (terms.agreement <= 0).all()


def test_the_assignments_are_constants_of_the_latent_and_agreement_terms() -> None:
    model, terms = cluster_terms()
    for constant in (terms.latent_kl, terms.agreement, terms.reconstruction):
        assert not reached(constant.sum(), model.cluster_posterior)
    # They do teach the encoder.
    assert reached(terms.latent_kl.sum(), model.encoder)
    assert reached(terms.agreement.sum(), model.encoder)


def test_information_teaches_the_posterior_and_the_encoders_features_and_not_the_code() -> None:
    model, terms = cluster_terms()
    information = terms.information.sum()
    assert reached(information, model.cluster_posterior)
    assert reached(information, model.encoder.network)
    assert not reached(information, model.encoder.mean)
    assert not reached(information, model.decoder)


def test_in_the_second_stage_every_weight_gets_a_gradient_and_no_moment_does() -> None:
    model, objective = cluster_model()
    objective.loss(objective.terms(model, a_pair())).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert (weight.grad != 0).any(), name
    assert not any(values.requires_grad for values in model.buffers())


def test_the_second_stages_loss_is_the_stated_sum() -> None:
    model, objective = cluster_model()
    terms = objective.terms(model, a_pair())
    means = {name: float(values.detach().mean()) for name, values in terms.named().items()}
    expected = -20 * means["information"] - means["reconstruction"] + means["latent_kl"] - 3 * means["agreement"]
    assert float(objective.loss(terms).detach()) == pytest.approx(expected)


@given(renaming=st.permutations(range(COMPONENTS)), seed=st.integers(0, 99))
@quick
def test_renaming_components_leaves_the_terms_as_they_are(renaming: list[int], seed: int) -> None:
    _, before = cluster_terms(seed)
    model, objective = cluster_model(seed)
    with torch.no_grad():
        for values in model.cluster_posterior.linear.parameters():
            values.copy_(values[renaming].clone())
    model.grouping.cluster_of.copy_(model.grouping.cluster_of[renaming].clone())
    batch = a_pair(seed)
    after = objective.terms(model, batch)
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)
    torch.testing.assert_close(after.assignment, before.assignment)


@given(renaming=st.permutations(range(CLUSTERS)), seed=st.integers(0, 99))
@quick
def test_renaming_clusters_renames_the_assignment_and_leaves_the_terms(renaming: list[int], seed: int) -> None:
    _, before = cluster_terms(seed)
    model, objective = cluster_model(seed)
    model.grouping.cluster_of.copy_(torch.tensor(renaming)[model.grouping.cluster_of])
    after = objective.terms(model, a_pair(seed))
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)
    torch.testing.assert_close(after.assignment[:, renaming], before.assignment)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_code_that_is_no_number_gives_a_loss_that_is_none(value: float) -> None:
    # The loop then says what happened and what to do.
    model, objective = cluster_model()
    nn.init.constant_(model.encoder.mean.bias, value)
    assert not objective.loss(objective.terms(model, a_pair())).isfinite()
