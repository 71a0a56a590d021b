"""Tables in files that there is no room for in memory: they are read a block after the other and kept in a file."""

from os import PathLike
from os.path import expanduser
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks import Categories, Ordinal
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import arrays, frames
from vaecluster.data.given.base import Given
from vaecluster.data.kinds import check_asked
from vaecluster.data.raw import Table
from vaecluster.data.room import MEMORY, FileArray, Room
from vaecluster.data.schema import Schema
from vaecluster.data.spilled import SpilledSource, sample_of
from vaecluster.data.stored import StoredTable, in_turn
from vaecluster.data.telling import Telling, by_share
from vaecluster.errors import SettingError


def room_of(estimator: BaseEstimator) -> Room:
    """The room that an estimator has by its `memory`; raises `SettingError` if that is no size."""
    memory, folder = getattr(estimator, "memory", None), getattr(estimator, "checkpoint_dir", None)
    if not MEMORY.accepts(memory):
        raise SettingError(f"memory is {memory!r}; expected {MEMORY.expected}.")
    # A folder that is none is refused with the other parameters.
    place = Path(expanduser(folder)) if isinstance(folder, str | PathLike) else None
    return Room(MEMORY.normal(memory), place)


def kept_in_a_file(
    estimator: BaseEstimator, stored: StoredTable, schema: Schema | None, telling: Telling, room: Room
) -> Given | None:
    """The rows of a table, of which memory holds a few at a time; None for a table of texts, which are kept there."""
    first, _ = next(stored.blocks(1))
    if isinstance(first, np.ndarray):
        return _vectors(estimator, stored, schema, telling, room)
    if schema is not None and schema.frame is None:
        return None
    sample, numbers = sample_of(stored, room, _named(estimator, schema), telling)
    given = frames.of_fit(estimator, sample, numbers) if schema is None else frames.like_fit(estimator, sample, schema)
    if not isinstance(given.source, FrameSource):
        return None
    like, source = given.source, SpilledSource(given.source, numbers, stored, room)

    def read(block: Any) -> Table:
        return like.read_part(block) if schema is None else FrameSource(block, schema).table

    for table in in_turn(by_share(telling, "reading rows", stored.blocks()), read):
        source.append(table)
    return Given(source, given.names, given.doubles)


def _named(estimator: BaseEstimator, schema: Schema | None) -> list[str]:
    """Columns that are read as categories, whatever they hold."""
    if schema is not None:
        return [name for block in schema.blocks if isinstance(block, Categories | Ordinal) for name in block.columns]
    asked = check_asked(getattr(estimator, "columns", None))
    return [name for name, kind in asked.items() if kind in (*Categories.kinds, *Ordinal.kinds)]


def _vectors(
    estimator: BaseEstimator, stored: StoredTable, schema: Schema | None, telling: Telling, room: Room
) -> Given:
    array: FileArray | None = None

    def read(block: Any) -> Any:
        return (arrays.of_fit(estimator, block) if schema is None else arrays.like_fit(estimator, block, schema)).array

    for rows in in_turn(by_share(telling, "reading rows", stored.blocks()), read):
        array = array or FileArray.new((0, *rows.shape[1:]), rows.dtype, room.folder)
        array.append(rows)
    assert array is not None
    return Given(ArraySource(array), (), array.dtype == np.float64)
