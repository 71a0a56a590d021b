import pytest
import torch

from vaecluster.model.counts import Counts

MEANS, DISPERSIONS = [0.5, 3.0], [0.3, 100.0]


@pytest.mark.parametrize("number", [0.0, 1.5, -3.0])
def test_probabilities_of_counts_sum_to_one_and_have_the_mean(number: float) -> None:
    likelihood = Counts(MEANS, DISPERSIONS)
    numbers = torch.full((3000, 2), number)
    values = torch.arange(3000.0)[:, None].expand(-1, 2)
    probabilities = likelihood.entries(numbers).log_prob(values).double().exp()
    assert probabilities.sum(0).tolist() == pytest.approx([1, 1], abs=1e-4)
    expected = likelihood.expected(numbers[:1])[0].tolist()
    assert (probabilities * values).sum(0).tolist() == pytest.approx(expected, rel=1e-3)
    assert expected == pytest.approx([mean * torch.tensor(number).exp().item() for mean in MEANS])


@pytest.mark.parametrize("number", [-1e9, 1e9])
def test_whatever_the_decoder_says_is_finite(number: float) -> None:
    likelihood = Counts(MEANS, DISPERSIONS)
    numbers = torch.full((2, 2), number, requires_grad=True)
    likelihood(numbers).log_prob(torch.tensor([[0.0, 1.0], [5.0, 1e6]])).sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in [numbers, *likelihood.parameters()])
    assert likelihood.expected(numbers).isfinite().all()
