import pytest
import torch
from torch import Generator, Tensor

from vaecluster.views.change import Change
from vaecluster.views.vectors import FeatureDropout, GaussianNoise


def seeded(change: Change, batch: Tensor) -> Tensor:
    return change(batch, Generator().manual_seed(0))


def test_noise_has_the_spread_asked_for_and_no_mean() -> None:
    noise = seeded(GaussianNoise(0.3), torch.zeros(200, 200))
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=0.01)


def test_noisy_images_reach_the_ends_of_their_range_and_noisy_vectors_leave_it() -> None:
    noisy = seeded(GaussianNoise(1.0), torch.full((3, 1, 8, 8), 0.5))
    assert (noisy.min(), noisy.max()) == (0, 1)
    assert seeded(GaussianNoise(1.0), torch.full((50, 8), 0.5)).min() < 0


def test_dropout_sets_the_share_asked_for_to_zero_and_keeps_the_rest() -> None:
    batch = torch.rand((200, 200), generator=Generator().manual_seed(1)) + 1
    changed = seeded(FeatureDropout(0.2), batch)
    dropped = changed == 0
    assert torch.equal(changed[~dropped], batch[~dropped])
    assert dropped.float().mean() == pytest.approx(0.2, abs=0.01)
    assert len({row.numpy().tobytes() for row in dropped}) == 200
    assert (seeded(FeatureDropout(1), batch) == 0).all()
