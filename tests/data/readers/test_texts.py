import gzip
from datetime import date
from pathlib import Path

import pytest

from refused import refused_in_one_line
from vaecluster.data.files import read_dataset
from vaecluster.errors import FileError

ROWS = {"age": [31, 58], "city": ["Köln", None], "price": [2.5, 3.0]}
TEXT = "age,city,price\n31,Köln,2.5\n58,,3\n"

READ = {
    "commas": ("t.csv", TEXT.encode()),
    "semicolons": ("t.csv", TEXT.replace(",", ";").encode()),
    "tabs": ("t.tsv", TEXT.replace(",", "\t").encode()),
    "bars": ("t.txt", TEXT.replace(",", "|").encode()),
    "a mark of UTF-8": ("t.csv", b"\xef\xbb\xbf" + TEXT.encode()),
    "lines of Windows": ("T.CSV", TEXT.replace("\n", "\r\n").encode()),
    "empty lines": ("t.csv", b"\n" + TEXT.replace("\n", "\n\n").encode()),
    "packed": ("t.csv.gz", gzip.compress(TEXT.encode())),
    "NA": ("t.csv", TEXT.replace("58,,", "58,NA,").encode()),
    "null": ("t.csv", TEXT.replace("58,,", "58,null,").encode()),
    "quotes": ("t.csv", TEXT.replace("Köln", '"Köln"').replace("age,", '"age",').encode()),
}


@pytest.mark.parametrize("name", READ)
def test_tables_of_text_are_read_however_they_are_written(name: str, tmp_path: Path) -> None:
    file, content = READ[name]
    (tmp_path / file).write_bytes(content)
    assert read_dataset(tmp_path / file).x_train.to_pydict() == ROWS


def test_values_are_of_the_types_that_all_of_a_column_have(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b,c,d,\n1,true,2024-03-01,"x, ""y""\nz",5\n2.5,false,,w,6\n')
    table = read_dataset(tmp_path / "t.csv").x_train
    assert table.to_pydict() == {
        "a": [1.0, 2.5],
        "b": [True, False],
        "c": [date(2024, 3, 1), None],
        "d": ['x, "y"\nz', "w"],
        "": [5, 6],
    }


def test_dates_are_read_where_there_is_one_way_to_read_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("iso,dots,slashes,open\n2024-03-01,31.12.2024,2024/12/31,12/31/2024\n,,,\n")
    row = read_dataset(tmp_path / "t.csv").x_train.slice(0, 1).to_pylist()[0]
    assert {name: str(value)[:10] for name, value in row.items()} == {
        "iso": "2024-03-01",
        "dots": "2024-12-31",
        "slashes": "2024-12-31",
        "open": "12/31/2024",
    }


REFUSED = {
    "nothing": (b"", ["empty", "header"]),
    "blanks": (b"\n \n", ["empty"]),
    "a header alone": (b"a,b\n", ["'a', 'b'", "no rows"]),
    "no header": (b"1,2\n3,4\n", ["first line", "'1', '2'", "names"]),
    "one name twice": (b"a,b,a\n1,2,3\n", ["several columns", "'a'", "Rename"]),
    "too many values": (b"a,b\n1,2\n3,4,5\n", ["line 3", "3 values", "2 columns", "quotes"]),
    "too few values": (b'a,b\n1,"x\ny"\n3\n', ["line 4", "1 values", "2 columns"]),
    "Latin-1": ("a,b\n1,Köln\n".encode("latin-1"), ["line 2", "0xf6", "UTF-8", "iconv"]),
    "Latin-1 above": ("größe\n1\n".encode("latin-1"), ["line 1", "0xf6"]),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), ["UTF-16", "UTF-8"]),
    "a zero byte": (b"a\x00,b\n1,2\n", ["line 1", "zero byte"]),
    "an open quote": (b'a,b\n1,"x\n2,y\n', ["line 3", "quotes"]),
    "decimal commas": (b"a;b\n1,5;2\n12,25;3\n", ["'a'", "decimal commas", "'1,5'", "decimal=','"]),
    "three decimals": (b"a;b\n0,333;2\n-12,250;3\n", ["'a'", "decimal commas", "'0,333'", "decimal=','"]),
    "thousands": (b'a,b\n"1,234",2\n12,3\n', ["'a'", "thousands", "'1,234'"]),
    "a unit": (b"a,b\n$12,2\n$1.50,3\n", ["'a'", "a unit", "'$12'"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_a_text_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    content, parts = REFUSED[name]
    (tmp_path / "t.csv").write_bytes(content)
    refused_in_one_line(tmp_path / "t.csv", parts)


def test_a_packed_text_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(TEXT.encode() * 1000, mtime=0)[:-20])
    with pytest.raises(FileError, match="damaged"):
        read_dataset(tmp_path / "t.csv.gz")
