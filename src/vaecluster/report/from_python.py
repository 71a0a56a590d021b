"""Reports on models that were fitted in Python, where there is no run folder."""

from dataclasses import replace
from os import PathLike
from os.path import expanduser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pyarrow as pa
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from vaecluster.clusters.agreement import Stability
from vaecluster.data.arrays import ArraySource
from vaecluster.data.dataset import DataSet
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.data.frames import is_frame
from vaecluster.data.given import given_rows
from vaecluster.data.pictures.folder import PictureRows, Pictures
from vaecluster.data.texts import TextSource
from vaecluster.errors import DataError, SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.files.atomic import write_json
from vaecluster.files.paths import as_path
from vaecluster.hearing import unheard
from vaecluster.report.collect import collect
from vaecluster.report.write import write_html
from vaecluster.runs.folder import RunFolder


def write_report(
    model: VAEClustering,
    X: Any,
    path: str | PathLike[str],
    *,
    title: str = "rows",
    names: bool = True,
    stability: Stability | None = None,
) -> None:
    """Write what `vaecluster report` shows of a run, for a model and the rows of its fit, as one HTML file.

    Without `names` the page holds no names of rows, such as file names and identifiers, and no columns that nothing
    was learned from. Numbers of rows, pictures, columns that were learned from, and texts stay. `stability`, which
    `model.stability(X)` finds, says which clusters other seeds find again.

    Raises `DataError` for other rows than those of the fit, for the stability of other clusters, and for AnnData
    objects, of which there is a report on the command line alone; `AttributeError` if the model was loaded from a
    file, and `NotFittedError` before a fit.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, write_report
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> with TemporaryDirectory() as folder:
    ...     write_report(model, X, Path(folder) / "report.html", title="blobs")
    ...     "blobs" in (Path(folder) / "report.html").read_text()
    True
    """
    check_is_fitted(model)
    if stability is not None:
        _check_same(model, stability)
    place, rows = as_path("path", path), _as_in_files(model, X)
    epochs = model.history_.epochs
    seconds = sum(epoch.seconds for epoch in epochs)
    # The warning is scikit-learn's, of a frame of numbers, which counts as an array.
    with TemporaryDirectory() as name, unheard(beginning="X does not have valid feature names"):
        folder = RunFolder.create(Path(name) / "run", overwrite=False)
        folder.write(model, DataSet(title, rows), source=title, seconds=seconds, cpu_seconds=None, scores={})
        if stability is not None:
            write_json(folder.stability_file, stability.as_dict())
        write_html(replace(collect(folder, names=names, in_python=True), title=title), place)


def _check_same(model: VAEClustering, found: Any) -> None:
    if not isinstance(found, Stability):
        raise SettingError(f"stability is {found!r}; expected what model.stability(X) returns.")
    if not np.array_equal(found.labels[0], model.labels_):
        raise DataError(
            "stability is of other clusters than those of the model. Give the estimator an integer as random_state, "
            "with which the first fit that model.stability(X) makes is the model's own, and its clusters as they were "
            "found: neither cut nor merged."
        )


def _as_in_files(model: VAEClustering, X: Any) -> Any:
    """The rows as files have them: arrays, sparse matrices, tables of Arrow, or pictures."""
    in_files = isinstance(X, str | PathLike)
    if in_files:
        # Rows that the fit kept in a file are compared with those in a file again.
        X = (read_dataset if model.memory is None else open_dataset)(expanduser(X)).x_train
    if isinstance(X, Pictures):
        X = X.read()
    source = given_rows(model, X, model.fitted_.schema).source
    known = model.fitted_.data
    if len(model.labels_) != len(source) or (known and known["sha256"] != source.fingerprint()["sha256"]):
        raise DataError("X holds other rows than those of the fit. Give the rows that the model was fitted to.")
    if model.fitted_.schema.frame is not None and is_frame(X):
        return nw.from_native(X, eager_only=True).to_arrow()
    if isinstance(source, TextSource):
        return X if is_frame(X) else pa.table({"text": source.texts})
    if in_files or isinstance(X, PictureRows) or issparse(X):
        return X
    if not isinstance(source, ArraySource):
        raise DataError("X is an AnnData object; there is a report on an .h5ad file by `vaecluster report` alone.")
    return source.array
