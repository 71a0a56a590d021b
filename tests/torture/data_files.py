"""Mutated files of data: tables as text and in Parquet, pictures, and cells. Each is read as a fit reads it."""

import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet
from scipy.sparse import csc_array, csr_array

from h5ad_files import cells, counts_of_groups, write_h5ad
from torture.mutations import Inputs, Reader, changed_bytes, named
from vaecluster import VAEClustering
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.files import read_dataset
from vaecluster.data.given import given_rows
from vaecluster.data.pictures.decoding import UnreadableError, decode, short_side
from vaecluster.errors import VaeclusterError

READING = Reading("gaussian", "auto")


def data_readers() -> list[Reader]:
    """A reader for each kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        h5ad = _cells(Path(folder))
    return [
        Reader("csv", _texts(), as_fit("rows.csv", "rows.csv.gz"), VaeclusterError),
        Reader("parquet", named("rows.parquet", _parquet()), as_fit("rows.parquet"), VaeclusterError),
        Reader("h5ad", named("rows.h5ad", h5ad), as_fit("rows.h5ad"), VaeclusterError),
        *(Reader(name, named("picture", files), look, UnreadableError) for name, files in _pictures()),
    ]


def as_fit(*names: str) -> Any:
    """Reads the file of one of these names up to where learning begins, and ten rows of it."""

    def read(folder: Path) -> None:
        path = next(folder / name for name in names if (folder / name).exists())
        try:
            given = given_rows(VAEClustering(), read_dataset(path).x_train)
            schema = given.source.schema(READING)
            rows = schema.encode(given.source.read(np.arange(min(10, len(given.source)))))
            assert rows.shape[1:] == schema.data_shape
        finally:
            path.unlink()

    return read


def look(folder: Path) -> None:
    """Decodes a picture."""
    short_side(folder / "picture")
    assert decode(folder / "picture", 16).shape == (16, 16, 3)


# Text

TABLES = [
    "name,age,income,since\nann,31,1200.5,2024-01-02\nbob,,900,2024-02-03\ncy,40,1e5,\n" * 3,
    'a;b\n"x;1";2\n"y ""z""";3\n\n;NA\n',
    "x\ty\tz\n" + "1\t2.5\t\n-3\t4\t5\n" * 20,
    "\ufeffid,flag\r\n1,true\r\n2,false\r\n3,true\r\n",
    "a\n1\n2\n",
]
PIECES = ["\0", '"', '""', ",", ";", "\t", "|", "\r", "\n", "\r\n", "\n\n", "é", "\ufeff", "\ud83d", "NaN", "inf"]
PIECES += ["1e400", "-0", "9" * 400, "1,234", "0x1F", "true", "2024-13-45", "10000-01-01", " ", "a" * 70_000]
PIECES += ["," * 3000, '"' + "x" * 3000, "a,a\n"]


@st.composite
def _text(draw: st.DrawFn) -> bytes:
    """A table with some pieces put in, doubled or left out; in another encoding at times."""
    text = draw(st.sampled_from(TABLES))
    for _ in range(draw(st.integers(1, 4))):
        place, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        new = draw(st.sampled_from(PIECES) | st.text(max_size=6) | st.just(text[place : place + 40]))
        text = text[:place] + new + text[draw(st.sampled_from([place, place, min(place + 3, len(text)), end])) :]
    encoding = draw(st.sampled_from(["utf-8"] * 8 + ["utf-16", "latin-1", "utf-32"]))
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")


def _texts() -> Inputs:
    plain = _text() | st.sampled_from(TABLES).flatmap(lambda text: changed_bytes(text.encode()))
    packed = _text().map(gzip.compress).flatmap(lambda content: changed_bytes(content, 0))
    return st.one_of(named("rows.csv", plain), named("rows.csv", plain), named("rows.csv.gz", packed))


# Parquet


def _tables() -> list[pa.Table]:
    numbers = np.arange(30.0)
    plain = {
        "x": numbers,
        "y": numbers**2,
        "kind": ["a", "b", None] * 10,
        "day": pa.array([0, None, 9] * 10, "date32"),
    }
    nested = {"list": [[1.0, 2.0]] * 30, "record": [{"a": 1, "b": "x"}] * 30, "x": numbers}
    strange = {
        "decimal": pa.array([Decimal(1), None, Decimal("3.5")] * 10, pa.decimal128(20, 3)),
        "bytes": [b"\xff\x00"] * 30,
        "time": pa.array([1, 2, None] * 10, pa.timestamp("ns", "UTC")),
        "code": pa.array(["u", "v", None] * 10).dictionary_encode(),
        "small": pa.array(range(30), pa.uint8()),
    }
    vectors = {"vectors": pa.array([[0.5, 1.5, 2.5]] * 30, pa.list_(pa.float32(), 3))}
    return [pa.table(columns) for columns in (plain, nested, strange, vectors, {"x": numbers})]


def _parquet() -> st.SearchStrategy[bytes]:
    files = []
    for table in _tables():
        for options in ({"compression": "snappy"}, {"compression": "gzip", "use_dictionary": False}):
            content = io.BytesIO()
            parquet.write_table(table, content, row_group_size=11, **options)
            files.append(content.getvalue())
    return st.sampled_from(files).flatmap(lambda content: changed_bytes(content) | _changed_footer(content))


@st.composite
def _changed_footer(draw: st.DrawFn, content: bytes) -> bytes:
    """Edits of the description at the end alone, whose length stays true."""
    length = int.from_bytes(content[-8:-4], "little")
    footer = draw(changed_bytes(content[-8 - length : -8]))
    return content[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


# Cells

# What stands in place of a member of a file, or of an attribute.
INSTEAD = [
    np.zeros((0, 3)),
    np.zeros(3),
    np.float64(2),
    np.full((4, 4), np.nan),
    np.array([2**62, -1]),
    np.array([b"a", b"b"]),
    np.array([[1 + 2j]]),
    np.array([3, 9, 2], np.int8),
    "csr_matrix",
    "text",
    b"\xff",
]


def _cells(folder: Path) -> st.SearchStrategy[bytes]:
    counts = counts_of_groups(20, 12)[0]
    logs = np.log1p(counts) / 3
    obs = {"site": ["a", None, *"b" * 18], "day": np.arange(20.0)}
    files = [
        cells(counts, obs=obs),
        cells(csr_array(counts)),
        cells(csc_array(counts), layers={"counts": csr_array(counts)}),
        cells(logs - 1, raw=csr_array(logs)),
    ]
    contents = [write_h5ad(folder / "c.h5ad", one).read_bytes() for one in files]
    return st.sampled_from(contents).flatmap(lambda content: changed_bytes(content) | _changed_members(content))


@st.composite
def _changed_members(draw: st.DrawFn, content: bytes) -> bytes:
    """Members and attributes of the file left out, or with something else in their place."""
    stored = io.BytesIO(content)
    with h5py.File(stored, "r+") as file:
        for _ in range(draw(st.integers(1, 2))):
            found: list[str] = []
            file.visit(found.append)
            if not found:
                break
            name, new = draw(st.sampled_from(sorted(found))), draw(st.sampled_from([None, *INSTEAD]))
            attributes = file[name].attrs
            keep = draw(st.booleans())
            if len(attributes) and not keep:
                key = draw(st.sampled_from(sorted(attributes)))
                del attributes[key]
                if new is not None:
                    attributes[key] = new
                continue
            described = dict(attributes)
            del file[name]
            if new is not None:
                made = file.create_dataset(name, data=new)
                for key, value in described.items():
                    # A text that is no UTF-8 can be read, but not written.
                    with suppress(UnicodeEncodeError):
                        made.attrs[key] = value
    return stored.getvalue()


# Pictures


def _pictures() -> Iterator[tuple[str, st.SearchStrategy[bytes]]]:
    draws = np.random.default_rng(0)
    colour = Image.fromarray(draws.integers(0, 255, (20, 24, 3), np.uint8))
    modes = {mode: colour.convert(mode) for mode in ("RGB", "L", "1", "P", "RGBA", "CMYK")}
    modes["I;16"] = Image.fromarray(draws.integers(0, 65535, (20, 24), np.uint16))
    modes["F"] = Image.fromarray(draws.random((20, 24), np.float32))
    turned = Image.Exif()
    turned[0x0112] = 6
    for name, kinds, options in (
        ("png", ("RGB", "L", "1", "P", "RGBA", "I;16"), [{}, {"exif": turned}]),
        ("jpeg", ("RGB", "L", "CMYK"), [{}, {"progressive": True, "exif": turned}]),
        ("gif", ("P", "L"), [{}, {"save_all": True, "append_images": [modes["P"]]}]),
        ("tiff", ("RGB", "1", "I;16", "F", "CMYK"), [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}]),
        ("webp", ("RGB", "RGBA"), [{}, {"lossless": True}]),
        ("bmp", ("RGB", "L", "1", "P"), [{}]),
    ):
        files = list(_saved([modes[kind] for kind in kinds], name, options))
        true = changed_png_parts if name == "png" else changed_bytes
        yield name, st.sampled_from(files).flatmap(lambda content, true=true: changed_bytes(content) | true(content))


def _saved(pictures: Sequence[Image.Image], name: str, options: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    for picture in pictures:
        for some in options:
            content = io.BytesIO()
            try:
                picture.save(content, name, **some)
            except (OSError, ValueError, KeyError):
                # Not every packing takes every kind of pixels.
                continue
            yield content.getvalue()


@st.composite
def changed_png_parts(draw: st.DrawFn, content: bytes) -> bytes:
    """Edits inside the parts of a PNG, whose lengths and checksums stay true."""
    parts, start = [], 8
    while start < len(content):
        length = int.from_bytes(content[start : start + 4], "big")
        parts.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + length]))
        start += length + 12
    changed = draw(st.integers(0, len(parts) - 1))
    kind, body = parts[changed]
    parts[changed] = kind, draw(changed_bytes(body))
    packed = (
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind, body in parts
    )
    return content[:8] + b"".join(packed)
