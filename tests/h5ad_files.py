"""Files of cells as anndata writes them, made by h5py after the format's description."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


def cells(X: Any, genes: Sequence[str] | None = None, *, layers: Any = None, raw: Any = None, obs: Any = None) -> Any:
    """An object with the members of an AnnData object that the package uses."""
    names = list(genes) if genes is not None else [f"gene{number}" for number in range(np.shape(X)[1])]
    kept = None if raw is None else SimpleNamespace(X=raw, var_names=names)
    rows = [f"cell{number}" for number in range(np.shape(X)[0])]
    return SimpleNamespace(
        X=X, layers=layers or {}, raw=kept, obs={} if obs is None else obs, obs_names=rows, var_names=names
    )


def counts_of_groups(rows: int = 120, genes: int = 60, groups: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Counts of cells of several kinds, (rows, genes), and the kind of each (rows,)."""
    draws = np.random.default_rng(seed)
    kinds = np.arange(rows) % groups
    rates = np.where(draws.random((groups, genes)) < 0.3, 12.0, 0.7)[kinds]
    return draws.poisson(rates * draws.uniform(0.5, 2, (rows, 1))).astype(np.float32), kinds


def write_h5ad(path: Path, cells: Any) -> Path:
    """The cells as a file."""
    with h5py.File(path, "w") as file:
        mark(file, "anndata", "0.1.0")
        frame(file, "obs", cells.obs_names, cells.obs)
        frame(file, "var", cells.var_names)
        matrix(file, "X", cells.X)
        for name, layer in cells.layers.items():
            matrix(file, f"layers/{name}", layer)
        if cells.raw is not None:
            matrix(file, "raw/X", cells.raw.X)
            frame(file, "raw/var", cells.raw.var_names)
    return path


def frame(file: Any, name: str, index: Sequence[str], columns: Mapping[str, Any] | None = None) -> None:
    """Columns of texts are categories, as anndata writes most of them; None is missing."""
    group = file.create_group(name)
    mark(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    columns = columns or {}
    group.attrs["column-order"] = np.array(list(columns), dtype=object if columns else float)
    for column, values in columns.items():
        if np.asarray(values).dtype.kind in "if":
            mark(group.create_dataset(column, data=values), "array", "0.2.0")
            continue
        known = sorted({one for one in values if one is not None})
        codes = np.array([-1 if one is None else known.index(one) for one in values], np.int8)
        stored = group.create_group(column)
        mark(stored, "categorical", "0.2.0")
        mark(stored.create_dataset("codes", data=codes), "array", "0.2.0")
        texts = stored.create_dataset("categories", data=np.array(known, object), dtype=h5py.string_dtype())
        mark(texts, "string-array", "0.2.0")
    group.create_dataset("_index", data=np.array(index, dtype=object), dtype=h5py.string_dtype())


def matrix(file: Any, name: str, values: NDArray[Any] | Any) -> None:
    if not issparse(values):
        mark(file.create_dataset(name, data=values), "array", "0.2.0")
        return
    group = file.create_group(name)
    mark(group, f"{values.format}_matrix", "0.1.0")
    group.attrs["shape"] = np.array(values.shape)
    for part in ("data", "indices", "indptr"):
        group.create_dataset(part, data=getattr(values, part))


def mark(stored: Any, kind: str, version: str) -> None:
    stored.attrs["encoding-type"], stored.attrs["encoding-version"] = kind, version
