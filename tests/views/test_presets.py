from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vaecluster.errors import SettingError
from vaecluster.views.images import HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views
from vaecluster.views.presets import PRESETS, as_views
from vaecluster.views.vectors import GaussianNoise


def doubled(batch: Tensor) -> Tensor:
    return batch * 2


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_changes_images_and_keeps_their_shape(name: str) -> None:
    batch = torch.rand(4, 3, 12, 10)
    for change in as_views(name, "images").changes:
        assert change(batch).shape == batch.shape


@pytest.mark.parametrize("name", ["auto", "vectors", "counts"])
def test_presets_for_vectors_take_vectors(name: str) -> None:
    views = as_views(name, "vectors")
    assert views.neighbours == Neighbours()
    for change in views.changes:
        assert change(torch.rand(4, 7)).shape == (4, 7)


def test_auto_only_shifts_images_a_little() -> None:
    views = as_views("auto", "images")
    assert views.neighbours == Neighbours()
    (shift,) = views.changes
    assert shift == RandomAffine(rotation=0, shift=shift.shift, scale=0, shear=0, padding="border")
    assert shift.shift <= 0.1


def test_auto_leaves_vectors_as_they_are() -> None:
    assert as_views("auto", "vectors") == Views(Neighbours())


def test_a_list_keeps_its_order() -> None:
    views = as_views([Neighbours(5), RandomCrop(), doubled, GaussianNoise()], "images")
    assert views == Views(Neighbours(5), (RandomCrop(), doubled, GaussianNoise()))


def test_a_list_need_not_hold_neighbours() -> None:
    assert as_views((HorizontalFlip(), doubled), "images") == Views(None, (HorizontalFlip(), doubled))


@pytest.mark.parametrize("view", [doubled, RandomCrop(), GaussianNoise(), torch.nn.Identity()])
def test_a_single_view_needs_no_list(view) -> None:
    assert as_views(view, "images") == Views(None, (view,))


def test_neighbours_alone_are_views() -> None:
    assert as_views(Neighbours(3), "vectors") == Views(Neighbours(3))


def test_views_that_were_put_together_pass() -> None:
    views = replace(PRESETS["digits"], neighbours=Neighbours(20))
    assert as_views(views, "images") is views


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("digit", "images", "views is 'digit', which is unknown; expected one of 'auto', 'digits', 'clothes'"),
        ([], "images", "empty list; give at least one view, or views='auto'"),
        ([RandomCrop(), Neighbours()], "images", "Neighbours in a later place; expected them once, as the first"),
        ([Neighbours(), Neighbours(3)], "images", "Neighbours in a later place"),
        ([Neighbours(), "crop"], "images", "views holds 'crop'; expected view objects, such as Neighbours"),
        (7, "images", "views holds 7"),
        (None, "images", "views holds None"),
        ([RandomCrop], "images", r"the class RandomCrop; write RandomCrop\(\)"),
        ([RandomCrop()], "vectors", "RandomCrop, which is for images, but the rows are vectors. Use Neighbours"),
        ("digits", "vectors", "RandomAffine, which is for images"),
        (Views(None, (HorizontalFlip(),)), "vectors", "HorizontalFlip, which is for images"),
    ],
)
def test_what_is_no_view_is_named_with_what_to_do(value, kind: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        as_views(value, kind)
