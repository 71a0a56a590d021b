"""The map of a run: where codes lie in the plane, and what is known of each row that is shown there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.data.stored import rows_at
from vaecluster.data.tables import as_parquet
from vaecluster.errors import FileError
from vaecluster.files.atomic import write_atomically
from vaecluster.look import cut
from vaecluster.row_kind import RowKind

if TYPE_CHECKING:
    import pyarrow as pa

    from vaecluster.data.given import Given
    from vaecluster.data.schema import Schema
    from vaecluster.estimator import VAEClustering
    from vaecluster.inference.layout import Layout

MAP, LAYOUT = "map.parquet", "layout.vaecluster"
# Of more rows a random sample is on the map; so many of them have pictures, of at most so many pixels a side.
MOST_ROWS, MOST_PICTURES, SIDE = 60_000, 4000, 48
# Outlier scores of all rows would take more time than all else. So many have one, drawn at random.
MOST_SCORED = 10_000
# Columns of a table beside each row, and characters of a text; a wider array has columns that nobody knows apart.
COLUMNS, LENGTH, WIDEST = 24, 120, 64
# What is known of every row.
EVERY = ("row", "x", "y", "cluster", "confidence")
# What names of the user's columns begin with; the column of pictures, and what says how large they are.
VALUE, PICTURE, SHAPE = "value ", "picture", b"vaecluster.shape"
NAME = "name"


@final
@dataclass(frozen=True, eq=False)
class RowMap:
    """The rows of a map, a line each.

    `row` is the number of the row, `x` and `y` its place, `cluster` its cluster or -1. `confidence` and
    `outlier_score`, nan where it is not known, are what the model says of it; `name` is there if rows have names.
    Columns of the user's are numbers or texts, their names begin with "value ". `picture` has the bytes
    (H, W, channels) of some rows.
    """

    table: "pa.Table"

    @classmethod
    def write(
        cls,
        folder: Path,
        model: "VAEClustering",
        given: "Given",
        seen: Any,
        numbers: NDArray[np.intp],
        texts: Sequence[str] | None,
    ) -> tuple[Self, NDArray[np.floating]]:
        """Learn the layout of these rows and write it and their map: `seen` are `given` as a user has them.

        `numbers` are those of the rows in the fit, of which `texts` has a text each. Returns the map, and the mean
        codes of its rows (lines, latent).
        """
        import pyarrow as pa

        from vaecluster.data.rows import Rows
        from vaecluster.files.container import write_content
        from vaecluster.inference import answers
        from vaecluster.inference.layout import Layout

        fitted, assigned, random = model.fitted_, model.assigned_, np.random.default_rng(0)
        chosen = _drawn(random, len(numbers), MOST_ROWS)
        device = next(fitted.model.parameters()).device
        rows = Rows(given.source, fitted.schema, device).some(chosen)
        codes = answers.codes(fitted.model, rows)
        layout, own = Layout.learned(codes), numbers[chosen]
        places = layout(codes)
        columns: dict[str, Any] = {
            "row": own.astype(np.int64),
            "x": places[:, 0],
            "y": places[:, 1],
            "cluster": assigned.labels[own].astype(np.int32),
            "confidence": assigned.confidence[own].astype(np.float32),
        }
        if fitted.calibration is not None:
            scored = _drawn(random, len(chosen), MOST_SCORED)
            columns["outlier_score"] = np.full(len(chosen), np.nan, np.float32)
            columns["outlier_score"][scored] = fitted.outlier_score(rows.some(scored))
        if assigned.row_names is not None:
            columns[NAME] = [str(assigned.row_names.names[number]) for number in own]
        if texts is not None:
            columns[f"{VALUE}text"] = [_short(texts[number]) for number in own]
        else:
            columns |= _values(seen, chosen, fitted.feature_names)
        if assigned.row_names is not None:
            columns.pop(f"{VALUE}{assigned.row_names.called}", None)
        pictured = _drawn(random, len(chosen), MOST_PICTURES)
        table = _with_pictures(pa.table(columns), pictured, _pictures(seen, chosen[pictured], fitted.schema))
        write_content(folder / LAYOUT, layout.content())
        write_atomically(folder / MAP, as_parquet(table))
        return cls(table), codes

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote there; `FileError` if it is missing or damaged."""
        import pyarrow as pa
        from pyarrow import parquet

        place = folder / MAP
        try:
            found = cls(parquet.read_table(place))
        except (OSError, pa.ArrowException):
            found = None
        if found is None or not found.table.num_rows or not set(EVERY) <= set(found.table.column_names):
            raise FileError(f"'{place}' is missing or damaged. Fit again.")
        return found

    @property
    def row(self) -> NDArray[np.int64]:
        """The number of each line's row."""
        found: NDArray[np.int64] = self.table.column("row").to_numpy()
        return found

    @property
    def outlier_score(self) -> NDArray[np.float32] | None:
        """That of each line, nan where it is not known; None if the fit has nothing to compare with."""
        if "outlier_score" not in self.table.column_names:
            return None
        found: NDArray[np.float32] = self.table.column("outlier_score").to_numpy()
        return found

    @property
    def values(self) -> dict[str, "pa.ChunkedArray"]:
        """The user's columns by their names."""
        names = [name for name in self.table.column_names if name.startswith(VALUE)]
        return {name.removeprefix(VALUE): self.table.column(name) for name in names}

    def without_names(self, columns: Collection[str] | None) -> Self:
        """The same without names of rows, and of the user's columns with these alone; None keeps all."""
        gone = [] if columns is None else [f"{VALUE}{name}" for name in self.values if name not in columns]
        names = [name for name in self.table.column_names if name not in (NAME, *gone)]
        return type(self)(self.table.select(names))

    def pictures(self) -> tuple[NDArray[np.intp], NDArray[np.uint8]] | None:
        """The lines that have a picture, and these: (lines, H, W, channels)."""
        if PICTURE not in self.table.column_names:
            return None
        column = self.table.column(PICTURE)
        lines = np.flatnonzero(column.is_valid().to_numpy())
        shape = tuple(map(int, self.table.schema.metadata[SHAPE].split(b",")))
        found = np.frombuffer(b"".join(column.drop_null().to_pylist()), np.uint8)
        return lines, found.reshape(len(lines), *shape)


def read_layout(folder: Path) -> "Layout":
    """What places new rows on the map of a run; raises `FileError` if it is missing or damaged."""
    from vaecluster.files.container import read_content
    from vaecluster.inference.layout import Layout

    place = folder / LAYOUT
    try:
        return Layout.of(read_content(place, "Fit again."))
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
        raise FileError(f"'{place}' is missing or damaged. Fit again.") from None


def _drawn(random: "np.random.Generator", rows: int, most: int) -> NDArray[np.intp]:
    """The numbers of all rows, or of so many drawn at random, in order."""
    found: NDArray[np.intp] = np.sort(random.choice(rows, min(most, rows), replace=False))
    return found


def _with_pictures(table: "pa.Table", lines: NDArray[np.intp], pictures: NDArray[np.uint8] | None) -> "pa.Table":
    """The table with a picture in each of these lines, if there are pictures."""
    import pyarrow as pa

    if pictures is None:
        return table
    cells: list[bytes | None] = [None] * table.num_rows
    for line, picture in zip(lines.tolist(), pictures, strict=True):
        cells[line] = picture.tobytes()
    shape = ",".join(map(str, pictures.shape[1:]))
    return table.append_column(PICTURE, pa.array(cells, pa.binary())).replace_schema_metadata({SHAPE: shape})


def _values(seen: Any, chosen: NDArray[np.intp], names: Sequence[str]) -> dict[str, Any]:
    """The first columns of a table, or of an array that is not too wide."""
    if hasattr(seen, "column_names"):
        some = rows_at(seen.select(seen.column_names[:COLUMNS]), chosen)
        return {f"{VALUE}{name}": _plain(some.column(name)) for name in some.column_names}
    if not isinstance(seen, np.ndarray) or seen.ndim != 2 or seen.shape[1] > WIDEST:
        return {}
    shown = min(COLUMNS, seen.shape[1])
    called = names or [f"column {number}" for number in range(shown)]
    return {f"{VALUE}{called[number]}": seen[chosen, number].astype(np.float64) for number in range(shown)}


def _plain(column: "pa.ChunkedArray") -> Any:
    """Numbers as doubles, all else as short texts."""
    from pyarrow import types

    if types.is_integer(column.type) or types.is_floating(column.type) or types.is_decimal(column.type):
        return column.cast("float64", safe=False)
    return [None if value is None else _short(str(value)) for value in column.to_pylist()]


def _short(text: str) -> str:
    return cut(" ".join(text.split()), LENGTH)


def _pictures(seen: Any, chosen: NDArray[np.intp], schema: "Schema") -> NDArray[np.uint8] | None:
    """Rows as small pictures (n, H, W, 1, 3 or 4), if they are pictures or drawn as some."""
    from vaecluster.data.blocks.drawing import Drawing

    shape = getattr(seen, "shape", ())
    if hasattr(seen, "column_names") or (schema.kind is RowKind.VECTORS and len(shape) < 3):
        return None
    rows = rows_at(seen, chosen)
    if not isinstance(rows, np.ndarray):
        return None
    as_learned = rows.ndim == 1 + len(schema.row_shape)
    drawing = schema.blocks[0].drawing(rows) if as_learned else Drawing(0.0, 255.0)
    return np.stack([_small(one) for one in _bytes(drawing.of(rows), drawing.low, drawing.high)])


def _bytes(rows: Array, low: Any, high: Any) -> NDArray[np.uint8]:
    """Images (n, H, W) or (n, H, W, C) as bytes of 1, 3 or 4 channels."""
    span = np.asarray(high, np.float64) - low
    scaled = np.nan_to_num((np.asarray(rows, np.float32) - low) / np.where(span > 0, span, 1.0)).clip(0, 1)
    channels = scaled if scaled.ndim == 4 else scaled[..., None]
    if channels.shape[-1] not in (1, 3, 4):
        channels = channels.mean(-1, keepdims=True)
    found: NDArray[np.uint8] = np.rint(255 * channels).astype(np.uint8)
    return found


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = -(-max(picture.shape[:2]) // SIDE)
    if factor == 1:
        return picture
    from PIL import Image

    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).reduce(factor)
    small = np.asarray(image)
    return small if small.ndim == 3 else small[..., None]
