"""Values that many rows have, spread over the room around them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def spread(rows: Tensor, columns: Sequence[bool]) -> Tensor:
    """The rows (rows, columns) with values that several rows have moved at random, in these columns.

    A value moves by at most half the way to the next one that is there: years, grades and rounded measures then fill
    their range, as if they had been measured finely. Else rows of one year are nearer to each other than to any of the
    next, whatever all else says, and years become clusters. Two values, such as 0 and 1, are no axis, and stay. The
    same rows are always moved in the same way.

    >>> years = torch.tensor([[1.0], [1.0], [2.0], [3.0]])
    >>> (spread(years, [True]) - years).abs().max() < 0.5
    tensor(True)
    """
    made, draws = rows.clone(), np.random.default_rng(0)
    for column in np.flatnonzero(columns):
        there = ~rows[:, column].isnan()
        values, place, often = np.unique(rows[there, column].numpy(), return_inverse=True, return_counts=True)
        if len(values) > 2:
            steps = np.diff(values.astype(np.float64))
            room = np.where(often > 1, np.minimum(np.append(steps, np.inf), np.append(np.inf, steps)) / 2, 0)
            moved = draws.uniform(-1, 1, len(place)) * room[place]
            made[there, column] += torch.from_numpy(moved).float()
    return made
