"""What a kind of file is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from vaecluster.data.dataset import DataSet


@final
@dataclass(frozen=True)
class Reader:
    """One kind of file: how names of such files end, and the function from a path to what it holds.

    A folder is read by it if a file in it, or in folders below, ends in one of `inside`. `written_by` says what writes
    such files, and `holds` what is in them. `read` may raise what its library raises for damaged bytes: `read_dataset`
    makes it an error of ours. `open` is there where rows can stay in the file until they are needed. Where files are
    `untyped`, both also take the types of columns by their names (`Schema.text_types`).
    """

    endings: tuple[str, ...]
    read: Callable[..., DataSet]
    written_by: str
    inside: tuple[str, ...] = ()
    holds: str = "tables"
    untyped: bool = False
    open: Callable[..., DataSet] | None = None
