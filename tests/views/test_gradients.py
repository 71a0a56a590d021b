import pytest
import torch
from torch import Tensor

from vaecluster.views.gradients import ORIENTATIONS, PIXELS, PLACES, Gradients

SIDE = 12


def strokes(height: int = SIDE, width: int = SIDE, channels: int = 1) -> Tensor:
    """Images (4, channels, height, width) with values from 0 to 1."""
    return torch.rand(4, channels, height, width, generator=torch.Generator().manual_seed(0))


def histograms(images: Tensor) -> Tensor:
    """Without pixels: (rows, orientations, places, places)."""
    counted = Gradients(*images.shape[2:])(images)[:, : -images[0].numel()]
    return counted.unflatten(1, (ORIENTATIONS, PLACES, PLACES))


@pytest.mark.parametrize(
    "changed",
    [
        lambda images: images + 0.3,
        lambda images: images * 0.5,
        lambda images: images.expand(-1, 3, -1, -1),
        lambda images: torch.cat([0 * images, images], 1),
    ],
    ids=["brighter", "of less contrast", "in three channels", "beside an empty channel"],
)
def test_histograms_are_those_of_the_same_drawing(changed: object) -> None:
    torch.testing.assert_close(histograms(changed(strokes())), histograms(strokes()))  # type: ignore[operator]


def test_turned_images_have_turned_histograms() -> None:
    # A quarter of a turn takes each orientation to the next but one.
    turned = histograms(strokes().rot90(1, (2, 3)))
    torch.testing.assert_close(turned, histograms(strokes()).rot90(1, (2, 3)).roll(-2, 1))


def test_both_parts_have_a_length_of_their_own() -> None:
    points = Gradients(SIDE, SIDE)(strokes())
    assert points[:, : -SIDE * SIDE].norm(dim=1).tolist() == pytest.approx([1.0] * 4)
    assert points[:, -SIDE * SIDE :].norm(dim=1).tolist() == pytest.approx([PIXELS] * 4)


def test_a_stroke_a_little_apart_is_nearer_than_one_in_another_direction() -> None:
    images = torch.zeros(3, 1, 28, 28)
    images[0, 0, 4:24, 12:15] = 1
    images[1, 0, 4:24, 15:18] = 1
    images[2] = images[0].rot90(1, (1, 2))
    stroke, beside, across = Gradients(28, 28)(images)
    assert (stroke - beside).norm() < 0.8 * (stroke - across).norm()
    pixels = images.flatten(1)
    assert (pixels[0] - pixels[1]).norm() > 0.95 * (pixels[0] - pixels[2]).norm()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 40), (30, 8), (64, 64)])
def test_images_of_any_shape_have_points(shape: tuple[int, int]) -> None:
    images = strokes(*shape, channels=3)
    points = Gradients(*shape)(torch.cat([images, torch.zeros_like(images[:1])]))
    assert points.isfinite().all()
    assert not points[-1].any()
