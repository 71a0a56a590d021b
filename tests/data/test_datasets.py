"""Datasets of torch and of Hugging Face."""

import gc
import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from builders import estimator, quiet
from vaecluster.data.datasets import is_dataset, rows_of
from vaecluster.data.telling import in_silence
from vaecluster.errors import DataError, IgnoredColumnsWarning

pytestmark = quiet
VECTORS = np.repeat([[0.0, 0], [9, 9], [0, 9]], 20, 0) + np.random.default_rng(0).normal(size=(60, 2))
COLOURS = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3), np.uint8)
GREY = COLOURS[..., 0]


class Items(Dataset):
    def __init__(self, items: Any) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]


class Endless(IterableDataset):
    def __iter__(self) -> Any:
        return iter(VECTORS)


PLAIN: dict[str, tuple[Any, Any]] = {
    "arrays": (Items(list(VECTORS)), VECTORS),
    "lists of numbers": (Items(VECTORS.tolist()), VECTORS),
    "tensors": (Items(torch.from_numpy(VECTORS)), VECTORS),
    "sparse tensors": (Items([torch.from_numpy(one).to_sparse() for one in VECTORS]), VECTORS),
    "tuples of one": (TensorDataset(torch.from_numpy(VECTORS)), VECTORS),
    "pictures": (Items([Image.fromarray(one) for one in COLOURS]), COLOURS),
    "grey pictures": (Items([Image.fromarray(one) for one in GREY]), GREY),
    "images as torch keeps them": (Items(torch.from_numpy(COLOURS).permute(0, 3, 1, 2)), COLOURS),
    "grey images as torch keeps them": (Items(torch.from_numpy(GREY)[:, None]), GREY),
    "a loader, which is shuffled": (DataLoader(Items(list(VECTORS)), batch_size=7, shuffle=True), VECTORS),
}


@pytest.mark.parametrize(("given", "expected"), PLAIN.values(), ids=PLAIN)
def test_items_are_rows_in_the_order_of_the_dataset(given: Any, expected: Any) -> None:
    assert is_dataset(given)
    found = rows_of(given, in_silence)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


def test_labels_are_left_out_with_a_word() -> None:
    labelled = Items([(torch.from_numpy(one), number % 3) for number, one in enumerate(VECTORS)])
    with pytest.warns(IgnoredColumnsWarning, match="labels take no part in a fit"):
        np.testing.assert_array_equal(rows_of(labelled, in_silence), VECTORS)


def test_a_fit_on_a_dataset_is_one_on_its_rows() -> None:
    told: list[str] = []
    model = estimator().fit(Items(list(VECTORS)))
    np.testing.assert_array_equal(model.labels_, estimator().fit(VECTORS).labels_)
    np.testing.assert_array_equal(model.predict(DataLoader(Items(list(VECTORS[:9])))), model.labels_[:9])
    rows_of(Items(list(VECTORS)), lambda what, parts: told.append(what) or parts)
    assert told == ["reading items"]


def test_the_file_is_removed_when_the_rows_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    part = rows_of(Items(list(VECTORS)), in_silence)[3:5]
    assert len(list(tmp_path.iterdir())) == 1
    np.testing.assert_array_equal(part, VECTORS[3:5])
    del part
    gc.collect()
    assert not list(tmp_path.iterdir())


def broken(number: int) -> Any:
    raise KeyError("no file")


class Broken(Items):
    def __getitem__(self, number: int) -> Any:
        return broken(number) if number == 3 else super().__getitem__(number)


REFUSED: dict[str, tuple[Any, str]] = {
    "no length": (Endless(), r"can be read only once.*list\(itertools.islice"),
    "a loader without a length": (DataLoader(Endless()), "can be read only once"),
    "nothing": (Items([]), "without items"),
    "several shapes": (Items([VECTORS[0], VECTORS[:, 0]]), r"X\[1\] has shape \(60,\), but X\[0\] has \(2,\)"),
    "texts": (Items(["a", "b"]), r"X\[0\] is a str .*expected a vector or a picture"),
    "records": (Items([{"x": 1.0, "y": 2.0}]), r"X\[0\] is a dict .*expected a vector or a picture"),
    "an item that fails": (Broken(list(VECTORS)), r"X\[3\] cannot be read \('no file'\)"),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_dataset_of_rows_is_refused(given: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        rows_of(given, in_silence)


def test_a_dataset_of_hugging_face_is_its_table_without_labels() -> None:
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as problem:
        pytest.skip(str(problem))
    kinds = datasets.Features(
        {"v": datasets.Sequence(datasets.Value("float32")), "y": datasets.ClassLabel(names=["a", "b"])}
    )
    data = datasets.Dataset.from_dict({"v": VECTORS.astype(np.float32).tolist(), "y": [0, 1] * 30}, features=kinds)
    with pytest.warns(IgnoredColumnsWarning, match="the column 'y' is left out"):
        found = rows_of(data.select(range(59, -1, -1)), in_silence)
    np.testing.assert_array_equal(found, VECTORS.astype(np.float32)[::-1])
    columns = datasets.Dataset.from_dict({"a": VECTORS[:, 0], "b": ["u", "v", "w"] * 20})
    assert rows_of(columns, in_silence).column_names == ["a", "b"]
    pictures = datasets.Dataset.from_dict(
        {"image": [Image.fromarray(one) for one in COLOURS], "label": [0, 1] * 3},
        features=datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b"])}),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredColumnsWarning)
        np.testing.assert_array_equal(rows_of(pictures, in_silence), COLOURS)
    with pytest.raises(DataError, match="DatasetDict with the parts 'train'"):
        rows_of(datasets.DatasetDict({"train": columns}), in_silence)
    with pytest.raises(DataError, match="can be read only once"):
        rows_of(columns.to_iterable_dataset(), in_silence)
