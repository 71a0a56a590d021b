"""Reports as files; a file is replaced whole or stays as it was."""

from pathlib import Path

from vaecluster.files.atomic import write_atomically
from vaecluster.look.encode import png_bytes
from vaecluster.report.page import Report, render_html


def write_html(report: Report, path: Path) -> None:
    """Write the report as one HTML file; its folder is made if need be.

    Raises `FileError` if the file cannot be written; an older file at `path` is then still whole.
    """
    # A path may hold bytes that are no UTF-8, and a fact may name it: better a "?" than no report.
    write_atomically(path, render_html(report).encode("utf-8", errors="replace"))


def write_pictures(report: Report, folder: Path) -> list[Path]:
    """Write the pictures of every section as PNG files into `folder` and return their paths.

    Other files in the folder stay. Raises `FileError` if a file cannot be written.
    """
    written = []
    for section in report.sections:
        for name, picture in section.pictures():
            write_atomically(folder / name, png_bytes(picture))
            written.append(folder / name)
    return written
