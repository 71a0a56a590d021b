import numpy as np
import torch
from scipy.stats import nbinom

from vaecluster.model.expression import NegativeBinomialCounts

SHARES, DISPERSIONS = [0.5, 0.3, 0.2], [0.7, 2.0, 30.0]
COUNTS = torch.tensor([[3.0, 0.0, 1.0], [10.0, 20.0, 5.0]])
NUMBERS = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0]])


def likelihood() -> NegativeBinomialCounts:
    return NegativeBinomialCounts(SHARES, DISPERSIONS, total=100.0)


def test_counts_are_negative_binomial_around_the_total_times_the_shares() -> None:
    shares = (torch.tensor(SHARES).log() + NUMBERS).softmax(-1).numpy()
    mean, size = COUNTS.sum(1, keepdim=True).numpy() * shares, np.array(DISPERSIONS)
    expected = nbinom.logpmf(COUNTS.numpy(), size, size / (size + mean))
    found = likelihood().entries(NUMBERS).log_prob(COUNTS).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_what_is_expected_has_the_total_and_numbers_of_zero_stand_for_the_shares() -> None:
    shown = likelihood().expected(NUMBERS)
    torch.testing.assert_close(shown.sum(1), torch.tensor([100.0, 100.0]))
    torch.testing.assert_close(shown[1], torch.tensor([50.0, 30.0, 20.0]))


def test_a_cell_without_counts_has_a_density() -> None:
    assert likelihood()(NUMBERS).log_prob(torch.zeros(2, 3)).isfinite().all()


def test_a_batch_shifts_the_numbers_and_a_cell_of_none_has_those_of_all() -> None:
    shifts = [[0.5, -1.0, 0.0], [0.0, 0.2, 0.3]]
    told = NegativeBinomialCounts(SHARES, DISPERSIONS, 100.0, shifts)
    rows = torch.cat([COUNTS, torch.tensor([[0.0, 1.0], [0.0, 0.0]])], 1)
    shifted = NUMBERS + torch.tensor([shifts[1], [0.0, 0.0, 0.0]])
    expected = likelihood()(shifted).log_prob(COUNTS)
    torch.testing.assert_close(told(NUMBERS).log_prob(rows), expected)
    torch.testing.assert_close(told.expected(NUMBERS)[:, :3], likelihood().expected(NUMBERS))
    assert told.expected(NUMBERS)[:, 3:].tolist() == [[0, 0], [0, 0]]


def test_every_parameter_gets_a_gradient() -> None:
    part, numbers = NegativeBinomialCounts(SHARES, DISPERSIONS, 100.0, [[0.1, 0.0, 0.0]]), NUMBERS.clone()
    numbers.requires_grad_()
    part(numbers).log_prob(torch.cat([COUNTS, torch.ones(2, 1)], 1)).sum().backward()
    assert part.batch_shifts.grad is not None
    assert (part.batch_shifts.grad != 0).all()
    assert part.log_dispersion.grad is not None
    assert numbers.grad is not None
    assert (part.log_dispersion.grad != 0).all()
    assert (numbers.grad != 0).any()
