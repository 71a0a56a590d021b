import csv
import gzip
from datetime import date, datetime, time
from pathlib import Path

import pytest

from refused import refused_in_one_line
from vaecluster.data.files import open_dataset, read_dataset
from vaecluster.errors import DataError, FileError

ROWS = {"age": [31, 58], "city": ["Köln", None], "price": [2.5, 3.0]}
TEXT = "age,city,price\n31,Köln,2.5\n58,,3\n"

READ = {
    "commas": ("t.csv", TEXT.encode()),
    "semicolons": ("t.csv", TEXT.replace(",", ";").encode()),
    "tabs": ("t.tsv", TEXT.replace(",", "\t").encode()),
    "bars": ("t.csv", TEXT.replace(",", "|").encode()),
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


def test_a_text_in_parts_is_of_the_types_that_it_has_as_a_whole(tmp_path: Path) -> None:
    # Both values of a column are in different parts.
    values = {
        "a": [7, "true"],
        "b": ["", 3],
        "c": [3, 0.5],
        "d": ["2024-03-01", "2024-03-01T10:00:00"],
        "e": ["NA"] * 2,
    }
    wide = "x" * 2**19
    rows = [[*row, wide] for row in zip(*values.values(), strict=True) for _ in range(2)]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*values, "wide"], *rows])
    stored = open_dataset(tmp_path / "t.csv").x_train
    parts = list(stored.parts())
    assert len(parts) > 1
    assert parts[0][0].schema == read_dataset(tmp_path / "t.csv").x_train.schema


def test_dates_are_read_where_there_is_one_way_to_read_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("iso,dots,slashes,open\n2024-03-01,31.12.2024,2024/12/31,12/31/2024\n,,,\n")
    row = read_dataset(tmp_path / "t.csv").x_train.slice(0, 1).to_pylist()[0]
    assert {name: str(value)[:10] for name, value in row.items()} == {
        "iso": "2024-03-01",
        "dots": "2024-12-31",
        "slashes": "2024-12-31",
        "open": "12/31/2024",
    }


def test_what_begins_with_0_is_a_name_and_no_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("zip,share,count,long\n01067,0.5,0,00123456789012345678901\n10115,,10,1\n")
    table = read_dataset(tmp_path / "t.csv").x_train
    assert table.to_pydict() == {
        "zip": ["01067", "10115"],
        "share": [0.5, None],
        "count": [0, 10],
        "long": ["00123456789012345678901", "1"],
    }


def test_what_is_all_in_brackets_is_a_name_and_no_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("area,size\n(212),1\n(415),2\n,3\n")
    assert read_dataset(tmp_path / "t.csv").x_train.column("area").to_pylist() == ["(212)", "(415)", None]


TYPED = {
    "texts that look like numbers": ("string", "10115", "10115"),
    "texts that look like booleans": ("string", "true", "true"),
    "texts that look like dates": ("string", "2024-01-31", "2024-01-31"),
    "gaps": ("double", "", None),
    "whole numbers": ("double", "3", 3.0),
    "booleans as numbers": ("bool", "1", True),
    "days": ("timestamp[us]", "2024-01-31", datetime(2024, 1, 31)),
    "moments": ("timestamp[us]", "2024-01-31 10:00", datetime(2024, 1, 31, 10)),
    "times": ("time32[s]", "10:00", time(10)),
}


@pytest.mark.parametrize("name", TYPED)
def test_types_that_are_given_count_and_not_the_values(name: str, tmp_path: Path) -> None:
    type_, text, value = TYPED[name]
    (tmp_path / "t.csv").write_text(f"a,b\n{text},1\n{text},2\n")
    table = read_dataset(tmp_path / "t.csv", {"a": type_, "absent": "string"}).x_train
    assert (table.column("a").to_pylist(), str(table.schema.types[0])) == ([value, value], type_)


@pytest.mark.parametrize(
    ("type_", "value", "parts"),
    [
        ("double", "old", ["'a'", "'old'", "numbers", "in the fit"]),
        ("double", '"1,5"', ["'a'", "decimal commas", "'1,5'"]),
        ("double", "(1.5)", ["'a'", "brackets", "'(1.5)'"]),
        ("bool", "2", ["'a'", "'2'", "booleans"]),
        ("timestamp[us]", "2024-01-31T10:00:00Z", ["'a'", "without a zone"]),
        ("timestamp[us, tz=UTC]", "soon", ["'a'", "'soon'", "with a zone"]),
        ("time32[s]", "25:00", ["'a'", "'25:00'", "times"]),
    ],
)
def test_a_value_of_another_type_is_named(type_: str, value: str, parts: list[str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n,1\n{value},2\n")
    with pytest.raises(DataError) as problem:
        read_dataset(tmp_path / "t.csv", {"a": type_})
    assert all(part in str(problem.value) for part in parts), problem.value


REFUSED = {
    "nothing": (b"", ["empty", "header"]),
    "blanks": (b"\n \n", ["empty"]),
    "a header alone": (b"a,b\n", ["'a', 'b'", "no rows"]),
    "no header": (b"1,2\n3,4\n", ["first line", "'1', '2'", "names"]),
    "one name twice": (b"a,b,a\n1,2,3\n", ["several columns", "'a'", "Rename"]),
    "too many values": (b"a,b\n1,2\n3,4,5\n", ["line 3", "3 values", "2 columns", "quotes"]),
    "too few values": (b'a,b\n1,"x\ny"\n3\n', ["line 4", "1 value for", "2 columns"]),
    "Latin-1": ("a,b\n1,Köln\n".encode("latin-1"), ["line 2", "0xf6", "UTF-8", "iconv"]),
    "Latin-1 above": ("größe\n1\n".encode("latin-1"), ["line 1", "0xf6"]),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), ["UTF-16", "UTF-8"]),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32"), ["UTF-32", "UTF-8"]),
    "carriage returns": (b"a,b\r1,2\r3,4\r", ["CR alone", "expected LF"]),
    "a zero byte": (b"a\x00,b\n1,2\n", ["line 1", "zero byte"]),
    "an open quote": (b'a,b\n1,"x\n2,y\n', ["line 3", "quotes"]),
    "decimal commas": (b"a;b\n1,5;2\n12,25;3\n", ["'a'", "decimal commas", "'1,5'", "decimal=','"]),
    "decimal commas in one column": (b"a\n1,5\n12,25\n", ["line 2", "1,5", "decimal comma", "1.5"]),
    "decimals like thousands": (b"a;b\n12,250;2\n3;3\n", ["'a'", "decimal commas", "'12,250'"]),
    "thousands twice": (b"a;b\n1,234,567;2\n3;3\n", ["'a'", "thousands", "'1,234,567'"]),
    "three decimals": (b"a;b\n0,333;2\n-12,250;3\n", ["'a'", "decimal commas", "'0,333'", "decimal=','"]),
    "thousands": (b'a,b\n"1,234",2\n12,3\n', ["'a'", "thousands", "'1,234'"]),
    "spaces of Word": ("a,b\n1\u00a0234,2\n12,3\n".encode(), ["'a'", "spaces or apostrophes", "1234.5"]),
    "apostrophes": (b"a,b\n1'234.5,2\n12,3\n", ["'a'", "spaces or apostrophes", '"1\'234.5"']),
    "a printed minus": ("a,b\n\u22121.5,2\n12,3\n".encode(), ["'a'", "minus", "-3.14"]),
    "brackets": (b"a,b\n(1.5),2\n12,3\n", ["'a'", "brackets", "'(1.5)'"]),
    "a line above the names": (b"sep=;\na;b;c\n1;2;3\n", ["line 2", "names", "first line"]),
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


@pytest.mark.parametrize("place", [0, 20])
def test_texts_are_read_however_long_and_what_is_too_long_is_said_to_be(place: int, tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    for length in (200_000, 5_000_000):
        texts = ["short"] * 40
        texts[place] = '"' + "word, " * (length // 6) + '"'
        (tmp_path / "t.csv").write_text("a,text\n" + "\n".join(f"{n},{text}" for n, text in enumerate(texts)))
        if length < 1_000_000:
            assert read_dataset(tmp_path / "t.csv").x_train.num_rows == 40
        else:
            with pytest.raises(DataError, match=r"t\.csv: it has a line that is longer than 1 MiB.*Parquet"):
                read_dataset(tmp_path / "t.csv")
    assert csv.field_size_limit() == limit
