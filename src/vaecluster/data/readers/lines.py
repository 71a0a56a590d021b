"""Texts as lines: in UTF-8, with names in the first of them, and what is wrong with one."""

import codecs
import csv
import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path

from vaecluster.data.checks import quoted
from vaecluster.data.readers.arrow import check_names
from vaecluster.errors import DataError, counted

DELIMITERS = (",", ";", "\t", "|")
# How other programs mark their encodings; text in UTF-8 may begin with a mark of its own.
_OTHER_ENCODINGS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
# Whether a file is a table is seen in so many records.
LOOKED = 1_000


def header_of(path: Path) -> tuple[list[str], str]:
    """The names in the first line that is not empty, and the sign between them."""
    delimiter = _delimiter_of(path)
    if delimiter is None:
        raise DataError("it is empty. Give a header with the names of the columns, and rows below it.")
    records = _records(path, delimiter)
    names, below = (next((values for _, values in records if values), None) for _ in range(2))
    assert names is not None
    _check_header(names)
    if below is None:
        raise DataError(f"it has a header ({quoted(names)}), but no rows below it. Give at least one row.")
    return names, delimiter


def is_table(path: Path) -> bool:
    """Whether lines are the rows of a table, and not each a text.

    It is one with tabs in its first line, or with as many values in each record: numbers alone below the first line,
    or several values without the space that follows a sign in prose.
    """
    delimiter = _delimiter_of(path)
    if delimiter is None or delimiter == "\t":
        return delimiter is not None
    try:
        records = list(islice((values for _, values in _records(path, delimiter) if values), LOOKED))
    except DataError:
        # A quote that nothing closes; what is no text at all is told where lines are read.
        return False
    if len(records) < 2 or len({len(values) for values in records}) > 1:
        return False
    numbers = all(is_number(value) for values in records[1:] for value in values)
    spaced = any(value.startswith(" ") for values in records for value in values)
    return numbers or (len(records[0]) > 1 and not spaced)


def _delimiter_of(path: Path) -> str | None:
    """Of the first line that is not empty, the sign that is there most often outside of quotes; None of no line."""
    first = next((line for line in lines_of(path) if line.strip()), None)
    return None if first is None else max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)


def _check_header(names: list[str]) -> None:
    """Raise `DataError` for names that are there twice, and for numbers in place of names."""
    if all(is_number(name) for name in names):
        raise DataError(
            f"its first line holds numbers alone ({quoted(names)}); expected names of the columns. Write a first line "
            "with names."
        )
    check_names(names)


def is_number(text: str) -> bool:
    """Whether that is written as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The values of each record, and the number of its last line; none of empty lines. `DataError` for open quotes."""
    reader = csv.reader(lines_of(path), delimiter=delimiter, strict=True)
    while True:
        # The limit is one for the whole program, and a text may be longer; Arrow has limits of its own.
        limit = csv.field_size_limit(2**31 - 1)
        try:
            values = next(reader, None)
        except csv.Error as problem:
            raise DataError(f"line {reader.line_num} cannot be read ({problem}). Check its quotes.") from None
        finally:
            csv.field_size_limit(limit)
        if values is None:
            return
        yield reader.line_num, values


def check_lines(path: Path, names: list[str], delimiter: str) -> None:
    """Raise `DataError` for the first line that is no text, or has more or fewer values than there are names."""
    sign = "a tab" if delimiter == "\t" else repr(delimiter)
    for line, values in _records(path, delimiter):
        if values and len(values) != len(names):
            above = " The names of the columns must be in the first line." if len(values) > len(names) else ""
            raise DataError(
                f"line {line} has {counted(len(values), 'value')} for {counted(len(names), 'column')}. Put values "
                f"that hold {sign} into quotes, or give each column one value.{above}"
            )


def lines_of(path: Path) -> Iterator[str]:
    """Its lines with their ends; `DataError` at the first that is no UTF-8."""
    with opened(path) as (file, _):
        yield from decoded(file)


def decoded(file: Iterable[bytes]) -> Iterator[str]:
    """The lines of an opened file, in the same way."""
    for number, line in enumerate(file, 1):
        if number == 1:
            for mark, encoding in _OTHER_ENCODINGS.items():
                if line.startswith(mark):
                    raise DataError(f"it is text in {encoding}; expected UTF-8. Save it as UTF-8.")
            line = line.removeprefix(codecs.BOM_UTF8)
        if b"\0" in line:
            raise DataError(f"line {number} holds a zero byte; expected text in UTF-8. Save it as UTF-8.")
        try:
            yield line.decode()
        except UnicodeDecodeError as problem:
            raise DataError(
                f"line {number} holds the byte 0x{line[problem.start]:02x}, which is no UTF-8; expected text in "
                "UTF-8. Save it as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8."
            ) from None


@contextmanager
def opened(path: Path) -> Iterator[tuple[Iterable[bytes], Callable[[], float]]]:
    """The file unpacked, and what tells the share of it that is read."""
    size = max(1, path.stat().st_size)
    with path.open("rb") as file, gzip.open(file) if is_packed(path) else nullcontext(file) as stream:
        yield stream, lambda: min(1.0, file.tell() / size)


def is_packed(path: Path) -> bool:
    """Whether it is packed by gzip."""
    return path.name.lower().endswith(".gz")
