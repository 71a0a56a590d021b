"""Whether files that are to be written have room."""

import shutil
from pathlib import Path

from vaecluster.errors import FileError, sized


def check_space(folder: Path, needed: int, what: str, advice: str) -> None:
    """Raise `FileError` if so many bytes do not fit into the folder: `what` would, and `advice` says what to do."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FileError(f"{what} take {sized(needed)}, but '{folder}' has room for {sized(free)}. {advice}")
