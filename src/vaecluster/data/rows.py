"""Rows kept as the user gave them and turned into tensors a batch at a time."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.preprocessing import Array, Preprocessing


@final
class Rows:
    """A data set in memory: `rows[indices]` is a scaled batch on the device, (rows, *data_shape).

    The array stays in its own type (bytes stay bytes), so memory is the user's array plus one batch. `weights`
    (rows,) says how much each row counts, 1 on average; without, all count the same.
    """

    def __init__(
        self,
        array: Array,
        preprocessing: Preprocessing,
        device: torch.device,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self.array = array
        self.preprocessing = preprocessing
        self.device = device
        self.weights = weights

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, indices: NDArray[np.intp] | slice) -> Tensor:
        return self.preprocessing.apply(self.array[indices]).to(self.device)

    def some(self, indices: NDArray[np.intp]) -> "Rows":
        """These rows alone; their weights are 1 on average again."""
        weights = None if self.weights is None else normalised(self.weights[indices])
        return Rows(self.array[indices], self.preprocessing, self.device, weights)


def normalised(weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The weights in proportion, 1 on average; None where all count the same."""
    return None if (weights == weights[:1]).all() else weights / weights.mean()


def split(rows: Rows, number: int) -> tuple[Rows, Rows]:
    """The rows without so many of them, and those, drawn from torch's global random state, which 0 leaves alone."""
    if not number:
        return rows, rows.some(np.empty(0, dtype=np.intp))
    order = torch.randperm(len(rows)).numpy()
    return rows.some(order[number:]), rows.some(order[:number])


def one_pass(rows: int, weights: NDArray[np.float64] | None) -> NDArray[np.intp]:
    """All row numbers in a random order: each once, or as often as its weight says, rounded up or down at random.

    There are as many numbers as rows: `weights` (rows,) are 1 on average. Draws come from torch's global random state.
    """
    if weights is None:
        return torch.randperm(rows).numpy()
    # Systematic sampling: a comb of one tooth a row, moved at random, over the weights laid end to end.
    marks = np.floor(np.cumsum(weights) + float(torch.rand(())))
    marks[-1] = rows
    drawn = np.repeat(np.arange(rows), np.diff(marks, prepend=0).astype(np.intp))
    shuffled: NDArray[np.intp] = drawn[torch.randperm(rows).numpy()]
    return shuffled
