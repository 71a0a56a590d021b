"""What was answered for rows, kept block by block beside the file that is made of it, so that no answer is lost."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.tables import csv_blocks
from vaecluster.errors import counted
from vaecluster.files.atomic import locked, made_anew, made_atomically, write_atomically
from vaecluster.runs.kept import kept_until_done

if TYPE_CHECKING:
    import pyarrow as pa


@final
class Answered:
    """A folder beside `output` with a table for each block of rows; it is gone when the output is there.

    Names of their files have this ending: .parquet for those that will be the output themselves.
    """

    def __init__(self, folder: Path, ending: str = ".arrow") -> None:
        self.folder, self.ending = folder, ending

    @classmethod
    @contextmanager
    def beside(cls, output: Path, asked: dict[str, Any], ending: str = ".arrow") -> Iterator[Self]:
        """Those that an earlier process kept of what is asked, or none; no other process can use them meanwhile.

        They stay if the process ends before what is done in the context has ended.
        """
        folder = output.with_name(f".{output.name[:200]}.parts")
        kept = cls(folder, ending)
        with locked(folder), kept_until_done(kept, asked):
            yield kept

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(1 for _ in self._files())

    @property
    def numbers(self) -> set[int]:
        """Those that are there."""
        return {int(file.stem) for file in self._files()}

    def write(self, number: int, table: "pa.Table") -> None:
        """Keep one; it is there whole or not at all."""
        from pyarrow import feather, parquet

        content = io.BytesIO()
        if self.ending == ".parquet":
            parquet.write_table(table, content)
        else:
            feather.write_feather(table, content, compression="uncompressed")
        write_atomically(self._file(number), content.getvalue())

    def move_to(self, output: Path) -> int:
        """Make a folder of all of them that have rows, and say of how many; `FileError` if the name is taken."""
        from pyarrow import parquet

        rows, types = 0, cache(self._types)
        with made_anew(output, folder=True) as place:
            for file in sorted(self._files()):
                own, part = parquet.read_metadata(file).num_rows, place / f"part-{file.name}"
                if own and _lacks_types(parquet.read_schema(file)):
                    parquet.write_table(_typed(parquet.read_table(file), types()), part)
                elif own:
                    os.replace(file, part)
                rows += own
        return rows

    def write_to(self, output: Path, column: str | None = None) -> None:
        """Make the output of all of them, by its ending; an .npy of one `column`, (rows,), or all, (rows, columns)."""
        with made_atomically(output) as place:
            _WRITERS[output.suffix.lower()](place, self.tables(), column)

    def tables(self) -> Iterator["pa.Table"]:
        """All of them, in order."""
        from pyarrow import feather

        types = cache(self._types)
        for number in range(self.number):
            table = feather.read_table(self._file(number), memory_map=False)
            yield _typed(table, types()) if _lacks_types(table.schema) else table

    def _types(self) -> dict[str, "pa.DataType"]:
        """Those of the columns, where any of them knows it."""
        from pyarrow import ipc, parquet

        read = parquet.read_schema if self.ending == ".parquet" else lambda file: ipc.open_file(file).schema
        known: dict[str, pa.DataType] = {}
        for file in sorted(self._files()):
            known = {field.name: field.type for field in read(file) if str(field.type) != "null"} | known
        return known

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:08}{self.ending}"

    def _files(self) -> Iterator[Path]:
        return self.folder.glob(f"*{self.ending}")


def _lacks_types(schema: "pa.Schema") -> bool:
    """Whether a column has no value at all, such as identifiers that are missing in each row."""
    return any(str(type_) == "null" for type_ in schema.types)


def _typed(table: "pa.Table", types: dict[str, "pa.DataType"]) -> "pa.Table":
    """The table with such columns in the type that they have elsewhere."""
    import pyarrow as pa

    return table.cast(pa.schema([field.with_type(types.get(field.name, field.type)) for field in table.schema]))


def _csv(place: Path, tables: Iterable["pa.Table"], column: str | None) -> None:
    with place.open("wb") as file:
        for table in tables:
            for block in csv_blocks(table, header=not file.tell()):
                file.write(block)


def _parquet(place: Path, tables: Iterable["pa.Table"], column: str | None) -> None:
    from pyarrow import parquet

    with ExitStack() as opened:
        writer = None
        for table in tables:
            writer = writer or opened.enter_context(parquet.ParquetWriter(place, table.schema))
            writer.write_table(table)


def _npy(place: Path, tables: Iterable["pa.Table"], column: str | None) -> None:
    rows, array = 0, np.empty(0)
    with place.open("wb") as file:
        for table in tables:
            names = table.column_names if column is None else [column]
            array = np.column_stack([table.column(name).to_numpy() for name in names])
            array = array if column is None else array[:, 0]
            if not rows:
                # As long as it will be with the number of rows: it leaves room for that.
                _header(file, array, 0)
            rows += len(array)
            file.write(array.tobytes())
        file.seek(0)
        _header(file, array, rows)


def _header(file: IO[bytes], array: NDArray[Any], rows: int) -> None:
    content = {"descr": array.dtype.str, "fortran_order": False, "shape": (rows, *array.shape[1:])}
    np.lib.format.write_array_header_1_0(file, content)


_WRITERS = {".csv": _csv, ".parquet": _parquet, ".npy": _npy}


def going_on(kept: int) -> None:
    """Say of how many blocks the answers are there from before, if of any."""
    if kept:
        print(f"Going on after {counted(kept, 'block')} of rows that were answered before.", file=sys.stderr)


def stamps(*places: Path | None) -> dict[str, list[list[Any]]]:
    """The stamp of each of these that is there, by its name as it was given."""
    return {str(place): stamp(place) for place in places if place is not None and place.exists()}


def stamp(path: Path) -> list[list[Any]]:
    """Names, sizes and times of a file, or of all files in a folder: others say that its content may be another."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found = [(str(file.relative_to(path.parent)), file.stat()) for file in files]
    return [[name, of.st_size, of.st_mtime_ns] for name, of in found]
