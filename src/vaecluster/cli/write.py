"""Where a command writes."""

from pathlib import Path

from vaecluster.errors import FileError
from vaecluster.files.atomic import check_writable


def check_output(path: Path, *endings: str) -> str:
    """The name's ending, in small letters; `FileError` if it is none of these, or no file can be written there."""
    ending = path.suffix.lower()
    if ending not in endings:
        raise FileError(f"--output is '{path}'; expected a name that ends in {' or '.join(endings)}.")
    check_writable(path)
    return ending
