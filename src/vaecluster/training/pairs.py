"""Batches of two views of the same rows."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.rows import Rows
from vaecluster.model.shared_objective import Pair
from vaecluster.views.pipeline import PreparedViews


@final
class Pairs:
    """Rows with two views of each, drawn anew at every look; `plain_share` of a batch also comes as it is."""

    def __init__(self, rows: Rows, views: PreparedViews, plain_share: float) -> None:
        self.rows = rows
        self.views = views
        self.plain_share = plain_share

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: NDArray[np.intp]) -> Pair:
        both = self.rows[np.concatenate([indices, self.views.partner(indices)])]
        changed = self.views.change(both)
        # Batch normalisation needs two rows.
        plain = max(2, round(self.plain_share * len(indices)))
        return Pair(both[:plain], changed[: len(indices)], changed[len(indices) :])
