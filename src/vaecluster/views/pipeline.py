"""Views put together: where a row's partner comes from, and what is changed in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.rows import Rows
from vaecluster.errors import SettingError
from vaecluster.views.neighbours import Neighbours

Change = Callable[[Tensor], Tensor]


@final
@dataclass(frozen=True)
class Views:
    """What counts as two views of the same thing: a near neighbour, changes of a batch in their order, or both."""

    neighbours: Neighbours | None = None
    changes: tuple[Change, ...] = ()

    def prepare(self, rows: Rows) -> "PreparedViews":
        """Find the rows' neighbours, once; all else is drawn anew for each batch."""
        return PreparedViews(self.neighbours.find(rows) if self.neighbours is not None else None, self.changes)


@final
@dataclass(frozen=True)
class PreparedViews:
    """Views of one data set. Draws come from torch's global random state."""

    neighbours: NDArray[np.int32] | None
    changes: tuple[Change, ...]

    def partner(self, indices: NDArray[np.intp]) -> NDArray[np.intp]:
        """For each row number that of one of its neighbours, all as likely; the row itself without neighbours."""
        if self.neighbours is None:
            return indices
        which = torch.randint(self.neighbours.shape[1], (len(indices),)).numpy()
        partners: NDArray[np.intp] = self.neighbours[indices, which].astype(np.intp)
        return partners

    def change(self, batch: Tensor) -> Tensor:
        """A changed copy of a batch, (rows, *data).

        Raises `SettingError` if a change does not return a batch of the same shape, type and device.
        """
        # A user's callable may write into what it is given.
        changed = batch.clone()
        for change in self.changes:
            given, changed = changed, change(changed)
            _check_same_layout(change, given, changed)
        return changed


def view_name(view: object) -> str:
    """What a user wrote to get this view: RandomCrop, or the name of a function."""
    return str(getattr(view, "__name__", type(view).__name__))


def _check_same_layout(change: Change, given: Tensor, returned: object) -> None:
    if not isinstance(returned, Tensor):
        raise SettingError(
            f"The view {view_name(change)} returned {type(returned).__name__}; expected a tensor. A view takes a "
            "batch of rows and returns the changed batch."
        )
    expected, came = _layout(given), _layout(returned)
    if came != expected:
        raise SettingError(
            f"The view {view_name(change)} returned a batch of {came}, but was given one of {expected}. A view must "
            "keep the shape, the type and the device."
        )


def _layout(batch: Tensor) -> str:
    return f"shape {tuple(batch.shape)}, {batch.dtype} on {batch.device}"
