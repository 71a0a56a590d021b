import gzip
from pathlib import Path

import pytest

from refused import refused_in_one_line
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.data.stored import READ_BYTES
from vaecluster.errors import DataError

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
@pytest.mark.parametrize("read", [read_dataset, lambda path: open_dataset(path).x_train.whole(None)])
def test_each_line_is_a_text_and_an_empty_one_is_missing(name: str, read: object, tmp_path: Path) -> None:
    file, content = LINES[name]
    (tmp_path / file).write_bytes(content)
    found = read(tmp_path / file)  # type: ignore[operator]
    assert getattr(found, "x_train", found).to_pydict() == {"text": TEXTS}


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("a\tb\n1\t2\n3\t4\n", ["a", "b"]),
        ("a|b\n1|2\n3|4\n", ["a", "b"]),
        ("price\n1\n2.5\n", ["price"]),
        ("a, b\n1, 2\n3, 4\n", ["a", " b"]),
        ("good, cheap\nbad, dear, and late\n", ["text"]),
        ("good, cheap\nbad, dear\n", ["text"]),
        ("\n" * 2000 + "first\nsecond", ["text"]),
        ("good, cheap\n", ["text"]),
        ("1st\nsecond\n", ["text"]),
    ],
)
def test_a_table_has_tabs_or_as_many_values_in_each_line_or_numbers_below_a_name(
    content: str, columns: list[str], tmp_path: Path
) -> None:
    (tmp_path / "t.txt").write_text(content)
    assert read_dataset(tmp_path / "t.txt").x_train.column_names == columns


def test_long_texts_come_in_parts(tmp_path: Path) -> None:
    texts = ["x" * READ_BYTES, "y", "z" * READ_BYTES, "end"]
    (tmp_path / "t.txt").write_text("\n".join(texts))
    parts = list(open_dataset(tmp_path / "t.txt").x_train.parts())
    assert [table.num_rows for table, _ in parts] == [1, 2, 1]
    assert [text for table, _ in parts for text in table["text"].to_pylist()] == texts
    assert parts[-1][1] == 1


REFUSED = {
    "nothing": (b"", "it is empty. Give a text on each line"),
    "empty lines": (b"\n \n", "it is empty"),
    "numbers with spaces": (b"1.5 2\n3 4e5\n", "numbers with spaces between them"),
    "a broken table": (b"a\tb\n1\t2\t3\n", "line 2 has 3 values for 2 columns"),
    "another encoding": ("Köln, Ä\nÖ\n".encode("latin-1"), "line 1 holds the byte 0xf6"),
    "bytes": (b"a text\n\0\1\2\n", "line 2 holds a zero byte"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_text_is_refused_by_its_line(name: str, tmp_path: Path) -> None:
    content, says = REFUSED[name]
    (tmp_path / "t.txt").write_bytes(content)
    refused_in_one_line(tmp_path / "t.txt", [says])
    with pytest.raises(DataError, match=says):
        list(open_dataset(tmp_path / "t.txt").x_train.parts())
