"""Texts as lines: in UTF-8, with names in the first of them, and what is wrong with one."""

import codecs
import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vaecluster.data.checks import quoted
from vaecluster.data.readers.arrow import check_names
from vaecluster.errors import DataError, counted

DELIMITERS = (",", ";", "\t", "|")
# How other programs mark their encodings, longer marks first; text in UTF-8 may begin with a mark of its own.
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def header_of(path: Path) -> tuple[list[str], str]:
    """The names in the first line that is not empty, and the sign between them."""
    first = next((line for line in lines_of(path) if line.strip()), None)
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
            if len(names) == 1 and delimiter == "," and re.fullmatch(r"-?\d+,\d+", number := ",".join(values)):
                point = number.replace(",", ".")
                raise DataError(f"line {line} holds {number}, with a decimal comma; expected a point. Write {point}.")
            above = " The names of the columns must be in the first line." if len(values) > len(names) else ""
            raise DataError(
                f"line {line} has {counted(len(values), 'value')} for {counted(len(names), 'column')}. Put values "
                f"that hold {sign} into quotes, or give each column one value.{above}"
            )


def lines_of(path: Path) -> Iterator[str]:
    """Its lines with their ends; `DataError` at the first that is no UTF-8."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                for mark, encoding in _OTHER_ENCODINGS.items():
                    if line.startswith(mark):
                        raise DataError(f"it is text in {encoding}; expected UTF-8. Save it as UTF-8.")
                if b"\r" in line and not line.endswith(b"\n"):
                    raise DataError(
                        "its lines end in CR alone; expected LF, or CR and LF. Save it with other ends of lines."
                    )
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
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if is_packed(path):
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            yield file


def is_packed(path: Path) -> bool:
    """Whether it is packed by gzip."""
    return path.name.lower().endswith(".gz")
