import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vaecluster.model.distributions import bernoulli, diag_normal

quick = settings(max_examples=20, deadline=None)
shapes = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@given(shapes, st.data())
@quick
def test_the_last_axes_are_one_event_and_the_others_the_batch(shape: list[int], data: st.DataObject) -> None:
    event_dims = data.draw(st.integers(1, len(shape)))
    batch = torch.Size(shape[: len(shape) - event_dims])
    for distribution in (
        diag_normal(torch.zeros(shape), torch.tensor(2.0), event_dims),
        bernoulli(torch.zeros(shape), event_dims),
    ):
        assert distribution.batch_shape == batch
        assert distribution.event_shape == torch.Size(shape[len(shape) - event_dims :])
        assert distribution.log_prob(torch.zeros(shape)).shape == batch


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(-6, 6), st.floats(-6, 6))
@quick
def test_the_density_of_an_event_is_the_product_of_its_entries(
    mean: float, scale: float, first: float, second: float
) -> None:
    whole = diag_normal(torch.full((2,), mean), torch.tensor(scale)).log_prob(torch.tensor([first, second]))
    entries = torch.distributions.Normal(mean, scale).log_prob(torch.tensor([first, second]))
    torch.testing.assert_close(whole, entries.sum())


def test_a_normal_in_one_and_two_dimensions_integrates_to_one() -> None:
    axis = torch.linspace(-12, 12, 301, dtype=torch.float64)
    cell = float(axis[1] - axis[0])
    for dims in (1, 2):
        points = torch.cartesian_prod(*[axis] * dims).view(-1, dims)
        scale = torch.tensor([0.3, 2.0], dtype=torch.float64)[:dims]
        density = diag_normal(torch.full((dims,), 0.7, dtype=torch.float64), scale).log_prob(points).exp()
        assert abs(density.sum().item() * cell**dims - 1) < 1e-7


def test_the_chance_of_a_coin_is_the_logistic_function_of_its_logit() -> None:
    logits = torch.tensor([-2.0, 0.0, 3.0])
    heads = bernoulli(logits.unsqueeze(-1)).log_prob(torch.ones(3, 1)).exp()
    torch.testing.assert_close(heads, 1 / (1 + torch.exp(-logits)))


def test_draws_pass_gradients_to_mean_and_scale() -> None:
    mean, scale = torch.zeros(3, requires_grad=True), torch.ones(3, requires_grad=True)
    diag_normal(mean, scale).rsample().sum().backward()
    assert mean.grad is not None
    assert scale.grad is not None
    assert (mean.grad == 1).all()
