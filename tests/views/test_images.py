import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from vaecluster.views.change import Change
from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop, reading_matrix, warp

quick = settings(max_examples=20, deadline=None)


def some_images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def seeded(change: Change, batch: Tensor, seed: int = 0) -> Tensor:
    return change(batch, Generator().manual_seed(seed))


def read(batch: Tensor, *, angle: float = 0.0, size: float = 1.0, shear: float = 0.0) -> Tensor:
    matrix = reading_matrix(torch.tensor([math.radians(angle)]), torch.tensor([size]), torch.tensor([shear]))
    return warp(batch, matrix.expand(len(batch), 2, 2), torch.zeros(len(batch), 2), "zeros")


def places(image: Tensor) -> tuple[Tensor, Tensor]:
    """Of the rows down and the columns to the right, from the middle."""
    down, right = (torch.arange(side) - (side - 1) / 2 for side in image.shape)
    return down, right


def direction(image: Tensor) -> float:
    """The angle, in degrees clockwise from the right, along which the bright pixels spread most."""
    mass = image / image.sum()
    down, right = places(image)
    across, along, both = (mass * right**2).sum(), (mass.T * down**2).sum(), (mass * down[:, None] * right).sum()
    return math.degrees(0.5 * math.atan2(2 * both, across - along))


def spread(image: Tensor) -> float:
    """The root mean square distance of the bright pixels from the middle."""
    mass = image / image.sum()
    down, right = places(image)
    return math.sqrt((mass * (down[:, None] ** 2 + right**2)).sum())


def bar(height: int, width: int, length: int) -> Tensor:
    """A horizontal bar through the middle, three pixels thick."""
    image = torch.zeros(1, 1, height, width)
    top, left = (height - 3) // 2, (width - length) // 2
    image[..., top : top + 3, left : left + length] = 1
    return image


@pytest.mark.parametrize(("height", "width"), [(31, 31), (31, 61), (61, 31)])
@given(angle=st.floats(-85, 85))
@quick
def test_a_turn_is_clockwise_by_its_angle_whatever_the_shape_of_the_image(
    height: int, width: int, angle: float
) -> None:
    turned = read(bar(height, width, 25), angle=angle)[0, 0]
    assert direction(turned) == pytest.approx(angle, abs=0.5)
    assert spread(turned) == pytest.approx(spread(bar(height, width, 25)[0, 0]), rel=0.02)


def test_a_quarter_turn_puts_every_pixel_in_its_place() -> None:
    batch = some_images(2, 3, 6, 6)
    torch.testing.assert_close(read(batch, angle=90), batch.rot90(-1, (2, 3)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [0.7, 0.8, 1.3, 2.0])
def test_size_is_the_factor_by_which_things_grow(size: float) -> None:
    grown = read(bar(41, 81, 31), size=size)[0, 0]
    assert spread(grown) == pytest.approx(size * spread(bar(41, 81, 31)[0, 0]), rel=0.03)


def test_shear_moves_rows_sideways_by_pixels_for_each_pixel_up() -> None:
    batch = torch.zeros(1, 1, 7, 9)
    batch[0, 0, :, 4] = 1
    slanted = read(batch, shear=1.0)[0, 0]
    for row in range(7):
        assert slanted[row].argmax() == 4 + (3 - row)


def test_the_centre_moves_what_is_shown_by_whole_pixels() -> None:
    batch = some_images(1, 2, 5, 7)
    moved = warp(batch, torch.eye(2)[None], torch.tensor([[-2.0, 1.0]]), "zeros")
    expected = torch.zeros_like(batch)
    expected[..., :-1, 2:] = batch[..., 1:, :-2]
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)


def test_border_padding_repeats_the_edge_and_zeros_padding_brings_in_black() -> None:
    batch = torch.ones(50, 1, 8, 8)
    assert (seeded(RandomAffine(padding="border"), batch) > 0.99).all()
    assert (seeded(RandomAffine(padding="zeros"), batch) == 0).any()


@given(seed=st.integers(0, 100))
@quick
def test_an_affine_change_stays_within_its_limits(seed: int) -> None:
    batch = bar(61, 41, 25).expand(10, 1, 61, 41)
    whole = spread(batch[0, 0])
    for turned in seeded(RandomAffine(rotation=30, shift=0, scale=0, shear=0), batch, seed):
        assert abs(direction(turned[0])) <= 30.5
    for sized in seeded(RandomAffine(rotation=0, shift=0, scale=0.3, shear=0), batch, seed):
        assert 0.68 * whole <= spread(sized[0]) <= 1.32 * whole


@given(seed=st.integers(0, 100))
@quick
def test_a_shift_is_a_share_of_each_side_even_under_a_turn(seed: int) -> None:
    batch = torch.zeros(30, 1, 41, 81)
    batch[..., 20, 40] = 1
    for moved in seeded(RandomAffine(rotation=180, shift=0.2, scale=0, shear=0), batch, seed)[:, 0]:
        down, right = divmod(int(moved.argmax()), 81)
        assert abs(down - 20) <= 0.2 * 41 + 0.51
        assert abs(right - 40) <= 0.2 * 81 + 0.51


@given(seed=st.integers(0, 100), smallest=st.floats(0.1, 1))
@quick
def test_a_crop_shows_a_part_of_the_image_of_the_right_size_and_shape(seed: int, smallest: float) -> None:
    # Channels that hold their own places show what was read.
    down, right = torch.meshgrid(torch.arange(20) / 19, torch.arange(30) / 29, indexing="ij")
    batch = torch.stack([down, right]).expand(8, 2, 20, 30)
    cropped = seeded(RandomCrop(smallest), batch, seed)
    # From pixel to pixel inside, away from the edge that is repeated.
    step_down = (cropped[:, 0, 12, 15] - cropped[:, 0, 8, 15]) * 19 / 4
    step_right = (cropped[:, 1, 10, 17] - cropped[:, 1, 10, 13]) * 29 / 4
    torch.testing.assert_close(step_down, step_right, atol=1e-3, rtol=0)
    assert step_down.min() >= smallest - 1e-3
    assert step_down.max() <= 1 + 1e-3


def test_crops_reach_every_corner() -> None:
    down, right = torch.meshgrid(torch.arange(20) / 19, torch.arange(30) / 29, indexing="ij")
    cropped = seeded(RandomCrop(0.2), torch.stack([down, right]).expand(2000, 2, 20, 30))
    assert cropped[:, :, 0, 0].amin(0).max() < 0.02
    assert cropped[:, :, -1, -1].amax(0).min() > 0.98


def test_flipping_every_image_twice_changes_nothing() -> None:
    batch = some_images(4, 3, 5, 6)
    flip = HorizontalFlip(1)
    assert torch.equal(seeded(flip, batch), batch.flip(3))
    assert torch.equal(seeded(flip, seeded(flip, batch)), batch)


def test_a_flip_takes_place_as_often_as_its_probability_says() -> None:
    batch = torch.tensor([0.0, 1.0]).expand(4000, 1, 1, 2)
    assert seeded(HorizontalFlip(0.3), batch)[:, 0, 0, 0].mean() == pytest.approx(0.3, abs=0.03)


def test_brightness_multiplies_an_image_by_one_factor() -> None:
    batch = 0.5 * some_images(6, 2, 4, 4)
    factors = seeded(ColourJitter(0.4, 0), batch) / batch
    torch.testing.assert_close(factors, factors[:, :1, :1, :1].expand_as(factors))
    assert factors.min() >= 0.6
    assert factors.max() <= 1.4


def test_contrast_keeps_the_mean_of_an_image() -> None:
    batch = 0.4 + 0.2 * some_images(6, 2, 4, 4)
    changed = seeded(ColourJitter(0, 0.4), batch)
    torch.testing.assert_close(changed.mean((1, 2, 3)), batch.mean((1, 2, 3)))
    assert not torch.allclose(changed, batch)


def test_saturation_changes_colours_only() -> None:
    grey = some_images(6, 1, 4, 4).expand(6, 3, 4, 4)
    torch.testing.assert_close(seeded(ColourJitter(0, 0, 1), grey), grey)
    for channels in (1, 2, 4):
        batch = some_images(6, channels, 4, 4)
        assert torch.equal(seeded(ColourJitter(0, 0, 1), batch), batch)
    coloured = 0.4 + 0.2 * some_images(6, 3, 4, 4)
    assert not torch.allclose(seeded(ColourJitter(0, 0, 1), coloured), coloured)
