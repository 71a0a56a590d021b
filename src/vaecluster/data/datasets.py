"""Datasets of torch and of Hugging Face as rows: tables as they are, items read once into a file."""

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from vaecluster.data.checks import quoted
from vaecluster.data.raw import Array
from vaecluster.data.telling import Telling
from vaecluster.errors import DataError, IgnoredColumnsWarning
from vaecluster.files.space import check_space

# Items between two looks at the progress.
BLOCK = 256


def is_dataset(X: Any) -> bool:
    """Whether it is a dataset or a loader of torch, or a dataset of Hugging Face; nothing is imported to find out."""
    return isinstance(X, Dataset | DataLoader) or type(X).__module__.partition(".")[0] == "datasets"


def rows_of(X: Any, telling: Telling) -> Any:
    """The rows of a dataset: a table, an array, or a memory map of what its items hold.

    A dataset of torch has items x, or (x, label, ...), of which labels are left out with a warning: x is an array, a
    tensor or a picture, and all are of one shape. Tensors of pictures have their channels first, as torch keeps them.
    Of a loader, the rows are those of its dataset in their own order.

    Raises `DataError` for datasets without a length, and for items that are no rows.
    """
    if isinstance(X, DataLoader):
        X = X.dataset
    if isinstance(X, dict):
        raise DataError(f"X is a {type(X).__name__} with the parts {quoted(list(X))}; expected one of them. Give one.")
    if isinstance(X, IterableDataset) or not hasattr(X, "__len__") or not hasattr(X, "__getitem__"):
        raise DataError(
            f"X is a {type(X).__name__}, whose items can be read only once and in their own order; expected one with "
            "a length. Give a list of its first items, as list(itertools.islice(X, 100_000)), or write them to a file."
        )
    if not len(X):
        raise DataError(f"X is a {type(X).__name__} without items; expected some. Check how it was made.")
    return _read(X, telling) if isinstance(X, Dataset) else _of_columns(X, telling)


def _of_columns(X: Any, telling: Telling) -> Any:
    """The table of a dataset of Hugging Face without its labels, or its pictures."""
    from vaecluster.data.readers.arrow import table_dataset

    kinds = {name: type(kind).__name__ for name, kind in X.features.items()}
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    _warn_of_labels([f"the column {name!r}" for name in labels])
    rows = X.remove_columns(labels) if labels else X
    pictures = [name for name in rows.column_names if kinds[name] == "Image"]
    if len(pictures) == 1 and len(rows.column_names) == 1:
        return _read(rows, telling)
    if pictures:
        raise DataError(
            f"X has pictures in {quoted(pictures)}, and the columns {quoted(rows.column_names)}; expected one column "
            f"of pictures. Give X.select_columns({pictures[0]!r})."
        )
    return table_dataset(Path("X"), rows.with_format("arrow")[:]).x_train


def _read(X: Any, telling: Telling) -> Array:
    """All items in a temporary file, which is removed when the array is."""
    first, labelled = _entry(X[0], 0)
    if labelled:
        _warn_of_labels(["what stands behind the first entry of each item"])
    folder = Path(tempfile.mkdtemp(prefix="vaecluster-"))
    try:
        advice = "Give smaller items, or set TMPDIR to a folder with more room."
        check_space(folder.parent, len(X) * first.nbytes, "The items of X", advice)
        shape = (len(X), *first.shape)
        rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", dtype=first.dtype, shape=shape)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # The map itself, which views of the array hold on to.
    weakref.finalize(rows.base, shutil.rmtree, folder, ignore_errors=True)
    for block in telling("reading items", [range(at, min(at + BLOCK, len(X))) for at in range(0, len(X), BLOCK)]):
        for number, item in zip(block, _items(X, block), strict=True):
            entry, _ = _entry(item, number)
            if entry.shape != first.shape:
                raise DataError(
                    f"X[{number}] has shape {entry.shape}, but X[0] has {first.shape}; expected items of one shape. "
                    "Resize pictures in the dataset's transform, or give the path of their folder."
                )
            rows[number] = entry
    rows.flush()
    return rows


def _items(X: Any, numbers: range) -> Iterator[Any]:
    for number in numbers:
        try:
            yield X[number]
        except Exception as problem:
            reason = " ".join(str(problem).split()) or type(problem).__name__
            raise DataError(f"X[{number}] cannot be read ({reason:.200}). Check the dataset.") from problem


def _entry(item: Any, number: int) -> tuple[Array, bool]:
    """What is learned from of an item, and whether something else, its label, stands beside it."""
    labelled = isinstance(item, tuple | list) and bool(item) and not np.isscalar(item[0])
    x = item[0] if labelled else item
    if isinstance(x, dict):
        # A picture of Hugging Face; what else is in the item was taken out before.
        (x,) = x.values() if len(x) == 1 else (None,)
    if isinstance(x, torch.Tensor):
        x = x.detach().to_dense().cpu() if x.layout != torch.strided else x.detach().cpu()
        values = (x.float() if x.dtype == torch.bfloat16 else x).numpy()
        if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in (1, 3):
            values = values[0] if values.shape[0] == 1 else np.moveaxis(values, 0, -1)
    elif hasattr(x, "convert") and hasattr(x, "mode"):
        values = np.asarray(x if x.mode in ("L", "RGB", "F", "I;16") else x.convert("RGB"))
    else:
        values = np.asarray(x)
    if values.dtype.kind not in "biuf" or values.ndim not in (1, 2, 3):
        raise DataError(
            f"X[{number}] is a {type(x if x is not None else item).__name__} of shape {values.shape} and type "
            f"{values.dtype}; expected a vector or a picture of numbers, or a tuple whose first entry is one. Choose "
            "it in the dataset's __getitem__."
        )
    return values, labelled and len(item) > 1


def _warn_of_labels(what: list[str]) -> None:
    if what:
        warnings.warn(
            f"Of X {' and '.join(what)} is left out: labels take no part in a fit. To name clusters by them, give "
            "them as y.",
            IgnoredColumnsWarning,
            stacklevel=2,
        )
