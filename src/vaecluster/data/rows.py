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

    The array stays in its own type (bytes stay bytes), so memory is the user's array plus one batch.
    """

    def __init__(self, array: Array, preprocessing: Preprocessing, device: torch.device) -> None:
        self.array = array
        self.preprocessing = preprocessing
        self.device = device

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, indices: NDArray[np.intp] | slice) -> Tensor:
        return self.preprocessing.apply(self.array[indices]).to(self.device)
