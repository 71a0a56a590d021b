from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal

from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import GaussianDecoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.objective import ElboTerms, NegativeElbo, elbo_terms, terms_at
from vaecluster.model.prior import FixedScaleComponents, GivenWeights, MixturePrior
from vaecluster.model.vae import ClusteringVAE

quick = settings(max_examples=15, deadline=None)
SHARES = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
MEANS = torch.tensor([[-2.0], [0.5], [3.0]], dtype=torch.float64)
PRECISION, SLOPE = 4.0, 0.7
POSTERIORS = ["code", "features", "bayes"]
posteriors = pytest.mark.parametrize("posterior", POSTERIORS)


def linear_(layer: nn.Linear, weight: float, bias: float) -> None:
    nn.init.constant_(layer.weight, weight)
    nn.init.constant_(layer.bias, bias)


def posterior_named(name: str, clusters: int, width: int = 1) -> ClusterPosterior:
    """Features and codes have `width` entries each."""
    match name:
        case "code":
            return CodePosterior(width, clusters, hidden=4)
        case "features":
            return FeaturePosterior(width, clusters, hidden=4)
        case _:
            return BayesPosterior()


def exact_model(posterior: str) -> ClusteringVAE:
    """One cluster, p(z) = N(0,1), p(x|z) = N(z,1), and the posterior that belongs to them, N(x/2, 1/2)."""
    encoder = Encoder(nn.Identity(), 1, 1)
    linear_(encoder.mean, 0.5, 0.0)
    linear_(encoder.log_variance, 0.0, float(np.log(0.5)))
    prior = MixturePrior(FixedScaleComponents(torch.zeros(1, 1)), GivenWeights(torch.ones(1)))
    decoder = GaussianDecoder(nn.Identity(), 1.0, 1)
    return ClusteringVAE(encoder, decoder, prior, posterior_named(posterior, 1), Grouping.identity(1)).double()


def mixture_model(posterior: str, seed: int = 0) -> ClusteringVAE:
    """Three clusters on a line, p(x|z) = N(0.7 z, 1/4), and an encoder with weights of no meaning."""
    torch.manual_seed(seed)
    decoder_network = nn.Linear(1, 1)
    linear_(decoder_network, SLOPE, 0.0)
    prior = MixturePrior(FixedScaleComponents(MEANS), GivenWeights(SHARES))
    encoder = Encoder(nn.Identity(), 1, 1)
    decoder = GaussianDecoder(decoder_network, PRECISION, 1)
    return ClusteringVAE(encoder, decoder, prior, posterior_named(posterior, 3), Grouping.identity(3)).double()


def random_model(posterior: str, seed: int = 0) -> ClusteringVAE:
    """Rows of 4, features and codes of 3, three clusters, random everything."""
    torch.manual_seed(seed)
    prior = MixturePrior(FixedScaleComponents(torch.randn(3, 3)), GivenWeights(SHARES))
    encoder = Encoder(nn.Linear(4, 3), 3, 3)
    decoder = GaussianDecoder(nn.Linear(3, 4), 2.5, 1)
    return ClusteringVAE(
        encoder, decoder, prior, posterior_named(posterior, 3, width=3), Grouping.identity(3)
    ).double()


def evidence(rows: Tensor) -> Tensor:
    """log p(x) of `mixture_model` in closed form."""
    spread = (SLOPE**2 + 1 / PRECISION) ** 0.5
    return (Normal(SLOPE * MEANS.T, spread).log_prob(rows) + SHARES.log()).logsumexp(-1)


def expected_terms(model: ClusteringVAE, row: float) -> ElboTerms:
    """Each term of one row in expectation over q(z|x), by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    rows = torch.full((len(nodes), 1), row, dtype=torch.float64)
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)
    code = posterior.mean + posterior.stddev * torch.from_numpy(nodes).unsqueeze(-1)
    terms = terms_at(model, rows, features, posterior, code)
    share = torch.from_numpy(weights / weights.sum())
    averages = {field.name: share @ getattr(terms, field.name) for field in fields(terms)}
    return ElboTerms(**averages)


@posteriors
@given(row=st.floats(-20, 20), seed=st.integers(0, 999))
@quick
def test_the_bound_is_the_evidence_when_the_encoder_is_exact(posterior: str, row: float, seed: int) -> None:
    torch.manual_seed(seed)
    rows = torch.full((3, 1), row, dtype=torch.float64)
    terms = elbo_terms(exact_model(posterior), rows)
    torch.testing.assert_close(terms.bound, Normal(0.0, 2**0.5).log_prob(rows.squeeze(-1)))


@given(seed=st.integers(0, 999))
@quick
def test_the_bound_is_the_evidence_in_two_dimensions_too(seed: int) -> None:
    encoder = Encoder(nn.Identity(), 2, 2)
    with torch.no_grad():
        encoder.mean.weight.copy_(0.5 * torch.eye(2))
        encoder.mean.bias.copy_(torch.tensor([0.5, -1.0]))
    linear_(encoder.log_variance, 0.0, float(np.log(0.5)))
    mean = torch.tensor([[1.0, -2.0]])  # the posterior's mean is (x + mean) / 2
    prior = MixturePrior(FixedScaleComponents(mean), GivenWeights(torch.ones(1)))
    model = ClusteringVAE(
        encoder, GaussianDecoder(nn.Identity(), 1.0, 1), prior, BayesPosterior(), Grouping.identity(1)
    ).double()
    torch.manual_seed(seed)
    rows = 3 * torch.randn(5, 2, dtype=torch.float64)
    marginal = MultivariateNormal(mean[0].double(), 2 * torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(elbo_terms(model, rows).bound, marginal.log_prob(rows))


@posteriors
@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_the_bound_is_never_above_the_evidence(posterior: str, row: float, seed: int) -> None:
    model = mixture_model(posterior, seed)
    with torch.no_grad():
        bound = expected_terms(model, row).bound
    assert float(bound) <= float(evidence(torch.tensor([[row]], dtype=torch.float64))) + 1e-6


@given(seed=st.integers(0, 999))
@quick
def test_with_bayes_rule_the_terms_add_up_to_the_single_sum(seed: int) -> None:
    model = random_model("bayes", seed)
    rows = torch.randn(6, 4, dtype=torch.float64)
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)
    code = posterior.sample()
    terms = terms_at(model, rows, features, posterior, code)
    # log p(x|z) + log p(z) - log q(z|x)
    single = model.decoder(code).log_prob(rows) + model.prior().log_prob(code) - posterior.log_prob(code)
    torch.testing.assert_close(terms.bound, single)


@posteriors
@given(seed=st.integers(0, 999))
@quick
def test_the_cluster_term_is_never_negative(posterior: str, seed: int) -> None:
    terms = elbo_terms(random_model(posterior, seed), 5 * torch.randn(8, 4, dtype=torch.float64))
    assert (terms.cluster_kl >= -1e-12).all()


@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_the_latent_term_is_not_negative_in_expectation_when_the_assignment_does_not_read_the_code(
    row: float, seed: int
) -> None:
    # With q(y|z) it can be: the assignment then takes for each code the component that explains it best. What
    # cannot be negative is the sum with the cluster term, which the next test says.
    with torch.no_grad():
        assert float(expected_terms(mixture_model("features", seed), row).latent_kl) >= -1e-9


@posteriors
@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_latent_and_cluster_terms_together_are_not_negative_in_expectation(
    posterior: str, row: float, seed: int
) -> None:
    with torch.no_grad():
        terms = expected_terms(mixture_model(posterior, seed), row)
    assert float(terms.latent_kl + terms.cluster_kl) >= -1e-6


@posteriors
@given(renaming=st.permutations(range(3)), seed=st.integers(0, 99))
@quick
def test_renaming_clusters_renames_assignments_and_leaves_every_term(
    posterior: str, renaming: list[int], seed: int
) -> None:
    model = random_model(posterior, seed)
    rows = torch.randn(6, 4, dtype=torch.float64)
    torch.manual_seed(seed)
    before, assigned = elbo_terms(model, rows), model.assign(rows).probs
    with torch.no_grad():
        model.prior.components.means.copy_(model.prior.components.means[renaming].clone())
        model.prior.weights.logits.copy_(model.prior.weights.logits[renaming].clone())
        if posterior != "bayes":
            last = model.cluster_posterior.network[-1]
            last.weight.copy_(last.weight[renaming].clone())
            last.bias.copy_(last.bias[renaming].clone())
    torch.manual_seed(seed)
    after = elbo_terms(model, rows)
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)
    torch.testing.assert_close(after.assignment, before.assignment[:, renaming])
    torch.testing.assert_close(model.assign(rows).probs, assigned[:, renaming])


def test_the_bound_is_the_first_term_less_the_other_two() -> None:
    terms = ElboTerms(torch.tensor([5.0]), torch.tensor([2.0]), torch.tensor([0.5]), torch.ones(1, 1))
    assert float(terms.bound) == 2.5
    assert list(terms.named()) == ["bound", "reconstruction", "latent_kl", "cluster_kl"]
    assert terms.named()["latent_kl"] is terms.latent_kl


@posteriors
def test_there_is_one_value_per_row(posterior: str) -> None:
    terms = elbo_terms(random_model(posterior), torch.randn(7, 4, dtype=torch.float64))
    assert {values.shape for values in terms.named().values()} == {torch.Size([7])}
    assert terms.assignment.shape == (7, 3)


def test_the_loss_is_minus_the_bound_and_a_weight_of_zero_leaves_the_cluster_term_out() -> None:
    terms = elbo_terms(random_model("code"), torch.randn(7, 4, dtype=torch.float64))
    torch.testing.assert_close(NegativeElbo().loss(terms), -terms.bound)
    without = NegativeElbo(cluster_kl_weight=0.0).loss(terms)
    torch.testing.assert_close(without, terms.latent_kl - terms.reconstruction)


def test_the_seed_decides_the_terms() -> None:
    model, rows = random_model("code"), torch.randn(7, 4, dtype=torch.float64)
    torch.manual_seed(3)
    first = NegativeElbo().terms(model, rows)
    torch.manual_seed(3)
    again = NegativeElbo().terms(model, rows)
    assert torch.equal(first.bound, again.bound)
    assert not torch.equal(first.bound, NegativeElbo().terms(model, rows).bound)
