"""Exports by cluster: a folder of pictures for each, or a table of rows for each."""

import os
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vaecluster.data.pictures.folder import PictureRows
from vaecluster.errors import FileError
from vaecluster.files.space import check_space
from vaecluster.runs.exports.base import Contents, Form, Links
from vaecluster.runs.exports.tables import write_csv

if TYPE_CHECKING:
    import pyarrow as pa

# The table beside folders of pictures, and its column with the path of each in the export.
TABLE, FILE = "clusters.csv", "file"
# Of names of clusters, and of files: most systems allow no more bytes than the second.
MOST_OF_CLUSTER, MOST_OF_FILE = 100, 255
# What some system does not allow in names.
_FORBIDDEN = '/\\<>:"|?*'

_LINKS: Mapping[Links, Callable[[Path, Path], object]] = {
    "copy": shutil.copy2,
    "hard": os.link,
    "symbolic": lambda source, target: target.symlink_to(source),
}


def _folders(contents: Contents, path: Path, links: Links) -> None:
    table = contents.table(code_by_entry=True)
    if isinstance(contents.rows, PictureRows):
        _pictures(contents, contents.rows, table, path, links)
        return
    for cluster, numbers in contents.clusters():
        write_csv(path / f"{safe(cluster)}.csv", table.take(numbers))


def _pictures(contents: Contents, rows: PictureRows, table: "pa.Table", path: Path, links: Links) -> None:
    sources = [rows.root / name for name in rows.paths.tolist()]
    if links == "copy":
        needed = sum(source.stat().st_size for source in sources)
        check_space(path, needed, "Copies", "Choose --links hard or symbolic, or another --output.")
    files = [""] * len(rows)
    for cluster, numbers in contents.clusters():
        folder = path / safe(cluster)
        folder.mkdir()
        some = [sources[number] for number in numbers]
        for number, source, name in zip(numbers, some, different(one.name for one in some), strict=True):
            try:
                # Links would else lead from link to link, or be links to links.
                _LINKS[links](source.resolve(), folder / name)
            except OSError as problem:
                raise FileError(
                    f"'{source}' cannot be put into the export as --links {links} says: {problem.strerror}. Choose "
                    "other --links, or another --output."
                ) from None
            files[number] = f"{folder.name}/{name}"
    write_csv(path / TABLE, table.add_column(0, FILE, [files]))


def safe(name: str) -> str:
    """A name that can be that of a file or folder on every system.

    >>> safe("3 ../a/b\\0 "), safe("7 cats: big?")
    ('3 .._a_b_', '7 cats_ big_')
    """
    letters = unicodedata.normalize("NFC", name)
    kept = "".join("_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in letters)
    return kept.encode()[:MOST_OF_CLUSTER].decode(errors="ignore").strip(" .")


def different(names: Iterable[str]) -> Iterator[str]:
    """The names, with -2, -3 and so on where one was there before; upper and lower case are alike, as on many disks.

    >>> list(different(["a.png", "A.png", "a-2.png", "a.png"]))
    ['a.png', 'A-2.png', 'a-2-2.png', 'a-3.png']
    """
    times: dict[str, int] = {}
    for name in names:
        made, key = name, _alike(name)
        while _alike(made) in times:
            times[key] += 1
            stem, ending = os.path.splitext(name)
            tail = f"-{times[key]}{ending}"
            made = stem.encode()[: MOST_OF_FILE - len(tail.encode())].decode(errors="ignore") + tail
        times[_alike(made)] = 1
        yield made


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


FOLDERS = Form("", _folders)
