"""Views put together: a row's partner, and the changes made to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaecluster import ranks
from vaecluster.data.draws import drawn_on
from vaecluster.data.rows import Rows
from vaecluster.data.telling import Telling, in_silence
from vaecluster.views.change import Change
from vaecluster.views.neighbours import Near, Neighbours
from vaecluster.views.small_groups import are_few, small_group

# From a name and what computes arrays of all rows to these arrays.
Arrays = Callable[[str, Callable[[], Sequence[Any]]], Sequence[Any]]


def anew(name: str, make: Callable[[], Sequence[Any]]) -> Sequence[Any]:
    """The arrays, computed anew: none are kept."""
    return make()


@final
@dataclass(frozen=True)
class Views:
    """What counts as two views of the same thing: a near neighbour, changes of a batch in their order, or both.

    >>> from vaecluster.views import GaussianNoise, Neighbours, Views
    >>> Views(Neighbours(5), (GaussianNoise(0.1),)).words
    ('a near neighbour', 'GaussianNoise')
    """

    neighbours: Neighbours | None = None
    changes: tuple[Change, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The views as a person is told of them."""
        near = () if self.neighbours is None else ("a near neighbour",)
        return (*near, *(change.name for change in self.changes))

    def of_groups(self, rows: float) -> "Views":
        """The same with at most half as many neighbours as a group has rows: further ones are of others.

        >>> from vaecluster.views import Neighbours, Views
        >>> Views(Neighbours(10)).of_groups(5.0).neighbours.number
        2
        """
        if self.neighbours is None:
            return self
        number = int(min(self.neighbours.number, max(1, rows / 2)))
        return replace(self, neighbours=replace(self.neighbours, number=number))

    def small_group(self, rows: Rows, groups: int) -> float:
        """How many rows a small group has by `Neighbours`, of at most so many `groups`; inf if there are none."""
        if self.neighbours is None or not are_few(len(rows), groups):
            return inf
        return small_group(self.neighbours.points(rows)(slice(None)), groups)

    def prepare(self, rows: Rows, telling: Telling = in_silence, arrays: Arrays = anew) -> "PreparedViews":
        """Find the rows' neighbours, once; all else is drawn anew for each batch.

        `arrays` may give those that a fit found before it was cut off.
        """
        if (neighbours := self.neighbours) is None:
            return PreparedViews(rows, None, self.changes)
        found = arrays("neighbours", lambda: neighbours.find(rows, telling).arrays)
        return PreparedViews(rows, Near.of_arrays(found), self.changes)


@final
@dataclass(frozen=True, eq=False)
class PreparedViews:
    """Views of one data set."""

    rows: Rows
    near: Near | None
    changes: tuple[Change, ...]

    def of_changes(self) -> "PreparedViews":
        """The same without neighbours, where there are changes: a view is then the row itself, changed."""
        return replace(self, near=None) if self.changes else self

    def of(self, indices: NDArray[np.intp], batch: Tensor, generator: Generator, own: Generator) -> Tensor:
        """A view of each row of this rank's share of these, which the batch (rows, *data) holds; of the same shape.

        Neighbours are drawn by the generator of all ranks, changes by this rank's `own`; both draw on the host.
        """
        partners = None if self.near is None else ranks.share(partner(self.near.rows, indices, generator))
        return self._view(batch, partners, own)

    def unseen(self, indices: NDArray[np.intp], batch: Tensor, generator: Generator) -> Tensor:
        """A view of each of these rows by neighbours that are no views: nothing was learned from these pairs.

        The generator draws on the host.
        """
        partners = None if self.near is None else partner(self.near.pairs, indices, generator)
        return self._view(batch, partners, generator)

    def _view(self, batch: Tensor, partners: NDArray[np.intp] | None, generator: Generator) -> Tensor:
        view = batch if partners is None else self.rows[partners]
        there = drawn_on(view.device, generator)
        for change in self.changes:
            view = change(view, there)
        return view


def partner(near: Any, indices: NDArray[np.intp], generator: Generator) -> NDArray[np.intp]:
    """The number of one of the neighbours (rows, number) of each of these rows, all equally likely."""
    which = torch.randint(near.shape[1], (len(indices),), generator=generator, device="cpu").numpy()
    partners: NDArray[np.intp] = near[indices][np.arange(len(indices)), which].astype(np.intp)
    return partners
