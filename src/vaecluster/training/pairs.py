"""Batches of two views of the same rows."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.data.rows import Rows
from vaecluster.model.shared_objective import Pair
from vaecluster.views.pipeline import PreparedViews


@final
class Pairs:
    """Rows with two views of each, drawn anew at every look.

    `plain_share` of a batch also comes as it is. Of the partners, `own_share` are changes of the row itself and not
    of a neighbour.
    """

    def __init__(self, rows: Rows, views: PreparedViews, plain_share: float, own_share: float = 0.0) -> None:
        self.rows = rows
        self.views = views
        self.plain_share = plain_share
        self.own_share = own_share

    def with_own_share(self, share: float) -> "Pairs":
        """The same rows and views with another share of partners that are the row itself."""
        return Pairs(self.rows, self.views, self.plain_share, share)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: NDArray[np.intp]) -> Pair:
        partners = self.views.partner(indices)
        if self.own_share:
            own = torch.rand(len(indices)).numpy() < self.own_share
            partners = np.where(own, indices, partners)
        both = self.rows[np.concatenate([indices, partners])]
        changed = self.views.change(both)
        # Batch normalisation needs two rows.
        plain = max(2, round(self.plain_share * len(indices)))
        return Pair(both[:plain], changed[: len(indices)], changed[len(indices) :])
