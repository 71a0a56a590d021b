"""Views put together: a row's partner, and the changes made to it."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster.data.rows import Rows
from vaecluster.views.change import Change
from vaecluster.views.neighbours import Neighbours


@final
@dataclass(frozen=True)
class Views:
    """What counts as two views of the same thing: a near neighbour, changes of a batch in their order, or both."""

    neighbours: Neighbours | None = None
    changes: tuple[Change, ...] = ()

    def prepare(self, rows: Rows) -> "PreparedViews":
        """Find the rows' neighbours, once; all else is drawn anew for each batch."""
        return PreparedViews(rows, self.neighbours.find(rows) if self.neighbours is not None else None, self.changes)


@final
@dataclass(frozen=True, eq=False)
class PreparedViews:
    """Views of one data set."""

    rows: Rows
    neighbours: NDArray[np.int32] | None
    changes: tuple[Change, ...]

    def of(self, indices: NDArray[np.intp], batch: Tensor, generator: Generator) -> Tensor:
        """A view of each of these rows, which the batch (rows, *data) holds; of the same shape."""
        view = batch if self.neighbours is None else self.rows[self.partner(indices, generator)]
        for change in self.changes:
            view = change(view, generator)
        return view

    def partner(self, indices: NDArray[np.intp], generator: Generator) -> NDArray[np.intp]:
        """The number of one of each row's neighbours, all equally likely; the row's own without neighbours."""
        if self.neighbours is None:
            return indices
        device = generator.device
        which = torch.randint(self.neighbours.shape[1], (len(indices),), generator=generator, device=device)
        partners: NDArray[np.intp] = self.neighbours[indices, which.cpu().numpy()].astype(np.intp)
        return partners
