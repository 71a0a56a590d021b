"""Rows kept where the user has them and turned into tensors a batch at a time."""

from math import prod
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster.data.raw import RowNames
from vaecluster.data.room import NO_LIMIT, Room
from vaecluster.data.schema import Schema
from vaecluster.data.source import Source, slices


@final
class Rows:
    """Rows of a source as the model reads them: `rows[indices]` is a batch on the device, (rows, *data_shape).

    The source stays as it is (bytes stay bytes), so memory is the user's rows plus one batch, or plus what is
    resident. `weights` (rows,) says how much each row counts, 1 on average; without, all count the same. `labels`
    (rows,) are the clusters of rows with a label that takes part in learning, -1 for the others; None where no label
    does. With `numbers`, only those rows of the source. What is computed of each row is put into the `room`.
    `resident` (rows of the source, *data_shape) holds all of them on the device, where they fit on a GPU or take
    little memory; otherwise they are read a batch at a time, and are on their way to a GPU while the batch before is
    learned.
    """

    def __init__(
        self,
        source: Source,
        schema: Schema,
        device: torch.device,
        weights: NDArray[np.float64] | None = None,
        numbers: NDArray[np.intp] | None = None,
        room: Room = NO_LIMIT,
        labels: NDArray[np.intp] | None = None,
        resident: Tensor | None = None,
    ) -> None:
        self.source, self.schema, self.device = source, schema, device
        self.weights, self.numbers, self.room, self.labels = weights, numbers, room, labels
        self.resident = resident

    def __len__(self) -> int:
        return len(self.source) if self.numbers is None else len(self.numbers)

    @property
    def classes(self) -> int:
        """How many clusters have labels."""
        return 0 if self.labels is None else int(self.labels.max(initial=-1)) + 1

    @property
    def names(self) -> RowNames | None:
        """Their names, if they have some."""
        names = self.source.row_names
        if names is None or self.numbers is None:
            return names
        return RowNames(names.called, [names.names[number] for number in self.numbers])

    def __getitem__(self, indices: NDArray[np.intp] | slice) -> Tensor:
        wanted = indices if self.numbers is None else self.numbers[indices]
        if self.resident is None:
            return sent(self.schema.encode(self.source.read(wanted)), self.device)
        if isinstance(wanted, slice):
            return self.resident[wanted].clone()
        return self.resident[sent(torch.from_numpy(wanted), self.device)]

    def kept_on_device(self, most: int) -> "Rows":
        """The same rows, all of them on their device if that takes at most so many bytes there."""
        shape = len(self.source), *self.schema.data_shape
        if 4 * prod(shape) > most:
            return self
        resident = torch.empty(shape, dtype=torch.float32, device=self.device)
        for block in slices(self.source):
            resident[block] = self.schema.encode(self.source.read(block)).to(self.device)
        return self._with(resident=resident)

    def some(self, indices: NDArray[np.intp]) -> "Rows":
        """These rows alone, not copied; their weights are 1 on average again."""
        weights = None if self.weights is None else normalised(self.weights[indices])
        numbers = indices if self.numbers is None else self.numbers[indices]
        labels = None if self.labels is None else self.labels[indices]
        return self._with(weights=weights, numbers=numbers, labels=labels)

    def drawn(self, most: int, seed: int = 0) -> "Rows":
        """At most so many of them, drawn at random, in their order."""
        return self.some(np.sort(np.random.default_rng(seed).permutation(len(self))[:most]))

    def labelled(self, labels: NDArray[np.intp]) -> "Rows":
        """The same with the cluster of each row that has a label, -1 for the others."""
        return self._with(labels=labels)

    def _with(self, **parts: Any) -> "Rows":
        own = {"weights": self.weights, "numbers": self.numbers, "labels": self.labels, "resident": self.resident}
        return Rows(self.source, self.schema, self.device, room=self.room, **own | parts)


def sent(values: Tensor, device: torch.device) -> Tensor:
    """The values on the device. The host does not wait for them to be there, nor for what the device has to do first.

    A copy to a GPU goes on by itself from memory that the system keeps in place.
    """
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)


def normalised(weights: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The weights in proportion, 1 on average; None where all count the same."""
    return None if (weights == weights[:1]).all() else weights / weights.mean()


def split(rows: Rows, number: int, generator: Generator) -> tuple[Rows, Rows]:
    """The rows split in two: all but `number` of them, and these, drawn at random."""
    if not number:
        return rows, rows.some(np.empty(0, dtype=np.intp))
    order = torch.randperm(len(rows), generator=generator, dtype=torch.int64, device="cpu").numpy()
    # In the order of the source, so that a file is read from its beginning to its end.
    return rows.some(np.sort(order[number:])), rows.some(np.sort(order[:number]))
