from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from vaecluster.errors import SettingError
from vaecluster.row_kind import RowKind
from vaecluster.views.change import Function
from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views
from vaecluster.views.presets import PRESETS, ViewsSetting, views_of
from vaecluster.views.vectors import FeatureDropout, GaussianNoise

SETTING = ViewsSetting()


def doubled(batch: Tensor) -> Tensor:
    return batch * 2


def views(value: Any, kind: RowKind = "images") -> Views:
    assert SETTING.accepts(value)
    return views_of(SETTING.normal(value), kind)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_changes_images_and_keeps_their_shape(name: str) -> None:
    batch = torch.full((4, 3, 12, 10), 0.5)
    for change in views(name).changes:
        assert change(batch, Generator().manual_seed(0)).shape == batch.shape


@pytest.mark.parametrize("name", ["auto", "vectors", "counts"])
def test_presets_for_vectors_take_vectors(name: str) -> None:
    chosen = views(name, "vectors")
    assert chosen.neighbours == Neighbours()
    for change in chosen.changes:
        assert change(torch.ones(4, 7), Generator().manual_seed(0)).shape == (4, 7)


def test_auto_changes_images_only_a_little_and_leaves_vectors_as_they_are() -> None:
    chosen = views("auto")
    assert chosen.neighbours == Neighbours()
    (change,) = chosen.changes
    assert isinstance(change, RandomAffine)
    assert max(change.rotation / 15, change.shift / 0.1, change.scale / 0.1, change.shear / 0.2) <= 1
    assert change.padding == "border"
    assert views("auto", "vectors") == Views(Neighbours())


DOUBLED = Function("doubled", doubled)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([Neighbours(5), RandomCrop(), GaussianNoise()], Views(Neighbours(5), (RandomCrop(), GaussianNoise()))),
        ((HorizontalFlip(), doubled), Views(None, (HorizontalFlip(), DOUBLED))),
        (doubled, Views(None, (DOUBLED,))),
        (RandomCrop(), Views(None, (RandomCrop(),))),
        (Neighbours(3), Views(Neighbours(3))),
        (Views(None, (doubled,)), Views(None, (DOUBLED,))),
        (Views(Neighbours(20), PRESETS["digits"].changes), Views(Neighbours(20), PRESETS["digits"].changes)),
    ],
)
def test_a_list_keeps_its_order_and_a_single_view_needs_none(value: Any, expected: Views) -> None:
    assert views(value) == expected
    # What is normal already stays as it is.
    normal = SETTING.normal(value)
    assert SETTING.accepts(normal)
    assert SETTING.normal(normal) == normal


def test_a_torch_module_is_a_view() -> None:
    (change,) = views(nn.Identity()).changes
    assert change.name == "Identity"
    assert torch.equal(change(torch.ones(2, 3), Generator()), torch.ones(2, 3))


@pytest.mark.parametrize(
    "value",
    [
        "digits",
        [Neighbours(5, components=7), GaussianNoise(0.2), FeatureDropout()],
        [RandomAffine(padding="border"), RandomCrop(0.3), HorizontalFlip(0.1), ColourJitter(0.1, 0.2, 0.3)],
    ],
)
def test_views_come_back_from_a_file_as_they_were(value: Any) -> None:
    normal = SETTING.normal(value)
    assert SETTING.restored(SETTING.plain(normal)) == normal


def test_a_function_comes_back_from_a_file_as_its_name() -> None:
    restored = SETTING.restored(SETTING.plain(SETTING.normal([Neighbours(), doubled])))
    assert restored == (Neighbours(), Function("doubled", None))


@pytest.mark.parametrize("value", ["digit", 7, None, 0.5, {"Neighbours": 1}])
def test_what_is_neither_a_name_nor_a_view_is_not_accepted(value: Any) -> None:
    assert not SETTING.accepts(value)
    assert all(name in SETTING.expected for name in ("'auto'", *PRESETS, "[Neighbours(), RandomCrop()]"))


@pytest.mark.parametrize(
    ("value", "kind", "parts"),
    [
        (Views(), "images", ["empty list"]),
        ([], "images", ["empty list", "one view or more", "views='auto'"]),
        ([RandomCrop(), Neighbours()], "images", ["Neighbours in a later place", "as the first"]),
        ([Neighbours(), Neighbours(3)], "images", ["Neighbours in a later place"]),
        ([Neighbours(), "crop"], "images", ["'crop'", "expected view objects, such as Neighbours"]),
        ([None], "images", ["None", "expected view objects"]),
        ([RandomCrop], "images", ["the class RandomCrop", "Write RandomCrop()"]),
        (RandomCrop, "images", ["the class RandomCrop", "Write RandomCrop()"]),
        ([RandomCrop()], "vectors", ["RandomCrop, which is for images", "rows are vectors", "Use Neighbours"]),
        ("digits", "vectors", ["RandomAffine, which is for images"]),
        (Views(None, (HorizontalFlip(),)), "vectors", ["HorizontalFlip, which is for images"]),
    ],
)
def test_what_is_no_view_is_named_with_what_to_do(value: Any, kind: RowKind, parts: list[str]) -> None:
    with pytest.raises(SettingError) as error:
        views(value, kind)
    assert all(part in str(error.value) for part in parts), error.value


@pytest.mark.parametrize("value", [(GaussianNoise(),), (Neighbours(), FeatureDropout()), "counts"])
def test_rows_that_hold_more_than_numbers_take_neighbours_alone(value: Any) -> None:
    with pytest.raises(SettingError, match=r"changes numbers, but .*categories or missing values.*Neighbours alone"):
        views_of(value, "vectors", numbers_only=False)
    assert views_of("auto", "vectors", numbers_only=False) == Views(Neighbours())


@pytest.mark.parametrize("kind", RowKind)
def test_every_kind_of_rows_has_views_that_are_for_it(kind: RowKind) -> None:
    assert views("auto", kind).changes or kind == RowKind.VECTORS
