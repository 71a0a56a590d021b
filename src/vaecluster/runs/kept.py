"""Parts of a long answer, kept in a folder until all of it is there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from vaecluster.files.atomic import LOCK, read_json, write_json

ASKED = "asked.json"


class Kept(Protocol):
    """Parts in a folder, and how many there are."""

    folder: Path

    @property
    def number(self) -> int:
        """How many there are."""


@contextmanager
def kept_until_done(kept: Kept, asked: dict[str, Any]) -> Iterator[None]:
    """The folder holds what an earlier process kept of what is asked, or nothing; the caller has a lock.

    It is gone when what is done in the context has ended, and stays if that fails and a part was kept.
    """
    folder = kept.folder
    if read_json(folder / ASKED) != asked:
        for path in folder.glob("*"):
            if path.name != LOCK:
                path.unlink()
        write_json(folder / ASKED, asked)
    try:
        yield
    except BaseException:
        if not kept.number:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
