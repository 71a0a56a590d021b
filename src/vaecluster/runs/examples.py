"""Some rows of a run, in the user's units: what a report shows of it."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from vaecluster.data.files import read_arrays
from vaecluster.data.raw import Array
from vaecluster.data.stored import rows_at
from vaecluster.data.tables import parts_as_parquet, parts_of, picked
from vaecluster.errors import FileError
from vaecluster.files.atomic import write_atomically
from vaecluster.look import WALL_ROWS

ARRAYS, TABLES = "examples.npz", "examples.parquet"
# Names of examples: rows of a cluster and of a dense group, drawn at random; the most typical rows of a cluster, its
# least sure and its most unusual ones, and those of all rows that are most unlike the others.
CLUSTER, GROUP, TYPICAL, UNSURE, UNUSUAL, OUTLIERS = "{}", "-{}", "typical {}", "unsure {}", "unusual {}", "outliers"
NAMES = re.compile(r"-?\d+|(typical|unsure|unusual) \d+|outliers")

Key = TypeVar("Key")


def write_examples(folder: Path, numbers: Mapping[str, Array], rows: Any) -> None:
    """Write the rows with these numbers, under these names, into a run folder."""
    found = examples_of(numbers, rows)
    arrays, tables = folder / ARRAYS, folder / TABLES
    if isinstance(next(iter(found.values())), np.ndarray):
        tables.unlink(missing_ok=True)
        write_atomically(arrays, _npz(found))
    else:
        arrays.unlink(missing_ok=True)
        write_atomically(tables, parts_as_parquet(found))


def examples_file(folder: Path) -> Path:
    """The one that is there, or that of arrays."""
    tables = folder / TABLES
    return tables if tables.is_file() else folder / ARRAYS


def read_examples(folder: Path) -> dict[str, Any]:
    """What `write_examples` wrote there: arrays, or tables; `FileError` if it is missing or damaged."""
    file = examples_file(folder)
    try:
        examples = parts_of(file.read_bytes()) if file.name == TABLES else dict(read_arrays(file))
        if strange := [name for name in examples if NAMES.fullmatch(name) is None]:
            raise ValueError(f"{strange[0]!r} is no name of examples")
        return examples
    except (OSError, ValueError, LookupError, TypeError):
        other = "" if file.is_file() else f"; a table has {TABLES} in its place"
        raise FileError(f"'{file}' is missing or damaged{other}. Fit again.") from None


def examples_of(numbers: Mapping[Key, Array], rows: Any) -> dict[Key, Any]:
    """The rows with these numbers, in their order; each is read once."""
    wanted = np.unique(np.concatenate(list(numbers.values())))
    found = rows_at(rows, wanted)
    return {key: picked(found, np.searchsorted(wanted, own)) for key, own in numbers.items()}


def drawn(members: Mapping[Key, Array]) -> dict[Key, Array]:
    """Some of these numbers of rows, in the order in which they were drawn: the first of them are looked at most."""
    random = np.random.default_rng(0)
    return {key: random.choice(of, min(WALL_ROWS, len(of)), replace=False) for key, of in members.items()}


def _npz(arrays: Mapping[str, Array]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()
