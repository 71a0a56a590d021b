"""Tables as text: values with commas, semicolons or tabs between them, and names in the first line."""

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, final

from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.arrow import stored_dataset, table_dataset
from vaecluster.data.readers.base import Reader
from vaecluster.data.readers.lines import check_lines, header_of, is_packed
from vaecluster.data.readers.notations import Notation
from vaecluster.data.stored import Parts
from vaecluster.data.tables import in_one_thread
from vaecluster.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# What stands for no value, beside nothing; as in pandas.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null", "None", "<NA>", "NaT")
# What columns of these types held in the fit, for messages.
_HELD = {
    "double": "numbers",
    "bool": "booleans",
    "time32[s]": "times of the day",
    "timestamp[us]": "dates without a zone",
    "timestamp[us, tz=UTC]": "dates with a zone",
}
# The types that Arrow tries for the values of a column, one after the other.
_TRIED = (
    *("null", "int64", "bool", "date32[day]", "time32[s]"),
    *("timestamp[s]", "timestamp[s, tz=UTC]", "timestamp[ns]", "timestamp[ns, tz=UTC]"),
    *("double", "string"),
)


def read_delimited(path: Path, types: Mapping[str, str]) -> DataSet:
    """A table of text in UTF-8, with a header; whether commas or other signs part its values is seen in the header.

    Columns are of the `types` that are given by their names, others of the type that all their values have. What
    begins with 0, such as a postcode, is no number then.
    """
    text = Delimited.of(path)
    table = text.table(types)
    coded = text.coded({name: str(type_) for name, type_ in zip(text.names, table.schema.types, strict=True)}, types)
    return table_dataset(path, text.table({**types, **coded}) if coded else table)


def open_delimited(path: Path, types: Mapping[str, str]) -> DataSet:
    """The same as a `StoredTable`; types that are not given are seen in passes over the text."""
    text = Delimited.of(path)
    found = text.types(types)
    found |= text.coded(found, types)
    return stored_dataset(path, partial(text.parts, found))


@final
@dataclass(frozen=True)
class Delimited:
    """A file of text, the names in its first line, and the sign between its values."""

    path: Path
    names: list[str]
    delimiter: str

    @classmethod
    def of(cls, path: Path) -> "Delimited":
        """The text in a file."""
        return cls(path, *header_of(path))

    def table(self, types: Mapping[str, str]) -> "pa.Table":
        """All of it, with types that Arrow sees in the values where they are not given."""
        from pyarrow import csv

        with self._problems(types), self._bytes() as (stream, _):
            table = csv.read_csv(stream, **self._options(types))
        self._check_end(table)
        return table

    def parts(self, types: Mapping[str, str], tried: Collection[str] = ()) -> Parts:
        """All of it, a part after the other; all types are given, but those of some columns are only `tried`."""
        import pyarrow as pa
        from pyarrow import csv

        table = None
        with (
            self._problems(types, tried),
            self._bytes() as (stream, share),
            csv.open_csv(stream, **self._options(types, tried)) as file,
        ):
            for batch in file:
                table = pa.Table.from_batches([batch])
                yield table, share()
        if table is not None:
            self._check_end(table)

    def types(self, given: Mapping[str, str]) -> dict[str, str]:
        """The types that are given, and for other columns those that Arrow sees in all their values."""
        tried = [name for name in self.names if name not in given]
        # Values whose type is given are read with it later.
        found = dict.fromkeys(self.names, "string") | (self._first_types(tried) if tried else {})
        while tried:
            try:
                for _ in self.parts(found, tried):
                    pass
            except _OtherTypeError as problem:
                found[problem.column] = _TRIED[_TRIED.index(found[problem.column]) + 1]
            else:
                break
        return found | {name: type_ for name, type_ in given.items() if name in found}

    def _first_types(self, tried: Sequence[str]) -> dict[str, str]:
        """The last of the types that Arrow sees in parts of these columns; all before it do not fit all values.

        One pass for all: a pass for every type of every column would take hours for thousands of columns.
        """
        import pyarrow as pa
        from pyarrow import csv

        found = dict.fromkeys(tried, 0)
        options = self._options({})
        seen_by = options["convert_options"]
        texts = csv.ConvertOptions(
            column_types=dict.fromkeys(tried, pa.string()),
            include_columns=list(tried),
            null_values=list(MISSING),
            strings_can_be_null=True,
        )
        with (
            self._problems({}),
            self._bytes() as (stream, _),
            csv.open_csv(stream, **options | {"convert_options": texts}) as file,
        ):
            for batch in file:
                again = io.BytesIO()
                csv.write_csv(batch, again)
                whole = in_one_thread()
                whole.block_size = again.tell() + 1
                parsing = csv.ParseOptions(newlines_in_values=True)
                part = csv.read_csv(io.BytesIO(again.getvalue()), whole, parsing, seen_by)
                for name, type_ in zip(tried, map(str, part.schema.types), strict=True):
                    found[name] = max(found[name], _TRIED.index(type_) if type_ in _TRIED else len(_TRIED) - 1)
        return {name: _TRIED[place] for name, place in found.items()}

    def coded(self, types: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
        """Columns of numbers some of which begin with 0, such as 01067, as texts: 0 is a part of them.

        Raises `DataError` for numbers in a notation that is not read.
        """
        import pyarrow as pa
        from pyarrow import csv

        looked = {
            name: Notation(name, self.delimiter, read=types[name] != "string")
            for name in self.names
            if name not in given and types[name] in ("int64", "double", "string")
        }
        if not looked:
            return {}
        options = self._options({})
        options["convert_options"].column_types = dict.fromkeys(looked, pa.string())
        options["convert_options"].include_columns = list(looked)
        with self._problems({}), self._bytes() as (stream, _), csv.open_csv(stream, **options) as file:
            for batch in file:
                for notation, column in zip(looked.values(), batch.columns, strict=True):
                    notation.look(column)
        for notation in looked.values():
            notation.check()
        return {name: "string" for name, notation in looked.items() if notation.coded}

    @contextmanager
    def _bytes(self) -> Iterator[Any]:
        """The file unpacked, and what tells the share of it that is read."""
        import pyarrow as pa

        size = max(1, self.path.stat().st_size)
        with pa.OSFile(str(self.path)) as file:
            stream = pa.CompressedInputStream(file, "gzip") if is_packed(self.path) else file
            yield stream, lambda: min(1.0, file.tell() / size)

    def _options(self, types: Mapping[str, str], tried: Collection[str] = ()) -> dict[str, Any]:
        from pyarrow import csv

        # Where it is known that a column holds booleans, 1 is one.
        one, zero = (["1"], ["0"]) if "bool" in types.values() and not tried else ([], [])
        return {
            # Threads would also read far ahead of what the share of the file tells.
            "read_options": in_one_thread(),
            "parse_options": csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            "convert_options": csv.ConvertOptions(
                column_types=_arrow_types(types),
                null_values=list(MISSING),
                strings_can_be_null=True,
                true_values=["true", "True", "TRUE", *one],
                false_values=["false", "False", "FALSE", *zero],
                # Beside 2024-12-31: those that can be read in one way alone.
                timestamp_parsers=[csv.ISO8601, "%d.%m.%Y", "%Y/%m/%d"],
            ),
        }

    @contextmanager
    def _problems(self, types: Mapping[str, str], tried: Collection[str] = ()) -> Iterator[None]:
        """What Arrow cannot read, as an error of ours that says where it is."""
        import pyarrow as pa

        try:
            yield
        except pa.ArrowInvalid as problem:
            told = re.match(r"In CSV column #(\d+): .*?invalid value '(.*)'$", str(problem), re.DOTALL)
            name = None if told is None else self.names[int(told[1])]
            if name is not None and name in tried:
                raise _OtherTypeError(name) from None
            check_lines(self.path, self.names, self.delimiter)
            if told is not None and name is not None:
                self._refuse(name, told[2], types[name])
            if "straddling object" in str(problem):
                raise DataError(
                    "it has a line that is longer than 1 MiB; texts of that length are not read from CSV. Shorten "
                    "them, leave them out, or save the table as Parquet."
                ) from None
            raise DataError(f"{str(problem).rstrip('.')}. Check its quotes.") from None

    def _refuse(self, name: str, value: str, type_: str) -> NoReturn:
        """Raise `DataError` for a value that is of another type than its column."""
        import pyarrow as pa

        if type_ == "double":
            notation = Notation(name, self.delimiter)
            # Among numbers it is one.
            notation.look(pa.array(["1", value]))
            notation.check()
        raise DataError(
            f"column {name!r} holds {value!r}, but held {_HELD.get(type_, type_)} in the fit. Write it as in the fit, "
            "or leave the value out."
        )

    def _check_end(self, table: "pa.Table") -> None:
        """Raise `DataError` for a quote that is not closed, which takes in all lines below it, and for no text."""
        from pyarrow import types

        last = table.slice(max(0, table.num_rows - 1)).to_pylist()
        unclosed = any(isinstance(value, str) and "\n" in value for row in last for value in row.values())
        if unclosed or any(types.is_binary(field.type) for field in table.schema):
            check_lines(self.path, self.names, self.delimiter)


@final
class _OtherTypeError(Exception):
    """Not all values of a column are of the type that is tried for it."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def _arrow_types(types: Mapping[str, str]) -> dict[str, Any]:
    if not types:
        return {}
    # It loads torch, and a refused file must not wait for that.
    from vaecluster.data.libraries import arrow_type

    return {name: arrow_type(type_) for name, type_ in types.items()}


DELIMITED = Reader(
    (".csv", ".tsv", ".csv.gz", ".tsv.gz"), read_delimited, "DataFrame.to_csv", untyped=True, open=open_delimited
)
