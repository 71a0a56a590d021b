"""How a method wants numbers to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks.scaling import Scaling


@final
@dataclass(frozen=True, eq=False)
class Reading:
    """How a method wants numbers to be read: its likelihood by name, and the scaling of columns.

    `weights` (rows,) says how much each row counts for the scaling; a row of weight 0 plays no part. `names` are those
    of columns, for messages.
    """

    likelihood: str
    scaling: Scaling
    weights: NDArray[np.float64] | None = None
    names: Sequence[str] | None = None
