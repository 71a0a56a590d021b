"""A row that someone brings to the page: a picture, a line of a table, JSON, or a text, as the model takes rows."""

import csv
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from vaecluster.data.blocks import Words
from vaecluster.data.blocks.pixels import Pixels
from vaecluster.data.checks import quoted
from vaecluster.data.files import read_dataset
from vaecluster.data.pictures.folder import Pictures
from vaecluster.data.pictures.options import PictureOptions
from vaecluster.data.schema import Schema
from vaecluster.data.tables import csv_line
from vaecluster.errors import DataError, FileError, SettingError, VaeclusterError
from vaecluster.row_kind import RowKind


@final
@dataclass(frozen=True, eq=False)
class Taking:
    """How the model of a run takes rows: `columns` are those of its file, `learned` those it learned from."""

    schema: Schema
    pictures: PictureOptions
    columns: Sequence[str]
    learned: Sequence[str]

    @property
    def takes_pictures(self) -> bool:
        """Whether rows may be pictures in files: images, or features that a network makes of them."""
        return self.schema.kind is RowKind.IMAGES or (self.pictures.features is not None and not self.pictures.stored)

    def picture(self, content: bytes) -> Any:
        """The picture in a file, cut and scaled as those of the fit; raises `DataError` if it is none."""
        if self.pictures.stored:
            raise SettingError("The run was fitted to stored features, of which there are none for other pictures.")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "picture.png"
            place.write_bytes(content)
            with _called("The picture", place):
                rows = self.pictures.applied(Pictures(place)).read(like=self.schema.row_shape)
        block = self.schema.blocks[0]
        if isinstance(block, Pixels) and np.dtype(block.dtype) != np.uint8:
            # The fit had images in units of its own.
            return (block.offset + rows.values / 255 * block.scale).astype(block.dtype)
        return rows

    def text(self, text: str) -> Any:
        """A row from a text: JSON, or a line of CSV with or without a header; for a model of texts it is the row.

        Raises `DataError` for a text that is no row of this model.
        """
        # Half a character, which a script can send, is in no file.
        text = text.encode("utf-8", "replace").decode("utf-8")
        if isinstance(self.schema.blocks[0], Words):
            return [text]
        names, values = self._named(text.strip())
        if not self.learned:
            return self._array(values)
        if not names:
            raise DataError(f"The row is empty; expected {len(self.learned)} values. Paste some.")
        lines = csv_line(names) + csv_line(values)
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "row.csv"
            place.write_text(lines, encoding="utf-8")
            with _called("The row", place):
                return read_dataset(place, self.schema.text_types).x_train

    def _named(self, text: str) -> tuple[Sequence[str], Sequence[str]]:
        """Names of columns and a text for each."""
        if text[:1] in ("{", "["):
            try:
                content = json.loads(text)
            except (ValueError, RecursionError) as problem:
                raise DataError(f"The row begins as JSON, but is none: {problem}. Correct it.") from None
            content = content[0] if isinstance(content, list) and content and isinstance(content[0], dict) else content
            if isinstance(content, dict):
                return list(content), [_written(value) for value in content.values()]
            cells = [_written(value) for value in np.ravel(np.array(content, dtype=object)).tolist()]
            return self._names(len(cells)), cells
        try:
            lines = [line for line in csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ",") if line]
        except csv.Error as problem:
            raise DataError(f"The row cannot be read as CSV: {problem}. Correct it.") from None
        if not 1 <= len(lines) <= 2:
            raise DataError(f"There are {len(lines)} lines; expected one row, or a header and a row.")
        if len(lines) == 2:
            return lines[0], lines[1]
        return self._names(len(lines[0])), lines[0]

    def _names(self, number: int) -> Sequence[str]:
        if not self.learned:
            return [""] * number
        for names in (self.columns, self.learned):
            if len(names) == number:
                return names
        raise DataError(
            f"The row has {number} values; expected {len(self.learned)}: {quoted(self.learned)}. Add a header to "
            "give them in another order."
        )

    def _array(self, values: Sequence[str]) -> Any:
        try:
            numbers = np.array([float(value) for value in values])
        except ValueError:
            raise DataError("The row holds what is no number. Paste numbers alone.") from None
        if numbers.size != np.prod(self.schema.row_shape):
            raise DataError(f"The row has {numbers.size} numbers; expected {np.prod(self.schema.row_shape)}.")
        return numbers.reshape(1, *self.schema.row_shape)


@contextmanager
def _called(name: str, place: Path) -> Iterator[None]:
    """Errors inside call the row that was brought so, and not by the file that it is in for a moment."""
    try:
        yield
    except VaeclusterError as problem:
        if isinstance(problem, FileError) and str(place) not in str(problem):
            # Such as a network's, which makes features of it.
            raise
        raise DataError(str(problem).replace(f"'{place}'", name).replace(str(place), name)) from None


def _written(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else str(value)
