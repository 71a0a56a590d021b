"""Tables as text: values with commas, semicolons or tabs between them, and names in the first line."""

import codecs
import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vaecluster.data.checks import quoted
from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.arrow import check_names, table_dataset
from vaecluster.data.readers.base import Reader
from vaecluster.errors import DataError, counted

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = (",", ";", "\t", "|")
# What stands for no value, beside nothing; as in pandas.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null", "None", "<NA>", "NaT")
# A whole number that is a name: nobody writes 01067 for 1067.
_CODE = r"^\s*0\d+\s*$"
# What columns of these types held in the fit, for messages.
_HELD = {
    "double": "numbers",
    "bool": "booleans",
    "time32[s]": "times of the day",
    "timestamp[us]": "dates without a zone",
    "timestamp[us, tz=UTC]": "dates with a zone",
}
# How other programs mark their encodings; text in UTF-8 may begin with a mark of its own.
_OTHER_ENCODINGS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
# Numbers as people write them: a pattern that all of a column have, one that some of it have, what it is, what to do.
_NOTATIONS = (
    (
        # Nobody writes 0,123 for 123.
        (r"^\s*[-+]?(0|[1-9]\d{0,2}(,\d{3})*)(\.\d+)?\s*$", r",\d{3}"),
        "commas between thousands",
        "Write them without, as 1234.5, or read them with pandas.read_csv and thousands=','",
    ),
    (
        (r"^\s*[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*$", r","),
        "decimal commas",
        "Write them with a point, as 3.14, or read them with pandas.read_csv and decimal=','",
    ),
    (
        (r"^\s*[-+]?([$€£¥]\s?)?[-+]?\d[\d,]*(\.\d+)?\s?(%|[$€£¥])?\s*$", r"[%$€£¥]"),
        "a unit beside them",
        "Write the numbers alone",
    ),
)


def read_text(path: Path, types: Mapping[str, str] | None = None) -> DataSet:
    """A table of text in UTF-8, with a header; whether commas or other signs part its values is seen in the header.

    Columns are of the `types` that are given by their names, others of the type that all their values have. What
    begins with 0, such as a postcode, is no number then.
    """
    names, delimiter = _header(path)
    types = types or {}
    table = _table(path, names, delimiter, types)
    coded = _coded(path, table, delimiter, types)
    if coded:
        table = _table(path, names, delimiter, {**types, **dict.fromkeys(coded, "string")})
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name not in types:
            _check_numbers(name, column, delimiter)
    return table_dataset(path, table)


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if _is_packed(path):
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


def _lines(path: Path) -> Iterator[str]:
    """Its lines; `DataError` at the first that is no UTF-8."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                for mark, encoding in _OTHER_ENCODINGS.items():
                    if line.startswith(mark):
                        raise DataError(f"it is text in {encoding}; expected UTF-8. Save it as CSV UTF-8.")
                line = line.removeprefix(codecs.BOM_UTF8)
            if b"\0" in line:
                raise DataError(f"line {number} holds a zero byte; expected text in UTF-8. Save it as CSV UTF-8.")
            try:
                yield line.decode()
            except UnicodeDecodeError as problem:
                raise DataError(
                    f"line {number} holds the byte 0x{line[problem.start]:02x}, which is no UTF-8; expected text in "
                    "UTF-8. Save it as CSV UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8."
                ) from None


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line that is not empty, and the sign between them."""
    first = next((line for line in _lines(path) if line.strip()), None)
    if first is None:
        raise DataError("it is empty. Give a header with the names of the columns, and rows below it.")
    # Outside of quotes, the sign that is there most often; of none, one column.
    bare = re.sub(r'"[^"]*"', "", first)
    delimiter = max(DELIMITERS, key=bare.count)
    records = _records(path, delimiter)
    names, below = (next((values for _, values in records if values), None) for _ in range(2))
    assert names is not None
    _check_header(names)
    if below is None:
        raise DataError(f"it has a header ({quoted(names)}), but no rows below it. Give at least one row.")
    return names, delimiter


def _check_header(names: list[str]) -> None:
    """Raise `DataError` for names that are there twice, and for numbers in place of names."""
    if all(_is_number(name) for name in names):
        raise DataError(
            f"its first line holds numbers alone ({quoted(names)}); expected names of the columns. Write a first line "
            "with names."
        )
    check_names(names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _options(delimiter: str, types: Mapping[str, str]) -> dict[str, Any]:
    from pyarrow import csv as arrow_csv

    # Where it is known that a column holds booleans, 1 is one.
    one, zero = (["1"], ["0"]) if types else ([], [])
    return {
        "parse_options": arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=_arrow_types(types),
            null_values=list(MISSING),
            strings_can_be_null=True,
            true_values=["true", "True", "TRUE", *one],
            false_values=["false", "False", "FALSE", *zero],
            # Beside 2024-12-31: those that can be read in one way alone.
            timestamp_parsers=[arrow_csv.ISO8601, "%d.%m.%Y", "%Y/%m/%d"],
        ),
    }


def _arrow_types(types: Mapping[str, str]) -> dict[str, Any]:
    if not types:
        return {}
    # It loads torch, and a refused file must not wait for that.
    from vaecluster.data.libraries import arrow_type

    return {name: arrow_type(type_) for name, type_ in types.items()}


@contextmanager
def _bytes_of(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with pa.input_stream(str(path), compression="gzip" if _is_packed(path) else None) as stream:
        yield stream


def _table(path: Path, names: list[str], delimiter: str, given: Mapping[str, str]) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import types

    try:
        with _bytes_of(path) as stream:
            table = arrow_csv.read_csv(stream, **_options(delimiter, given))
    except pa.ArrowInvalid as problem:
        _check_lines(path, names, delimiter)
        _check_value(names, given, delimiter, str(problem))
        raise DataError(f"{str(problem).rstrip('.')}. Check its quotes.") from None
    # A quote that is not closed takes in all lines below it.
    last = table.slice(max(0, table.num_rows - 1)).to_pylist()
    unclosed = any(isinstance(value, str) and "\n" in value for row in last for value in row.values())
    if unclosed or any(types.is_binary(field.type) for field in table.schema):
        _check_lines(path, names, delimiter)
    return table


def _coded(path: Path, table: "pa.Table", delimiter: str, given: Mapping[str, str]) -> list[str]:
    """Columns of numbers some of which begin with 0, such as 01067: they are codes, and 0 is a part of them."""
    import pyarrow as pa
    from pyarrow import compute, types
    from pyarrow import csv as arrow_csv

    schema = table.schema
    numbers = [one.name for one in schema if types.is_integer(one.type) or types.is_floating(one.type)]
    numbers = [name for name in numbers if name not in given]
    if not numbers:
        return []
    options = _options(delimiter, {})
    options["convert_options"].column_types = dict.fromkeys(numbers, pa.string())
    options["convert_options"].include_columns = numbers
    found = set[str]()
    with _bytes_of(path) as stream, arrow_csv.open_csv(stream, **options) as batches:
        for batch in batches:
            for name, column in zip(numbers, batch.columns, strict=True):
                if name not in found and compute.any(compute.match_substring_regex(column, _CODE)).as_py():
                    found.add(name)
    return [name for name in numbers if name in found]


def _check_value(names: list[str], given: Mapping[str, str], delimiter: str, problem: str) -> None:
    """Raise `DataError` if Arrow's words are about a value that is of another type than given for its column."""
    import pyarrow as pa

    told = re.match(r"In CSV column #(\d+): .*?invalid value '(.*)'$", problem, re.DOTALL)
    if told is None:
        return
    name, value = names[int(told[1])], told[2]
    if given[name] == "double":
        _check_numbers(name, pa.chunked_array([[value]]), delimiter)
    raise DataError(
        f"column {name!r} holds {value!r}, but held {_HELD[given[name]]} in the fit. Write it as in the fit, or leave "
        "the value out."
    )


def _records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The values of each record, and the number of its last line; none of empty lines. `DataError` for open quotes."""
    reader = csv.reader(_lines(path), delimiter=delimiter, strict=True)
    try:
        for values in reader:
            yield reader.line_num, values
    except csv.Error as problem:
        raise DataError(f"line {reader.line_num} cannot be read ({problem}). Check its quotes.") from None


def _check_lines(path: Path, names: list[str], delimiter: str) -> None:
    """Raise `DataError` for the first line that is no text, or has more or fewer values than there are names."""
    sign = "a tab" if delimiter == "\t" else repr(delimiter)
    for line, values in _records(path, delimiter):
        if values and len(values) != len(names):
            raise DataError(
                f"line {line} has {counted(len(values), 'value')} for {counted(len(names), 'column')}. Put values "
                f"that hold {sign} into quotes, or give each column one value."
            )


def _check_numbers(name: str, column: "pa.ChunkedArray", delimiter: str) -> None:
    """Raise `DataError` for a column of texts that are numbers in another notation."""
    from pyarrow import compute, types

    if not types.is_string(column.type):
        return
    # Those who part values by semicolons do so since their commas are decimal: there 12,250 is not 12250.
    likely = (
        sorted(_NOTATIONS, key=lambda notation: notation[1] != "decimal commas") if delimiter == ";" else _NOTATIONS
    )
    for (whole, sign), what, advice in likely:
        fits = compute.all(compute.match_substring_regex(column, whole)).as_py()
        signed = fits and compute.any(compute.match_substring_regex(column, sign)).as_py()
        if signed:
            example = next(value for value in column.to_pylist() if value is not None and re.search(sign, value))
            raise DataError(f"column {name!r} holds numbers with {what}, such as {example!r}. {advice}.")


_ENDINGS = (".csv", ".tsv", ".txt")
_PACKED = tuple(f"{ending}.gz" for ending in _ENDINGS)
TEXTS = Reader((*_ENDINGS, *_PACKED), read_text, written_by="DataFrame.to_csv", untyped=True)
