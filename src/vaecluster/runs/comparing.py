"""A comparison on the command line that may be cut off: its finished fits, kept in its folder until all is there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from vaecluster.data.pictures.folder import CACHE, SKIPPED
from vaecluster.data.tables import as_csv
from vaecluster.errors import FileError
from vaecluster.files.atomic import holds_more, locked, read_json, remove_empty, write_atomically, write_json
from vaecluster.runs.kept import ASKED, kept_until_done
from vaecluster.runs.labels import ROW
from vaecluster.runs.order import DONE, ORDER

if TYPE_CHECKING:
    from vaecluster.comparison import Comparison, Fit
    from vaecluster.data.raw import RowNames

FITS = ".fits"
NUMBERS, LABELS, PAGE = "compare.json", "labels.csv", "compare.html"


@final
class KeptFits:
    """The finished fits of one comparison, a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(1 for _ in self.folder.glob("*.fit"))

    def get(self, key: tuple[str, int], /) -> "Fit | None":
        """One that was kept; None also for a file that is damaged."""
        from vaecluster.comparison import Fit
        from vaecluster.files.container import read_content

        path = self._file(key)
        with suppress(FileError, TypeError, KeyError, ValueError, AttributeError):
            content = read_content(path) if path.is_file() else {}
            labels = content.pop("labels").numpy().astype(np.intp)
            warned = tuple((kind, text) for kind, text in content.pop("warnings"))
            return Fit(labels=labels, warnings=warned, **content)
        return None

    def __setitem__(self, key: tuple[str, int], fit: "Fit", /) -> None:
        """Keep one; it is there whole or not at all."""
        import torch

        from vaecluster.files.container import write_content

        content = {name: value for name, value in vars(fit).items() if name != "labels"}
        write_content(self._file(key), content | {"labels": torch.from_numpy(fit.labels)})

    def _file(self, key: tuple[str, int]) -> Path:
        return self.folder / f"{key[0]}-{key[1]}.fit"


def check_folder(path: Path, *, overwrite: bool) -> None:
    """Raise `FileError` if something is there that must stay, which is all but an unfinished comparison."""
    if path.exists() and not path.is_dir():
        raise FileError(f"'{path}' is a file; the output must be a folder. Choose another --output.")
    if any((path / name).exists() for name in (DONE, ORDER)):
        raise FileError(f"The folder '{path}' holds a run, which a comparison would spoil. Choose another --output.")
    if overwrite or not path.exists() or (path / FITS / ASKED).is_file():
        return
    # Decoded pictures stay, so that they need not be decoded again.
    if holds_more(path, FITS, CACHE, SKIPPED):
        raise FileError(f"The folder '{path}' is not empty. Choose another --output, or add --overwrite.")


@contextmanager
def comparing(path: Path, asked: dict[str, Any], *, overwrite: bool) -> Iterator[KeptFits]:
    """The fits that an earlier process kept of what is asked, or none; no other process can use the folder meanwhile.

    They are gone when what is done in the context has ended, and stay if it fails. Raises `FileError` if the folder
    holds an unfinished comparison of something else, and `overwrite` is not given.
    """
    existed, folder = path.exists(), path / FITS
    with locked(path):
        check_folder(path, overwrite=overwrite)
        kept = KeptFits(folder)
        if kept.number and not overwrite and read_json(folder / ASKED) != asked:
            raise FileError(
                f"The folder '{path}' holds an unfinished comparison of other rows or with other options. Give these "
                "again to go on with it, choose another --output, or add --overwrite."
            )
        try:
            with kept_until_done(kept, asked):
                yield kept
        except BaseException:
            if not existed and not kept.number:
                remove_empty(path)
            raise


def write_numbers(path: Path, comparison: "Comparison", about: dict[str, Any]) -> None:
    """Write `compare.json`: what the comparison was about, and all of its numbers."""
    write_json(path / NUMBERS, about | comparison.as_dict())


def write_labels(path: Path, comparison: "Comparison", names: "RowNames | None") -> None:
    """Write `labels.csv`: a column for each method, in which the same cluster has the same number."""
    import pyarrow as pa

    columns: dict[str, Any] = {ROW: np.arange(comparison.rows)}
    if names is not None:
        taken = names.called in (ROW, *comparison.labels)
        columns[f"{names.called}_" if taken else names.called] = list(names.names)
    write_atomically(path / LABELS, as_csv(pa.table(columns | comparison.labels)))
