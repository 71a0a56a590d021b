import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from torch.distributions import MultivariateNormal, Normal

from vaecluster.model.cluster_posterior import BayesPosterior, ClusterPosterior, CodePosterior, FeaturePosterior
from vaecluster.model.decoder import Decoder
from vaecluster.model.distributions import draw
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.likelihood import Gaussian
from vaecluster.model.networks.initial import linear, start_
from vaecluster.model.objective import Batch, BoundObjective, BoundTerms, bound_at
from vaecluster.model.prior import FixedScaleComponents, GivenWeights, MixturePrior, RawWeights
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


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def posterior_named(name: str, clusters: int, width: int = 1) -> ClusterPosterior:
    """Features and codes have `width` entries each."""
    match name:
        case "code":
            return CodePosterior(width, clusters, hidden=4)
        case "features":
            return FeaturePosterior(width, clusters, hidden=4)
        case _:
            return BayesPosterior()


def model_of(
    posterior: str, prior: MixturePrior, encoder: Encoder, decoder_network: nn.Module, precision: float, columns: int
) -> ClusteringVAE:
    clusters = len(prior.weights().probs)
    model = ClusteringVAE(
        encoder,
        Decoder(decoder_network, Gaussian((columns,), precision)),
        prior,
        posterior_named(posterior, clusters, encoder.latent),
        Grouping.identity(clusters),
    )
    start_(model, Generator().manual_seed(0))
    return model.double()


def encoder_of(columns: int, latent: int, seed: int = 0) -> Encoder:
    encoder = Encoder(nn.Identity(), nn.Identity() if columns == latent else linear(columns, latent), latent, latent)
    start_(encoder, Generator().manual_seed(seed))
    return encoder


def exact_model(posterior: str, mean: tuple[float, ...] = (0.0,)) -> ClusteringVAE:
    """One cluster, p(z) = N(mean, 1), p(x|z) = N(z, 1), and the posterior of those, N((x + mean) / 2, 1/2)."""
    latent = len(mean)
    encoder = encoder_of(latent, latent)
    with torch.no_grad():
        encoder.mean.weight.copy_(0.5 * torch.eye(latent))
        encoder.mean.bias.copy_(0.5 * torch.tensor(mean))
    linear_(encoder.log_variance, 0.0, float(np.log(0.5)))
    prior = MixturePrior(FixedScaleComponents(torch.tensor([mean])), GivenWeights(torch.ones(1)))
    return model_of(posterior, prior, encoder, nn.Identity(), 1.0, latent)


def mixture_model(posterior: str, seed: int = 0) -> ClusteringVAE:
    """Three clusters on a line, p(x|z) = N(0.7 z, 1/4), and an encoder with weights of no meaning."""
    decoder_network = nn.Linear(1, 1)
    linear_(decoder_network, SLOPE, 0.0)
    prior = MixturePrior(FixedScaleComponents(MEANS), GivenWeights(SHARES))
    return model_of(posterior, prior, encoder_of(1, 1, seed), decoder_network, PRECISION, 1)


def random_model(posterior: str, seed: int = 0) -> ClusteringVAE:
    """Rows of 4, features and codes of 3, three clusters, random everything."""
    prior = MixturePrior(FixedScaleComponents(normal(3, 3, seed=seed)), GivenWeights(SHARES))
    return model_of(posterior, prior, encoder_of(4, 3, seed), linear(3, 4), 2.5, 4)


def terms_of(model: ClusteringVAE, rows: Tensor, seed: int = 0, weight: float = 1.0) -> BoundTerms:
    return BoundObjective(model, weight)(Batch(rows, Generator().manual_seed(seed)))


def evidence(rows: Tensor) -> Tensor:
    """log p(x) of `mixture_model` in closed form."""
    spread = (SLOPE**2 + 1 / PRECISION) ** 0.5
    return (Normal(SLOPE * MEANS.T, spread).log_prob(rows) + SHARES.log()).logsumexp(-1)


def expected_terms(model: ClusteringVAE, row: float) -> dict[str, float]:
    """Each term of one row in expectation over q(z|x), by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    rows = torch.full((len(nodes), 1), row, dtype=torch.float64)
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)
    code = posterior.mean + posterior.stddev * torch.from_numpy(nodes).unsqueeze(-1)
    terms = bound_at(model, rows, features, posterior, code)
    share = torch.from_numpy(weights / weights.sum())
    return {name: float(share @ values) for name, values in terms.named().items()}


@posteriors
@given(row=st.floats(-20, 20), seed=st.integers(0, 999))
@quick
def test_the_bound_is_the_evidence_when_the_encoder_is_exact(posterior: str, row: float, seed: int) -> None:
    rows = torch.full((3, 1), row, dtype=torch.float64)
    bound = terms_of(exact_model(posterior), rows, seed).bound
    torch.testing.assert_close(bound, Normal(0.0, 2**0.5).log_prob(rows.squeeze(-1)))


@given(seed=st.integers(0, 999))
@quick
def test_the_bound_is_the_evidence_in_two_dimensions_too(seed: int) -> None:
    model, rows = exact_model("bayes", (1.0, -2.0)), 3 * normal(5, 2, seed=seed)
    marginal = MultivariateNormal(torch.tensor([1.0, -2.0]).double(), 2 * torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(terms_of(model, rows, seed).bound, marginal.log_prob(rows))


@posteriors
@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_the_bound_is_never_above_the_evidence(posterior: str, row: float, seed: int) -> None:
    model = mixture_model(posterior, seed)
    with torch.no_grad():
        bound = expected_terms(model, row)["bound"]
    assert bound <= float(evidence(torch.tensor([[row]], dtype=torch.float64))) + 1e-6


@given(seed=st.integers(0, 999))
@quick
def test_with_bayes_rule_the_terms_add_up_to_the_single_sum(seed: int) -> None:
    model = random_model("bayes", seed)
    rows = normal(6, 4, seed=seed)
    features = model.encoder.features(rows)
    posterior = model.encoder.code(features)
    code = draw(posterior, Generator().manual_seed(seed))
    terms = bound_at(model, rows, features, posterior, code)
    # log p(x|z) + log p(z) - log q(z|x)
    single = model.decoder(code).log_prob(rows) + model.prior().log_prob(code) - posterior.log_prob(code)
    torch.testing.assert_close(terms.bound, single)


@posteriors
@given(seed=st.integers(0, 999))
@quick
def test_the_cluster_term_is_never_negative(posterior: str, seed: int) -> None:
    terms = terms_of(random_model(posterior, seed), 5 * normal(8, 4, seed=seed))
    assert (terms.cluster_kl >= -1e-12).all()


@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_the_latent_term_is_not_negative_in_expectation_when_the_assignment_does_not_read_the_code(
    row: float, seed: int
) -> None:
    # With q(y|z) it can be: the assignment then takes for each code the component that explains it best. What
    # cannot be negative is the sum with the cluster term, which the next test says.
    with torch.no_grad():
        assert expected_terms(mixture_model("features", seed), row)["latent_kl"] >= -1e-9


@posteriors
@given(row=st.floats(-6, 6), seed=st.integers(0, 999))
@quick
def test_latent_and_cluster_terms_together_are_not_negative_in_expectation(
    posterior: str, row: float, seed: int
) -> None:
    with torch.no_grad():
        terms = expected_terms(mixture_model(posterior, seed), row)
    assert terms["latent_kl"] + terms["cluster_kl"] >= -1e-6


@posteriors
@given(renaming=st.permutations(range(3)), seed=st.integers(0, 99))
@quick
def test_renaming_clusters_renames_assignments_and_leaves_every_term(
    posterior: str, renaming: list[int], seed: int
) -> None:
    model = random_model(posterior, seed)
    rows = normal(6, 4, seed=seed)
    before, assigned = terms_of(model, rows, seed), model.assign(rows).probs
    with torch.no_grad():
        model.prior.components.means.copy_(model.prior.components.means[renaming].clone())
        model.prior.weights.logits.copy_(model.prior.weights.logits[renaming].clone())
        if posterior != "bayes":
            last = model.cluster_posterior.network[-1]
            last.weight.copy_(last.weight[renaming].clone())
            last.bias.copy_(last.bias[renaming].clone())
    after = terms_of(model, rows, seed)
    for name, values in before.named().items():
        torch.testing.assert_close(after.named()[name], values)
    torch.testing.assert_close(after.assignment, before.assignment[:, renaming])
    torch.testing.assert_close(model.assign(rows).probs, assigned[:, renaming])


@posteriors
def test_there_is_one_value_per_row_and_the_bound_is_the_first_term_less_the_other_two(posterior: str) -> None:
    terms = terms_of(random_model(posterior), normal(7, 4))
    named = terms.named()
    assert list(named) == ["bound", "reconstruction", "latent_kl", "cluster_kl"]
    assert {values.shape for values in named.values()} == {torch.Size([7])}
    assert named["latent_kl"] is terms.latent_kl
    assert terms.assignment.shape == (7, 3)
    torch.testing.assert_close(terms.bound, terms.reconstruction - terms.latent_kl - terms.cluster_kl)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_loss_is_minus_the_bound_with_a_weight_on_the_cluster_term(weight: float) -> None:
    terms = terms_of(random_model("code"), normal(7, 4), weight=weight)
    torch.testing.assert_close(terms.loss, (-terms.bound + (weight - 1) * terms.cluster_kl).mean())


def test_the_generator_decides_the_terms() -> None:
    model, rows = random_model("code"), normal(7, 4)
    first, again, other = (terms_of(model, rows, seed).bound for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert set(BoundObjective(model).state_dict()) == {f"model.{name}" for name in model.state_dict()}


@posteriors
@pytest.mark.parametrize("third", [1.0, 0.5])
def test_raw_weights_make_the_loss_lower_by_their_excess_and_leave_the_bound_as_it_is(
    posterior: str, third: float
) -> None:
    model = mixture_model(posterior)
    raw = RawWeights(3).double()
    with torch.no_grad():
        raw.weights.copy_(4 * SHARES)
    rows, loss = normal(20, 1), []
    for weights in (model.prior.weights, raw):
        model.prior.weights = weights
        features = model.encoder.features(rows)
        code = model.encoder.code(features)
        loss.append(bound_at(model, rows, features, code, code.mean, third))
    torch.testing.assert_close(loss[1].bound, loss[0].bound)
    torch.testing.assert_close(loss[0].loss - loss[1].loss, torch.tensor(third * np.log(4)).double())


@posteriors
def test_labelled_rows_add_their_cross_entropy_and_change_no_other_term(posterior: str) -> None:
    model, rows, labels = random_model(posterior), normal(7, 4), torch.tensor([2, 0])
    plain = terms_of(model, rows)
    labelled = Batch(normal(2, 4, seed=1), Generator().manual_seed(1), labels=labels)
    terms = BoundObjective(model, label_weight=3.0)(Batch(rows, Generator().manual_seed(0), labelled=labelled))
    assert terms.label_cross_entropy is not None
    torch.testing.assert_close(terms.bound, plain.bound)
    torch.testing.assert_close(terms.loss, plain.loss + 3.0 * terms.label_cross_entropy.mean())
    expected = terms_of(model, labelled.rows, seed=1).assignment[torch.arange(2), labels]
    torch.testing.assert_close(terms.label_cross_entropy, -expected.log())
