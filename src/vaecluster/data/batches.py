"""Which batch each cell is of: a column of its experiment that says where counts come from, not what the cell is."""

import warnings
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.checks import quoted
from vaecluster.errors import DataError, UnseenCategoriesWarning

# A column with more values is something else, such as an identifier.
MOST_BATCHES = 200


@final
@dataclass(frozen=True, eq=False)
class Batches:
    """The `column`, the `names` of its batches, and the place of each cell's among them, -1 for none: (cells,)."""

    column: str
    names: tuple[str, ...]
    places: NDArray[np.intp]

    @classmethod
    def of_fit(cls, cells: Any, column: str) -> Self:
        """Those of cells to learn from; raises `DataError` if not each of them is of one of at most 200 batches."""
        given = _texts(cells, column)
        names = sorted(set(given) - {""})
        if "" in given:
            raise DataError(
                f"obs[{column!r}] is missing for {given.count(''):,} of {len(given):,} cells; expected the batch of "
                "each. Leave those cells out, or fill it in."
            )
        # Where each cell is a batch, all that is in a cell is what sets its batch apart.
        if len(names) > min(MOST_BATCHES, max(1, len(given) // 2)):
            raise DataError(
                f"obs[{column!r}] has {len(names):,} different values, such as {quoted(names[:3])}; expected at most "
                f"{MOST_BATCHES} batches, and two cells in each on average. Give a column that says where cells "
                "come from."
            )
        return cls(column, tuple(names), _places(given, names))

    @classmethod
    def like_fit(cls, cells: Any, column: str, names: tuple[str, ...]) -> Self:
        """Those of cells to answer for; warns of batches that the fit has not seen."""
        given = _texts(cells, column)
        other = sorted(set(given) - set(names) - {""})
        if other or "" in given:
            number = sum(one not in names for one in given)
            what = f"of {'batches' if len(other) > 1 else 'a batch'} {quoted(other)}" if other else "of no batch"
            warn_of_unknown(f"{number:,} of {len(given):,} cells are {what} by obs[{column!r}]", names)
        return cls(column, names, _places(given, names))

    def columns(self, numbers: NDArray[np.intp] | slice) -> csr_array:
        """A column for each batch, 1 in that of the cell, (rows, batches); all 0 for a cell of none."""
        places = self.places[numbers]
        rows = np.flatnonzero(places >= 0)
        return csr_array((np.ones(len(rows)), (rows, places[rows])), shape=(len(places), len(self.names)))


def warn_of_unknown(what: str, names: tuple[str, ...]) -> None:
    """Warn of cells that are read as of no batch; `what` says which."""
    warnings.warn(
        f"{what}, but the fit knew {quoted(names)}. They are read as cells between these batches, so what sets their "
        "batch apart may look like a kind of cell. Fit again with cells of it.",
        UnseenCategoriesWarning,
        stacklevel=2,
    )


def _places(given: list[str], names: Any) -> NDArray[np.intp]:
    place = {name: number for number, name in enumerate(names)}
    return np.array([place.get(one, -1) for one in given], dtype=np.intp)


def _texts(cells: Any, column: str) -> list[str]:
    """The values of a column of obs as texts, empty where there is none."""
    known = list(map(str, cells.obs.keys()))
    if column not in known:
        raise DataError(f"There is no column obs[{column!r}]; there are {quoted(known) or 'none'}. Give one of them.")
    values = np.asarray(cells.obs[column], dtype=object).tolist()
    # NaN differs from itself; whole numbers are the same batch whatever their type.
    whole = (int(one) if isinstance(one, float) and one.is_integer() else one for one in values)
    return ["" if one is None or one != one else str(one) for one in whole]
