import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator
from torch.distributions import Categorical, Distribution, MultivariateNormal, Normal

from vaecluster.model.distributions import diag_normal, draw, scale_of

quick = settings(max_examples=20, deadline=None)
shapes = st.lists(st.integers(1, 3), min_size=1, max_size=4)
MEAN = torch.tensor([[0.5, -1.0], [3.0, 2.0]], dtype=torch.float64)
COVARIANCE = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)


@given(shapes)
@quick
def test_the_last_axis_is_one_event_and_the_others_the_batch(shape: list[int]) -> None:
    batch = torch.Size(shape[:-1])
    distribution = diag_normal(torch.zeros(shape), torch.tensor(2.0))
    assert distribution.batch_shape == batch
    assert distribution.event_shape == torch.Size(shape[-1:])
    assert distribution.log_prob(torch.zeros(shape)).shape == batch


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(-6, 6), st.floats(-6, 6))
@quick
def test_the_density_of_an_event_is_the_product_of_its_entries(
    mean: float, scale: float, first: float, second: float
) -> None:
    whole = diag_normal(torch.full((2,), mean), torch.tensor(scale)).log_prob(torch.tensor([first, second]))
    entries = Normal(mean, scale).log_prob(torch.tensor([first, second]))
    torch.testing.assert_close(whole, entries.sum())


@pytest.mark.parametrize("dims", [1, 2])
def test_a_normal_integrates_to_one(dims: int) -> None:
    axis = torch.linspace(-12, 12, 301, dtype=torch.float64)
    points = torch.cartesian_prod(*[axis] * dims).view(-1, dims)
    scale = torch.tensor([0.3, 2.0], dtype=torch.float64)[:dims]
    density = diag_normal(torch.full((dims,), 0.7, dtype=torch.float64), scale).log_prob(points).exp()
    assert float(density.sum() * (axis[1] - axis[0]) ** dims) == pytest.approx(1, abs=1e-7)


def test_a_spread_is_kept_where_densities_are_finite_and_within_is_the_exponential() -> None:
    asked = torch.tensor([-1e30, -10.0, 0.5, 10.0, 1e30])
    scale = scale_of(asked)
    torch.testing.assert_close(scale[1:4], asked[1:4].exp())
    assert (scale[0], scale[4]) == (scale[1], scale[3])
    normal = diag_normal(torch.zeros(5, 1), scale[:, None])
    assert normal.log_prob(torch.ones(5, 1)).isfinite().all()


NORMALS = {
    "diagonal": diag_normal(MEAN, COVARIANCE.diagonal().sqrt()),
    "full": MultivariateNormal(MEAN, COVARIANCE.expand(2, 2, 2)),
}
normals = pytest.mark.parametrize("name", NORMALS)


@normals
def test_draws_have_the_mean_and_the_covariance_of_their_distribution(name: str) -> None:
    drawn = draw(NORMALS[name], Generator().manual_seed(0), 20_000)
    assert drawn.shape == (20_000, 2, 2)
    expected = COVARIANCE if name == "full" else COVARIANCE.diagonal().diag()
    torch.testing.assert_close(drawn.mean(0), MEAN, atol=0.05, rtol=0)
    for entry in range(2):
        torch.testing.assert_close(drawn[:, entry].T.cov(), expected, atol=0.05, rtol=0)


@normals
@pytest.mark.parametrize(("number", "shape"), [(None, (2, 2)), (3, (3, 2, 2)), (0, (0, 2, 2))])
def test_the_generator_decides_what_is_drawn(name: str, number: int | None, shape: tuple[int, ...]) -> None:
    first, again, other = (draw(NORMALS[name], Generator().manual_seed(seed), number) for seed in (0, 0, 1))
    assert first.shape == shape
    assert first.dtype == torch.float64
    assert torch.equal(first, again)
    assert not first.numel() or not torch.equal(first, other)


def test_categories_are_drawn_as_often_as_they_are_likely() -> None:
    shares = torch.tensor([0.5, 0.0, 0.3, 0.2])
    drawn = [draw(Categorical(shares), Generator().manual_seed(seed), 10_000) for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    torch.testing.assert_close(drawn[0].bincount(minlength=4) / 10_000, shares, atol=0.02, rtol=0)


@pytest.mark.parametrize("full", [False, True])
def test_draws_pass_gradients_to_mean_and_spread(full: bool) -> None:
    mean, scale = torch.zeros(3, requires_grad=True), torch.ones(3, requires_grad=True)
    normal: Distribution = MultivariateNormal(mean, scale_tril=scale.diag()) if full else diag_normal(mean, scale)
    draw(normal, Generator().manual_seed(0)).sum().backward()
    assert torch.equal(mean.grad, torch.ones(3))
    torch.testing.assert_close(scale.grad, torch.randn(3, generator=Generator().manual_seed(0)))
