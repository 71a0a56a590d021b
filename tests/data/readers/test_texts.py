import gzip
import warnings
from pathlib import Path
from typing import Any

import pytest

from refused import refused_in_one_line
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.errors import UnclearRowsWarning

PROSE = 'Good, and "cheap\n\nIt broke; I sent it back, twice\nNone\n'
TEXTS = ['Good, and "cheap', None, "It broke; I sent it back, twice", "None"]

LINES = {
    "plain": ("t.txt", PROSE.encode()),
    "packed": ("t.TXT.gz", gzip.compress(PROSE.encode())),
    "a mark of UTF-8": ("t.txt", b"\xef\xbb\xbf" + PROSE.encode()),
    "lines of Windows": ("t.txt", PROSE.replace("\n", "\r\n").encode()),
    "no last end": ("t.txt", PROSE.rstrip("\n").encode()),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("read", [read_dataset, open_dataset])
def test_each_line_is_a_text_and_an_empty_one_is_missing(name: str, read: Any, tmp_path: Path) -> None:
    file, content = LINES[name]
    (tmp_path / file).write_bytes(content)
    assert read(tmp_path / file).x_train.to_pydict() == {"text": TEXTS}


@pytest.mark.parametrize(
    "lines",
    [
        ["good film", "10", "9"],
        ["a\tb", "1\t2"],
        ["\tA new paragraph", *["and it goes on"] * 20],
        [f"line {number}, of a poem" + ", long" * (number % 3) for number in range(20)],
        [""] * 2000 + ["first", "second"],
    ],
)
def test_prose_is_no_table_nor_are_few_lines(lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(lines))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_dataset(tmp_path / "t.txt").x_train["text"].to_pylist()
    assert found == [line or None for line in lines]


def test_lines_with_as_many_commas_are_texts_with_a_word_on_tables(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(f"12:00:{number},5 started" for number in range(20)))
    with pytest.warns(UnclearRowsWarning, match=r"2 values with ',' between them: name the file .csv"):
        assert len(read_dataset(tmp_path / "t.txt").x_train) == 20


REFUSED = {
    "nothing": (b"", "it is empty. Give a text on each line"),
    "empty lines": (b"\n \n", "it is empty"),
    "CR alone": (b"one\rtwo\rthree", "its lines end in CR alone"),
    "numbers with spaces": (b"x y\n" + b"3 4e5\n" * 20, "its lines hold numbers"),
    "one column of numbers": (b"price\n" + b"2,5\n" * 20, "its lines hold numbers"),
    "a table": (b"a\tb\n" * 20 + b"c\n", "its lines hold 2 values with a tab between them"),
    "another encoding": ("Köln, Ä\nÖ\n".encode("latin-1"), "line 1 holds the byte 0xf6"),
    "bytes": (b"a text\n\0\1\2\n", "line 2 holds a zero byte"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_text_is_refused_by_its_line(name: str, tmp_path: Path) -> None:
    content, says = REFUSED[name]
    (tmp_path / "t.txt").write_bytes(content)
    refused_in_one_line(tmp_path / "t.txt", [says])
