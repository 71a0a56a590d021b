"""A fitted model as one function of a batch of rows, for programs that spread rows over processes and machines."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from inspect import Parameter, Signature
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, final

import narwhals.stable.v2 as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vaecluster.data.blocks import Words
from vaecluster.data.frames import names_of
from vaecluster.data.readers.arrow import rows_of
from vaecluster.data.stored import block_rows, blocks_of, in_turn
from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.estimator import VAEClustering
from vaecluster.files.paths import MODEL_FILE, as_path
from vaecluster.inference.answers import Assigned
from vaecluster.inference.doubt import check_doubt
from vaecluster.runs.labels import CLUSTER, CONFIDENCE, NAME, SCORE, SECOND


def _names(found: Assigned, names: Mapping[int, Any]) -> NDArray[np.object_]:
    return np.array([str(names.get(cluster, "")) for cluster in found.labels.tolist()], object)


# Columns of answers: what they are made of, and their type in a frame.
_ANSWERS: dict[str, tuple[Callable[[Assigned, Mapping[int, Any]], Any], Any]] = {
    CLUSTER: (lambda found, names: found.labels.astype(np.int64), nw.Int64),
    CONFIDENCE: (lambda found, names: found.confidence, nw.Float64),
    SECOND: (lambda found, names: found.second.astype(np.int64), nw.Int64),
    NAME: (_names, nw.String),
    SCORE: (lambda found, names: found.outlier_score, nw.Float64),
}
# Models that this process has opened, by checksum and device.
_OPENED: dict[tuple[str, str], VAEClustering] = {}
_OPENING = Lock()


def predict_function(
    model: VAEClustering | str | PathLike[str],
    answers: tuple[str, ...] = (CLUSTER, CONFIDENCE),
    *,
    device: str = "auto",
    min_confidence: float | None = None,
    outlier_fraction: float | None = None,
) -> "PredictFunction":
    """A model as a function of a batch of rows, to be sent to other processes; they open it once, at the first batch.

    `model` is a fitted estimator, which then travels with the function, or the path of a model file or a run folder
    that all processes can read. `answers` are columns: cluster, confidence, second, name and outlier_score. The others
    are as in `VAEClustering.assigned`.

    Raises `SettingError` for unknown answers, `FileError` for a path that cannot be read, and `NotFittedError`.

    >>> import pandas as pd
    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import VAEClustering, VaDE, predict_function
    >>> X = pd.DataFrame(make_blobs(60, n_features=2, centers=3, random_state=0)[0], columns=["height", "width"])
    >>> model = VAEClustering(3, method=VaDE(epochs=5), random_state=0).fit(X)
    >>> list(predict_function(model)(X.assign(key=range(60))))
    ['key', 'cluster', 'confidence']
    """
    unknown = [answer for answer in answers if answer not in _ANSWERS]
    if unknown or not answers or isinstance(answers, str):
        raise SettingError(f"answers is {answers!r}; expected some of {', '.join(_ANSWERS)}, as a tuple.")
    check_doubt(min_confidence or 0.0, outlier_fraction or 0.0)
    doubt = {"min_confidence": min_confidence, "outlier_fraction": outlier_fraction}
    if isinstance(model, VAEClustering):
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model")
            content = (Path(folder) / "model").read_bytes()
        return PredictFunction(content, _sha256(content), tuple(answers), device, doubt)
    place = as_path("model", model).absolute()
    file = place / MODEL_FILE if place.is_dir() else place
    return PredictFunction(file, _sha256(_read(file)), tuple(answers), device, doubt)


@final
@dataclass(frozen=True)
class PredictFunction:
    """What `predict_function` makes: call it with a batch of rows. It can be pickled.

    A frame of pandas, polars or pyarrow gives such a frame, a dict of arrays (rows, ...) a dict: columns that are not
    learned from, such as identifiers, then a column for each answer. Rows keep their order, and a frame of pandas its
    index. A batch without rows gives columns without rows. Of a model of arrays, columns of pandas and polars are
    those of the array, and one column of a dict or a table of pyarrow holds vectors or images. Raises `DataError` for
    rows that cannot be used.
    """

    file: Path | bytes = field(repr=False)
    sha256: str
    answers: tuple[str, ...]
    device: str
    doubt: dict[str, float | None]

    @property
    def model(self) -> VAEClustering:
        """The model, opened once in a process; `FileError` if its file is another by now."""
        with _OPENING:
            key = (self.sha256, self.device)
            if key not in _OPENED:
                _OPENED[key] = self._open()
            return _OPENED[key]

    def __call__(self, batch: Any) -> Any:
        """The batch with answers in place of the columns that are learned from."""
        names = list(batch) if isinstance(batch, Mapping) else names_of(batch)
        learned = self._learned(batch, names)
        kept = [name for name in names if name not in learned]
        taken = sorted(set(kept) & set(self.answers))
        if taken:
            raise DataError(f"The rows have a column {taken[0]!r}, which an answer is called too. Rename it.")
        answers = self._answers(batch, learned)
        if isinstance(batch, Mapping):
            return {name: batch[name] for name in kept} | answers
        frame = nw.from_native(batch, eager_only=True)
        new = [
            nw.new_series(name, values, _ANSWERS[name][1], backend=frame.implementation)
            for name, values in answers.items()
        ]
        if frame.implementation.is_pandas():
            index = nw.maybe_get_index(frame)
            new = [nw.maybe_set_index(series, index=index) for series in new]
        return _columns(frame.with_columns(*new).to_native(), [*kept, *self.answers])

    def for_spark(self, *columns: str) -> Callable[[], Callable[..., dict[str, Any]]]:
        """What `predict_batch_udf` of Spark takes: it makes a function of these columns, each an array, to answers."""
        return partial(_made, self, columns)

    def _answers(self, batch: Any, learned: list[str]) -> dict[str, Any]:
        """A column for each answer."""
        some = batch[learned[0]] if isinstance(batch, Mapping) else batch
        found = self.assigned(_rows(batch, learned, self.model)) if len(some) else _NOTHING
        return {name: _ANSWERS[name][0](found, self.model.cluster_names_) for name in self.answers}

    def assigned(self, rows: Any) -> Assigned:
        """What the model's `assigned` says of rows of any kind; memory holds what is made of a block of them."""
        blocks = (block for block, _ in blocks_of(rows, block_rows(self.model.fitted_.schema.row_shape)))
        asked: dict[str, Any] = {**self.doubt, "outlier_scores": SCORE in self.answers}
        return Assigned.joined(in_turn(blocks, lambda block: self.model.assigned(block, **asked)))

    def _learned(self, batch: Any, names: list[Any]) -> list[Any]:
        """Which columns of the batch are learned from."""
        fitted = self.model.fitted_
        known = fitted.columns
        if not known and isinstance(fitted.schema.blocks[0], Words):
            raise DataError("The fit was on a list of texts, which no column is called like. Fit on a frame of texts.")
        if known:
            own = [name for name in names if str(name) in known]
            if not own:
                raise DataError(f"The rows have no column of the fit, such as {known[0]!r}. Give every one of them.")
            return own
        if isinstance(batch, Mapping):
            found = [name for name in names if np.ndim(batch[name]) > 1]
        elif isinstance(batch, pa.Table):
            found = [field.name for field in batch.schema if _is_array(field.type)]
        else:
            found = names
        if not isinstance(batch, Mapping | pa.Table) or len(found) == 1:
            return found
        shape = ", ".join(map(str, fitted.schema.row_shape))
        raise DataError(
            f"{len(found)} of the columns hold arrays; expected one of (rows, {shape}), as the fit was on arrays. "
            "Leave the others out."
        )

    def _open(self) -> VAEClustering:
        content = self.file if isinstance(self.file, bytes) else _read(self.file)
        if _sha256(content) != self.sha256:
            raise FileError(f"'{self.file!s}' has changed since the function was made. Make the function anew.")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "model"
            place.write_bytes(content)
            return VAEClustering.load(place, device=self.device)


# What is said of no rows.
_NO_CLUSTERS, _NO_NUMBERS = np.empty(0, np.intp), np.empty(0)
_NOTHING = Assigned(_NO_CLUSTERS, _NO_CLUSTERS, _NO_NUMBERS, _NO_CLUSTERS, _NO_NUMBERS)


def _rows(batch: Any, learned: list[Any], model: VAEClustering) -> Any:
    """The columns that are learned from, as rows that the model takes."""
    if not isinstance(batch, Mapping | pa.Table):
        return _columns(batch, learned)
    fitted = model.fitted_
    if fitted.schema.frame is not None or fitted.feature_names:
        return _table({name: batch[name] for name in learned})
    column = batch[learned[0]]
    if isinstance(column, pa.ChunkedArray):
        whole = column.combine_chunks()
        if hasattr(whole, "to_numpy_ndarray"):
            return whole.to_numpy_ndarray()
        return rows_of(pa.table({str(learned[0]): column}))
    array = np.asarray(column)
    return np.stack(array.tolist()) if array.dtype == object else array


def _columns(frame: Any, names: list[Any]) -> Any:
    """These columns of a frame; narwhals knows no names that are numbers."""
    return frame.select(names) if isinstance(frame, pa.Table) else frame[names]


def _table(columns: Mapping[Any, Any]) -> pa.Table:
    """Columns as a table; of arrays, NaN and None are missing values."""
    arrays = [one if isinstance(one, pa.ChunkedArray) else pa.array(one, from_pandas=True) for one in columns.values()]
    return pa.table(arrays, names=[str(name) for name in columns])


def _is_array(kind: Any) -> bool:
    """Whether a column of this type holds a vector or an image in each row."""
    types = pa.types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists or hasattr(kind, "shape"))


def _made(function: PredictFunction, columns: tuple[str, ...]) -> Callable[..., dict[str, Any]]:
    def predict(*arrays: NDArray[Any]) -> dict[str, Any]:
        found = function(dict(zip(columns, arrays, strict=True)))
        return {name: found[name] for name in function.answers}

    # Spark counts the parameters.
    own = [Parameter(f"column_{number}", Parameter.POSITIONAL_ONLY) for number in range(len(columns))]
    predict.__signature__ = Signature(own)  # type: ignore[attr-defined]
    return predict


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as problem:
        raise FileError(
            f"'{file}' cannot be read: {problem.strerror}. Give a model, a model file or a run folder."
        ) from None


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
