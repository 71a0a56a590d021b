"""Where a command writes."""

import os
from collections.abc import Iterable
from pathlib import Path

from vaecluster.errors import FileError
from vaecluster.files.atomic import check_writable, read_json
from vaecluster.runs.folder import RunFolder


def check_output(path: Path, *endings: str, run: Path | None = None, reads: Iterable[str | Path | None] = ()) -> str:
    """The name's ending, in small letters; `FileError` if it is none of these, or no file can be written there.

    That is so, too, for what would be replaced and must stay (`check_stays`).
    """
    ending = path.suffix.lower()
    if ending not in endings:
        raise FileError(f"--output is '{path}'; expected a name that ends in {' or '.join(endings)}.")
    check_writable(path)
    check_stays(path, run, reads)
    return ending


def check_stays(path: Path, run: Path | None, reads: Iterable[str | Path | None] = ()) -> None:
    """Raise `FileError` where a file of the run is, the rows that it was fitted to, or what a command reads."""
    if not path.exists():
        return
    known = None if run is None else read_json(RunFolder(run).run_file)
    fitted = known.get("source") if isinstance(known, dict) else None
    real = Path(os.path.realpath(path))
    for kept in (*reads, fitted if isinstance(fitted, str) else None):
        if kept is not None and Path(os.path.realpath(kept)) in (real, *real.parents):
            raise FileError(f"'{path}' is read, or was by the fit, and is not replaced. Choose another --output.")
    if run is not None and real in {Path(os.path.realpath(file)) for file in RunFolder(run).own_files}:
        raise FileError(f"'{path}' is a file of the run itself, and is not replaced. Choose another --output.")
