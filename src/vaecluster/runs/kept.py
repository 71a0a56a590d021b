"""Parts of a long answer, kept in a folder until all of it is there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaecluster.files.atomic import LOCK, holds_more, read_json, write_json

ASKED = "asked.json"


@contextmanager
def kept_until_done(folder: Path, asked: dict[str, Any]) -> Iterator[None]:
    """The folder holds what an earlier process kept of what is asked, or nothing; the caller has a lock.

    It is gone when what is done in the context has ended, and stays if that fails and something was kept.
    """
    if read_json(folder / ASKED) != asked:
        for path in folder.glob("*"):
            if path.name != LOCK:
                path.unlink()
        write_json(folder / ASKED, asked)
    try:
        yield
    except BaseException:
        if not holds_more(folder, ASKED):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
