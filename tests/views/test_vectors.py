import pytest
import torch

from vaecluster.errors import SettingError
from vaecluster.views.vectors import FeatureDropout, GaussianNoise

CHANGES = [GaussianNoise(), FeatureDropout()]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("shape", [(5, 7), (5, 2, 4, 6)])
def test_shape_and_type_are_kept_and_the_batch_is_not_written_to(
    change: GaussianNoise, shape: tuple[int, ...]
) -> None:
    batch = torch.rand(shape)
    before = batch.clone()
    changed = change(batch)
    assert changed.shape == shape
    assert changed.dtype == batch.dtype
    assert torch.equal(batch, before)


@pytest.mark.parametrize("change", CHANGES)
def test_the_global_random_state_decides_and_nothing_else(change: GaussianNoise) -> None:
    batch = torch.ones(5, 7)
    drawn = []
    for seed in (0, 0, 1):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn.append(change(batch))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("change", [GaussianNoise(0), FeatureDropout(0)])
def test_a_change_of_strength_zero_changes_nothing(change: GaussianNoise) -> None:
    batch = torch.randn(5, 7)
    assert torch.equal(change(batch), batch)


def test_noise_has_the_spread_asked_for_and_no_mean() -> None:
    noise = GaussianNoise(0.3)(torch.zeros(200, 200))
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=0.01)


def test_noisy_images_stay_within_the_range_of_pixels() -> None:
    noisy = GaussianNoise(1.0)(torch.rand(3, 1, 8, 8))
    assert noisy.min() == 0
    assert noisy.max() == 1


def test_noisy_vectors_may_leave_that_range() -> None:
    assert GaussianNoise(1.0)(torch.rand(50, 8)).min() < 0


def test_dropout_sets_the_share_asked_for_to_zero_and_keeps_the_rest() -> None:
    batch = torch.rand(200, 200) + 1
    changed = FeatureDropout(0.2)(batch)
    dropped = changed == 0
    assert torch.equal(changed[~dropped], batch[~dropped])
    assert dropped.float().mean() == pytest.approx(0.2, abs=0.01)
    assert len({row.numpy().tobytes() for row in dropped}) == 200


def test_dropping_every_entry_leaves_zeros() -> None:
    assert (FeatureDropout(1)(torch.rand(4, 5)) == 0).all()


def test_a_value_that_cannot_be_used_is_named() -> None:
    with pytest.raises(SettingError, match=r"GaussianNoise\(scale=-1\).*0 or more"):
        GaussianNoise(-1)
    with pytest.raises(SettingError, match=r"FeatureDropout\(share=1.1\).*from 0 to 1"):
        FeatureDropout(1.1)
