"""Texts, one a line."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vaecluster.data.dataset import DataSet
from vaecluster.data.readers.arrow import table_dataset
from vaecluster.data.readers.base import Reader
from vaecluster.data.readers.lines import DELIMITERS, is_number, lines_of
from vaecluster.errors import DataError, UnclearRowsWarning, counted

# Whether lines are the rows of a table is seen in so many of them, and in no fewer than so many.
LOOKED, LEAST = 1_000, 10
# Lines are those of a table if such a part of them is alike: one may be broken.
ALIKE = 0.9


def read_texts(path: Path) -> DataSet:
    """A column of a text in UTF-8 for each line, missing where it is empty.

    Raises `DataError` for lines of numbers and for lines that tabs part as those of a table.
    """
    texts = list(line_texts(path))
    some = list(islice((text for text in texts if text.strip()), LOOKED))
    if not some:
        raise DataError("it is empty. Give a text on each line.")
    if len(some) >= LEAST:
        _check_no_table(some)
    import pyarrow as pa

    return table_dataset(path, pa.table({"text": pa.array([text or None for text in texts], pa.large_string())}))


def line_texts(path: Path) -> Iterator[str]:
    """The text of each line, whatever it holds."""
    return (line.rstrip("\r\n") for line in lines_of(path))


def _check_no_table(texts: list[str]) -> None:
    """Raise `DataError` for what can be nothing but a table, and warn of what may be one."""
    below = texts[1:]
    if sum(all(map(is_number, re.split(r"[\s,;|]+", text.strip()))) for text in below) >= ALIKE * len(below):
        raise DataError(
            "its lines hold numbers; expected texts. Name a table .csv, with the names of its columns in the first "
            "line, or write numbers as .npy."
        )
    for sign in DELIMITERS:
        signs, alike = Counter(text.count(sign) for text in texts).most_common(1)[0]
        if not signs or alike < ALIKE * len(texts):
            continue
        between = "a tab" if sign == "\t" else repr(sign)
        values = f"{counted(signs + 1, 'value')} with {between} between them"
        if sign == "\t":
            raise DataError(f"its lines hold {values}; expected texts. Name a table .tsv or .csv.")
        warnings.warn(
            f"The lines of a .txt are read as texts. These hold {values}: name the file .csv if it is a table.",
            UnclearRowsWarning,
            stacklevel=2,
        )
        return


TEXTS = Reader((".txt", ".txt.gz"), read_texts, "a text editor", holds="texts, one a line")
