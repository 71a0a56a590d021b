import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from benchmarks.judge import CHANGES, Judge, RandomBlur, train_judge
from vaecluster.errors import DataError, SettingError

LEARNED = 1200


@pytest.fixture(scope="module")
def judge(digits) -> Judge:
    images, labels = digits
    return train_judge(images[:LEARNED], labels[:LEARNED], epochs=8)


def test_held_out_digits_are_named_right(judge, digits):
    images, labels = digits
    assert (judge.predict(images[LEARNED:]) == labels[LEARNED:]).mean() > 0.9


def test_blurred_digits_are_named_right(judge, digits):
    images, labels = digits
    blurred = gaussian_filter(images[LEARNED:], (0, 0.4, 0.4))
    assert (judge.predict(blurred) == labels[LEARNED:]).mean() > 0.9


def test_an_image_is_named_the_same_in_any_company(judge, digits):
    images, _ = digits
    alone = np.concatenate([judge.predict(images[row : row + 1]) for row in range(20)])
    assert (alone == judge.predict(images)[:20]).all()


def test_features_are_one_row_of_64_numbers_per_image_and_tell_classes_apart(judge, digits):
    images, labels = digits
    features = judge.features(images[LEARNED:])
    assert features.shape == (len(images) - LEARNED, 64)
    assert features.dtype == np.float32
    spread = features.var(0).sum()
    within = np.mean([features[labels[LEARNED:] == label].var(0).sum() for label in range(10)])
    assert within < 0.5 * spread


def test_the_seed_decides_the_judge_and_the_global_random_state_is_left_alone(digits):
    images, labels = digits[0][:200], digits[1][:200]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    features = train_judge(images, labels, epochs=1).features(images)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert (train_judge(images, labels, epochs=1).features(images) == features).all()
    assert (train_judge(images, labels, epochs=1, random_state=1).features(images) != features).any()


@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (12, 8, 3), (40, 40, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_images_of_any_shape_and_type_can_be_judged(shape, dtype):
    images = (255 * np.random.default_rng(0).random((12, *shape))).astype(dtype)
    judge = train_judge(images, np.arange(12) % 3, epochs=1)
    assert set(judge.predict(images)) <= {0, 1, 2}
    assert np.isfinite(judge.features(images)).all()


def test_labels_may_be_words(digits):
    images, labels = digits
    words = np.where(labels[:300] < 5, "low", "high")
    assert set(train_judge(images[:300], words, epochs=8).predict(images)) == {"low", "high"}


@pytest.mark.parametrize(
    ("rows", "labels", "named"),
    [
        (np.zeros((4, 64)), np.arange(4), r"images \(n, H, W\).*shape \(4, 64\)"),
        (np.zeros((4, 7, 9)), np.arange(4), "an image of 7x9; the judge needs 8 pixels"),
        (np.ones((4, 8, 8)), np.arange(4), "All 4 rows are the same"),
        (np.full((4, 8, 8), np.nan), np.arange(4), "256 NaN"),
        (np.arange(256.0).reshape(4, 8, 8), np.arange(3), r"4 images and labels \(3,\)"),
    ],
)
def test_what_cannot_be_learned_from_is_named(rows, labels, named):
    with pytest.raises(DataError, match=named):
        train_judge(rows, labels)


def test_images_of_another_size_are_refused(judge):
    with pytest.raises(DataError, match="an image of 9x9, but the fit was on an image of 8x8"):
        judge.predict(np.zeros((2, 9, 9)))


# The blur


def some_images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_blur_of_no_width_changes_nothing():
    batch = some_images(5, 2, 8, 11)
    torch.testing.assert_close(RandomBlur(0)(batch, seeded()), batch)


def test_a_blur_of_an_even_image_changes_nothing():
    batch = torch.full((5, 1, 8, 11), 0.3)
    torch.testing.assert_close(RandomBlur(0.5)(batch, seeded()), batch)


def test_a_point_is_spread_to_at_most_the_given_width():
    batch = torch.zeros(200, 1, 41, 41)
    batch[..., 20, 20] = 1
    blurred = RandomBlur(0.1)(batch, seeded())
    # The ends of the widest kernels are cut off by the edge.
    torch.testing.assert_close(blurred.sum((1, 2, 3)), torch.ones(200), atol=2e-3, rtol=0)
    along = blurred.sum((1, 3))
    widths = (along * (torch.arange(41) - 20.0).square()).sum(1).sqrt()
    assert widths.max() <= 4.1
    assert widths.max() > 3.9
    assert widths.min() < 0.1


def test_changed_images_keep_their_shape_and_their_range():
    for change in CHANGES:
        batch = some_images(6, 3, 8, 9)
        changed = change(batch, seeded())
        assert changed.shape == batch.shape
        assert changed.min() >= 0
        assert changed.max() <= 1


def test_a_width_that_cannot_be_used_is_named():
    with pytest.raises(SettingError, match=r"widest of RandomBlur is -1; expected a number from 0 to 1"):
        RandomBlur(-1)
