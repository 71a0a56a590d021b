import pytest
import torch
from torch import Generator, Tensor, nn
from torch.distributions import Categorical

from vaecluster.methods.two_views.heads import ComponentHeads, ComponentPosterior
from vaecluster.model.full_covariance import MomentComponents, MomentWeights
from vaecluster.model.networks.initial import start_
from vaecluster.model.prior import MixturePrior

FEATURES, HEADS, COMPONENTS = 6, 3, 5
PRIOR = MixturePrior(MomentComponents(COMPONENTS, 2), MomentWeights(COMPONENTS))


def some_heads(seed: int = 0) -> tuple[ComponentHeads, Tensor]:
    generator = Generator().manual_seed(seed)
    heads = ComponentHeads(FEATURES, HEADS, COMPONENTS)
    start_(heads, generator)
    return heads, torch.randn(7, FEATURES, generator=generator)


def reduced_and_exact() -> tuple[ComponentHeads, ComponentHeads, Tensor]:
    exact, features = some_heads()
    reduced, _ = some_heads()
    reduced.reduced = True
    return reduced, exact, features


def answer(posterior: ComponentPosterior, features: Tensor) -> Categorical:
    return posterior(features, torch.zeros(len(features), 2), PRIOR)


def test_every_head_gives_probabilities_of_its_own() -> None:
    heads, features = some_heads()
    assignment = heads(features)
    assert assignment.shape == (7, HEADS, COMPONENTS)
    torch.testing.assert_close(assignment.sum(-1), torch.ones(7, HEADS))
    assert not torch.allclose(assignment[:, 0], assignment[:, 1])


@pytest.mark.parametrize("head", range(HEADS))
def test_a_head_alone_answers_as_it_did_among_the_others(head: int) -> None:
    heads, features = some_heads()
    torch.testing.assert_close(answer(heads.posterior(head), features).probs, heads(features)[:, head])


def test_a_head_alone_learns_without_changing_the_others() -> None:
    heads, features = some_heads()
    before = heads(features)
    nn.init.zeros_(heads.posterior(1).linear.weight)
    torch.testing.assert_close(heads(features), before)


def test_heads_made_of_one_posterior_learn_its_weights() -> None:
    heads, features = some_heads()
    posterior = heads.posterior(2)
    alone = ComponentHeads.of(posterior)
    assert (alone.heads, alone.components) == (1, COMPONENTS)
    torch.testing.assert_close(alone(features)[:, 0], heads(features)[:, 2])
    alone(features)[:, 0, 0].sum().backward()
    assert posterior.linear.weight.grad.any()


def test_a_heads_gradient_reaches_its_own_weights_only() -> None:
    heads, features = some_heads()
    heads(features)[:, 1, 0].sum().backward()
    gradient = heads.linear.weight.grad
    assert gradient is not None
    by_head = gradient.view(HEADS, COMPONENTS, FEATURES).abs().sum((1, 2))
    assert (by_head > 0).tolist() == [False, True, False]


def test_in_training_reduced_heads_give_single_precision_probabilities_close_to_the_exact_ones() -> None:
    reduced, exact, features = reduced_and_exact()
    assignment = reduced(features)
    assert assignment.dtype == torch.float32
    torch.testing.assert_close(assignment.sum(-1), torch.ones(7, HEADS))
    torch.testing.assert_close(assignment, exact(features), atol=0.01, rtol=0)
    assert not torch.equal(assignment, exact(features))
    assignment[..., 0].sum().backward()
    gradient = reduced.linear.weight.grad
    assert gradient is not None
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()


def test_after_training_reduced_heads_are_exact() -> None:
    reduced, exact, features = reduced_and_exact()
    assert torch.equal(reduced.eval()(features), exact(features))
    for head in range(HEADS):
        # A head that is kept multiplies exactly whether it trains or not.
        answers = [answer(heads.posterior(head).train(), features).logits for heads in (reduced, exact)]
        assert torch.equal(*answers)


def test_a_posterior_reads_neither_the_code_nor_the_prior() -> None:
    heads, features = some_heads()
    posterior = heads.posterior(0)
    other = MixturePrior(MomentComponents(COMPONENTS, 2), MomentWeights(COMPONENTS))
    other.components.means.fill_(9.0)
    first = answer(posterior, features).probs
    torch.testing.assert_close(posterior(features, torch.full((7, 2), 5.0), other).probs, first)
