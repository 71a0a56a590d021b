"""What a user may name as data: a file, a folder, or a data set by its name."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vaecluster.data.pictures.folder import Pictures
from vaecluster.data.pictures.options import NO_OPTIONS, PictureOptions
from vaecluster.errors import DataError, SettingError, VaeclusterError

if TYPE_CHECKING:
    from vaecluster.data.dataset import DataSet
    from vaecluster.estimator import VAEClustering
    from vaecluster.runs.folder import RunFolder


def load_source(source: str) -> "DataSet":
    """Read `source` if it is or looks like a file or folder, else as a named data set; pictures are not read yet."""
    # Each where it is needed: what downloads takes long to import.
    if _is_file(source):
        from vaecluster.data.files import read_dataset

        return read_dataset(Path(source))
    from vaecluster.data.named import load_named

    return load_named(source)


def open_source(source: str, types: Mapping[str, str] | None = None) -> "DataSet":
    """The same, but for rows that can stay in their file until they are needed.

    `types` are those of a text's columns (`Schema.text_types`).
    """
    if not _is_file(source):
        return load_source(source)
    from vaecluster.data.files import open_dataset

    return open_dataset(Path(source), types)


def rows_for(source: str, memory: str | int | None) -> "DataSet":
    """The rows of a fit, still in their file if there may not be enough memory for them."""
    return load_source(source) if memory is None else open_source(source)


def with_options(data: "DataSet", options: PictureOptions) -> "DataSet":
    """The same with options for pictures; raises `SettingError` for options of rows that are none."""
    return replace(data, x_train=options.applied(data.x_train))


def with_rows(
    data: "DataSet", *, like: "RunFolder | None" = None, keep: Path | None = None, quiet: bool = False
) -> "DataSet":
    """The same with pictures read, in the shape of the rows of a run; what is decoded stays in the folder `keep`."""
    if not isinstance(data.x_train, Pictures):
        return data
    from vaecluster.training.listeners.progress import telling

    shape = None if like is None else _shape_of(like)
    rows = data.x_train.read(like=shape, keep=keep, telling=telling(not quiet))
    if like is None and not quiet:
        print(data.x_train.described, file=sys.stderr)
    return replace(data, x_train=rows)


def with_texts(data: "DataSet", where: str | None) -> "DataSet":
    """The same with a text for each row, from where they are (`texts_of`)."""
    from vaecluster.data.beside import texts_of

    return data if where is None else replace(data, texts=texts_of(data, where))


def with_labels(data: "DataSet", where: str | None, *, learned: bool) -> "DataSet":
    """The same with the known label of each row, from where they are (`labels_of`).

    Raises `SettingError` if they would not be used: all are known, and none is learned from.
    """
    from vaecluster.data.beside import labels_of

    if where is None:
        return data
    known = labels_of(data, where)
    if None not in known and not learned:
        raise SettingError(
            f"--labels is {where}, where each row has a label, and clusters are named by the labels of some rows. Add "
            "label_weight=20 to learn from them, or leave --labels out."
        )
    return replace(data, known=known)


def without_labels(columns: dict[str, str] | None, data: "DataSet", where: str | None) -> dict[str, str] | None:
    """Kinds of columns with the labels left out, if they are one of the columns of the rows."""
    from vaecluster.data.beside import is_column

    return columns if where is None or not is_column(data, where) else (columns or {}) | {where: "leave-out"}


def text_place(where: str | None) -> str | None:
    """Where texts or labels are, for a process in another folder."""
    from vaecluster.data.beside import file_of

    found = None if where is None else file_of(where)
    if found is None:
        return where
    file, column = str(Path(found[0]).absolute()), found[1]
    return file if column is None else f"{file}:{column}"


def rows_of_fit(source: str, run: "RunFolder", memory: str | int | None) -> "DataSet":
    """The rows that a run was fitted to, wherever they are now."""
    # The fit read them before it knew types: with types, whole numbers would be other rows than its own.
    return _like(rows_for(source, memory), run)


def open_rows(source: str, run: "RunFolder", model: "VAEClustering", features: Path | None = None) -> "DataSet":
    """The rows of a source as the model of a run takes them, still in their file where they can be.

    `features` are in place of those of the run.
    """
    data = open_source(source, model.fitted_.schema.text_types)
    options = options_for(data, run, features)
    if features is not None:
        return with_rows(with_options(data, options), like=run)
    if options.stored and absolute(source) != run.description().get("source"):
        raise SettingError(
            f"The run was fitted to features of other pictures, from {options.features}. Give those of the new "
            "ones as --features, or as the rows."
        )
    return _like(data, run)


def _like(data: "DataSet", run: "RunFolder") -> "DataSet":
    """The same as the fit of a run read it."""
    options = options_for(data, run)
    data = with_rows(with_options(data, options), like=run)
    if options.stored:
        _check_names(data, run)
    return data


def options_for(data: "DataSet", run: "RunFolder", features: Path | None = None) -> PictureOptions:
    """How pictures are read as those of a run were, but with these features, if any; for other rows there is none."""
    options = run.pictures() if isinstance(data.x_train, Pictures) else NO_OPTIONS
    return options if features is None else options.with_features(str(features))


def model_and_rows(run: "RunFolder", source: str | None, device: str = "auto") -> "tuple[VAEClustering, DataSet, str]":
    """The model of a run, the rows of its fit, and where these are; raises as `rows_of_run`."""
    place = _place_of(run, source)
    with _or_elsewhere(source):
        # Before the model, which takes long to load.
        check_source(place)
    model = run.model(device)
    data, place = rows_of_run(run, source, model)
    return model, data, place


def rows_of_run(
    run: "RunFolder", source: str | None = None, model: "VAEClustering | None" = None
) -> "tuple[DataSet, str]":
    """The rows of the fit of a run, and where these are: in `source`, else where the fit read them.

    `model` is that of the run, if it is open already. Raises `FileError` if they are not there, and `DataError` if
    there are others.
    """
    place = _place_of(run, source)
    with _or_elsewhere(source):
        check_source(place)
        model = run.model() if model is None else model
        data = rows_of_fit(place, run, model.memory)
    # It loads torch, which a refused run does not need.
    from vaecluster.data.given import given_rows

    known = model.fitted_.data
    try:
        found = given_rows(model, data.x_train, model.fitted_.schema).source.fingerprint()["sha256"]
    except DataError:
        found = None
    if known is not None and known["sha256"] != found:
        raise DataError(
            f"The rows in {place} are not those that '{run.path}' was fitted to. Say by --source where those are."
        )
    return data, place


def _place_of(run: "RunFolder", source: str | None) -> str:
    place = run.description().get("source") if source is None else absolute(source)
    if not isinstance(place, str):
        raise run.damaged()
    return place


@contextmanager
def _or_elsewhere(source: str | None) -> Iterator[None]:
    """Who has not said where the rows are is told, inside, that they may be elsewhere."""
    try:
        yield
    except VaeclusterError as problem:
        if source is not None:
            raise
        raise type(problem)(f"{problem} Or say by --source where the rows of the fit are.") from None


def _check_names(data: "DataSet", like: "RunFolder") -> None:
    """Raise `DataError` if the pictures of a fit have other names than then: stored features are not theirs."""
    from vaecluster.runs.labels import Labels

    names = Labels.read(like.labels_file).row_names
    fitted = [] if names is None else list(names.names)
    found = data.x_train.paths.tolist()
    if fitted != found:
        other = sorted(set(found) ^ set(fitted))
        example = f", such as {other[0]!r}" if other else ""
        raise DataError(
            f"There are {len(found):,} pictures, and there were {len(fitted):,} in the fit; {len(other):,} are in one "
            f"of both alone{example}. The features are stored for those of the fit: give those of these as --features."
        )


def absolute(source: str) -> str:
    """The same source for a process in another folder."""
    return str(Path(source).absolute()) if _is_file(source) else source


def check_source(source: str) -> None:
    """Raise `FileError` for a file that is not there or cannot be read, before anything is loaded for it."""
    if _is_file(source):
        from vaecluster.data.files import reader_of

        reader_of(Path(source))


def _is_file(source: str) -> bool:
    path = Path(source)
    return bool(path.suffix) or len(path.parts) > 1 or source.endswith(("/", os.sep)) or path.exists()


def _shape_of(run: "RunFolder") -> list[int]:
    match run.description():
        case {"row_shape": [*sizes]} if all(isinstance(size, int) for size in sizes):
            return sizes
    raise run.damaged()
