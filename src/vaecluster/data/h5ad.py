"""Files of single-cell experiments (.h5ad), read and annotated by h5py as the format's description says.

The format: https://anndata.readthedocs.io/en/latest/fileformat-prose.html. Of files that anndata wrote before its
version 0.7 the values and names are read, too.
"""

import shutil
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack

from vaecluster.data.anndata import CLUSTER, CODES, Annotations, expression_of
from vaecluster.data.cells import rows_of
from vaecluster.data.heaps import check_heaps
from vaecluster.data.raw import Array, row_slices
from vaecluster.errors import DataError, FileError
from vaecluster.files.atomic import made_atomically

# HDF5 packs with deflate as well, which cannot shrink more than this.
_LARGEST_RATIO = 1032


@final
class StoredMatrix:
    """A matrix of genes and the names of these, as the raw part of an AnnData object."""

    def __init__(self, X: Any, var_names: list[str]) -> None:
        self.X, self.var_names = X, var_names


@final
class StoredColumns:
    """Columns of a data frame in a file, each read when it is asked for."""

    def __init__(self, path: Path, frame: Any) -> None:
        self.path, self.name = path, str(frame.name)
        order = frame.attrs["column-order"] if hasattr(frame, "keys") else ()
        self.names = [_text(name) for name in order]

    def keys(self) -> list[str]:
        """Their names."""
        return self.names

    def __getitem__(self, column: str) -> Array:
        """The values, as objects; None where a category is missing."""
        with _h5py().File(self.path, "r") as file:
            stored = file[self.name][column]
            if not hasattr(stored, "keys"):
                return _objects(stored[:])
            if "codes" not in stored:
                # Numbers or texts of which some are missing.
                values = _objects(stored["values"][:])
                values[stored["mask"][:]] = None
                return values
            # The last one is for cells whose code is -1.
            found: Array = _objects(np.append(stored["categories"][:], [None]))[stored["codes"][:]]
            return found


@final
class StoredCells:
    """Cells of a file with the members of an AnnData object that are used here, in memory and sparse.

    `cells[numbers]` are values of these rows as an array, in the units that a fit reads.
    """

    def __init__(self, path: Path) -> None:
        h5py = _h5py()
        check_heaps(path)
        with h5py.File(path, "r") as file:
            if "X" not in file or "obs" not in file or "var" not in file:
                raise ValueError("there is no X, obs or var in it")
            self.obs_names, self.var_names = _names(file["obs"]), _names(file["var"])
            self.obs = StoredColumns(path, file["obs"])
            self.X = _matrix(file["X"], path)
            self.layers: dict[str, Any] = {}
            if "layers/counts" in file:
                self.layers["counts"] = _matrix(file["layers/counts"], path)
            # Older files have "raw.X" in the place of "raw/X".
            raw = next((name for name in ("raw/", "raw.") if f"{name}X" in file), None)
            self.raw = None
            if raw is not None:
                self.raw = StoredMatrix(_matrix(file[f"{raw}X"], path), _names(file[f"{raw}var"]))
        self._check()

    def __len__(self) -> int:
        return len(self.obs_names)

    @property
    def shape(self) -> tuple[int, int]:
        """(cells, genes)."""
        return len(self.obs_names), len(self.var_names)

    def __getitem__(self, numbers: Any) -> Array:
        values: Array = rows_of(self._expression, numbers).toarray()
        return values

    @cached_property
    def _expression(self) -> Any:
        found = expression_of(self)
        return self.X if found is None else found.matrix

    def _check(self) -> None:
        matrices = [(self.X, self.var_names), *((layer, self.var_names) for layer in self.layers.values())]
        if self.raw is not None:
            matrices.append((self.raw.X, self.raw.var_names))
        for matrix, genes in matrices:
            if matrix.shape != (len(self.obs_names), len(genes)):
                raise ValueError(
                    f"a matrix has shape {matrix.shape}, but there are {len(self.obs_names)} cells and {len(genes)} "
                    "genes"
                )


def annotate_h5ad(source: Path, output: Path, annotations: Annotations) -> None:
    """Write a copy of a file with what a model says of its cells; what was there under the same names is replaced."""
    h5py = _h5py()
    with made_atomically(output) as copy:
        shutil.copyfile(source, copy)
        with h5py.File(copy, "r+") as file:
            frame = file["obs"]
            if not isinstance(frame, h5py.Group):
                raise FileError(
                    f"{source} was written by anndata before version 0.7, which is read but not annotated. Write it "
                    "anew by anndata.read_h5ad(...).write_h5ad(...), or give an --output that ends in .csv."
                )
            _write_categories(_anew(frame, CLUSTER), annotations.categories, annotations.labels)
            for name, values in annotations.columns.items():
                _write(frame, name, values)
            new = [CLUSTER, *annotations.columns]
            order = [name for name in map(str, frame.attrs["column-order"]) if name not in new]
            frame.attrs["column-order"] = np.array([*order, *new], dtype=object)
            _write(_group(file, "obsm"), CODES, annotations.codes)
            record = _anew(_group(file, "uns"), CLUSTER)
            _mark(record, "dict", "0.1.0")
            for name, value in annotations.record.items():
                _write(record, name, value)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise FileError(
            "Files that end in .h5ad need the package h5py, which is not installed. Install it by `pip install "
            "'vaecluster[singlecell]'`."
        ) from None
    return h5py


def _names(frame: Any) -> list[str]:
    """The index of a data frame."""
    if hasattr(frame, "keys"):
        index = frame[frame.attrs["_index"]]
        index = index["values"] if hasattr(index, "keys") else index
        found = index[:]
    else:
        # Before anndata 0.7: a record for each row.
        fields: Any = frame.dtype.names
        found = frame["index" if "index" in fields else fields[0]]
    return [_text(name) for name in found.tolist()]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _objects(values: Array) -> Array:
    """The values as objects, texts decoded."""
    decoded = [one.decode() if isinstance(one, bytes) else one for one in values.tolist()]
    found = np.empty(len(decoded), dtype=object)
    found[:] = decoded
    return found


def _matrix(stored: Any, path: Path) -> csr_array:
    """A matrix (cells, genes), whose zeros take no memory."""
    if not hasattr(stored, "keys"):
        _check_size(stored, path)
        shape: Any = stored.shape
        if len(shape) != 2:
            raise ValueError(f"a matrix has {len(shape)} axes")
        blocks = [csr_array(stored[block]) for block in row_slices(*shape)]
        return csr_array(vstack(blocks)) if blocks else csr_array(shape, dtype=stored.dtype)
    form = stored.attrs.get("encoding-type", stored.attrs.get("h5sparse_format"))
    form = str(form.decode() if isinstance(form, bytes) else form).removesuffix("_matrix")
    shape = tuple(map(int, np.ravel(stored.attrs["shape" if "shape" in stored.attrs else "h5sparse_shape"])))
    if form not in ("csr", "csc") or len(shape) != 2:
        raise DataError(f"a matrix of it is stored as {form!r}; expected dense, csr or csc. Convert it in anndata.")
    for part in ("data", "indices", "indptr"):
        _check_size(stored[part], path)
    kind = csr_array if form == "csr" else csc_array
    matrix: Any = kind((stored["data"][:], stored["indices"][:], stored["indptr"][:]), shape=shape)
    # Places outside of the matrix would be read from foreign memory.
    matrix.check_format(full_check=True)
    return csr_array(matrix)


def _check_size(stored: Any, path: Path) -> None:
    """Refuse what claims to hold more numbers than the file can."""
    if stored.dtype.kind not in "biuf":
        raise DataError(f"a matrix of it holds values of type {stored.dtype}; expected numbers. Convert them.")
    if stored.size * stored.dtype.itemsize > _LARGEST_RATIO * path.stat().st_size:
        raise ValueError(f"claims shape {stored.shape}, more than the file holds")


def _group(file: Any, name: str) -> Any:
    if name not in file:
        _mark(file.create_group(name), "dict", "0.1.0")
    return file[name]


def _anew(parent: Any, name: str) -> Any:
    """A group of that name with nothing in it."""
    if name in parent:
        del parent[name]
    return parent.create_group(name)


def _write_categories(column: Any, categories: list[str], codes: Array) -> None:
    """A column of categories, of which -1 is none."""
    _mark(column, "categorical", "0.2.0")
    column.attrs["ordered"] = False
    _write(column, "categories", np.array(categories))
    _write(column, "codes", codes.astype(np.int32))


def _write(parent: Any, name: str, value: Any) -> None:
    """An array of numbers or texts, a number, or a text."""
    array = np.asarray(value)
    if name in parent:
        del parent[name]
    if array.dtype.kind == "U":
        stored = parent.create_dataset(name, data=array.astype(object), dtype=_h5py().string_dtype())
        _mark(stored, "string-array" if array.ndim else "string", "0.2.0")
    else:
        _mark(parent.create_dataset(name, data=array), "array" if array.ndim else "numeric-scalar", "0.2.0")


def _mark(stored: Any, kind: str, version: str) -> None:
    stored.attrs["encoding-type"], stored.attrs["encoding-version"] = kind, version
