"""Batches of rows and a view of each."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.data.rows import Rows
from vaecluster.model.shared_objective import Pair
from vaecluster.views.pipeline import PreparedViews


@final
class Pairs:
    """Rows and a view of each, drawn anew at every look; `decoded_share` of a batch is to be decoded as well."""

    def __init__(self, rows: Rows, views: PreparedViews, decoded_share: float) -> None:
        self.rows = rows
        self.views = views
        self.decoded_share = decoded_share

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: NDArray[np.intp]) -> Pair:
        rows = self.rows[indices]
        partners = rows if self.views.neighbours is None else self.rows[self.views.partner(indices)]
        # Batch normalisation needs two.
        decoded = max(2, round(self.decoded_share * len(indices)))
        return Pair(torch.cat([rows, self.views.change(partners)]), decoded)
