"""A column of ordered categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vaecluster.data.blocks.base import Block
from vaecluster.data.blocks.categories import Categories
from vaecluster.data.blocks.numbers import MissingMarked
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.traced import Traced
from vaecluster.data.columns import Column
from vaecluster.data.raw import Array, Coded, Doubles, Raw, Table
from vaecluster.model.likelihood import Likelihood
from vaecluster.model.likelihood import Ordinal as OrdinalLikelihood


@final
@dataclass(frozen=True, eq=False)
class Ordinal(Block):
    """One column of categories in an order; the model's entry is the rank, from 0, and NaN where it is missing.

    `categories` holds them from the lowest to the highest, and `shares` (categories,) says how many rows have each.
    """

    kinds: ClassVar = {"ordinal": ("texts", "categories", "booleans", "numbers")}
    measured: ClassVar = False

    columns: tuple[str, ...]
    categories: Categories
    shares: Doubles

    @classmethod
    def read(cls, column: Column) -> Coded:
        """The values as places among those that are there, in the order that is declared, or in their own."""
        coded = Categories.read(column)
        if column.order is None:
            return coded
        used = set(coded.values)
        known = tuple(value for value in column.order if value in used)
        place = {value: number for number, value in enumerate(known)}
        # The last entry is for missing values, whose code is -1.
        places = np.fromiter(map(place.get, coded.values, repeat(-1)), np.intp, len(coded.values))
        return Coded(np.append(places, -1)[coded.codes], known)

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """A block for each; `DataError` for one without any value."""
        return [cls.of(name, column, reading) for name, column in columns.items() if isinstance(column, Coded)]

    @classmethod
    def of(cls, column: str, coded: Coded, reading: Reading) -> Self:
        """The categories that some row has, and their shares by the weights of rows."""
        categories = Categories.of(column, coded)
        there = coded.codes >= 0
        ranks = categories.encode(coded)[there, 0].astype(np.intp)
        weights = None if reading.weights is None else reading.weights[there]
        counts = np.bincount(ranks, weights, len(categories.values)).astype(np.float64)
        return cls((column,), categories, counts / counts.sum())

    @property
    def held(self) -> str:
        """By its values."""
        return self.categories.held

    def unseen(self, values: Array | Coded) -> str:
        """A warning about other categories alone."""
        return self.categories.unseen(values)

    @property
    def shape(self) -> tuple[int, ...]:
        """One entry."""
        return (1,)

    @property
    def embedded(self) -> tuple[int, ...]:
        """The rank, and a mark where it is missing."""
        return (2,)

    def take(self, raw: Raw) -> Coded:
        """Its column."""
        return self.categories.take(raw)

    def encode(self, values: Coded) -> NDArray[np.float32]:
        """The rank of each value: (rows, 1)."""
        return self.categories.encode(values)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """The category of each row, as objects: (rows, 1)."""
        return self.categories.restore(rows)

    def traced(self) -> Traced:
        """As those of categories."""
        return self.categories.traced()

    def embedding(self) -> nn.Module:
        """The scaled rank, 0 where it is missing, and a mark there."""
        return nn.Sequential(self.coordinates(), MissingMarked())

    def coordinates(self) -> nn.Module:
        """The scaled rank.

        Ranks have deviation 1, but neighbouring ones are never further apart than two categories are.
        """
        ranks = np.arange(len(self.shares))
        mean = float(self.shares @ ranks)
        return Ranks(mean, max(1.0, float(self.shares @ (ranks - mean) ** 2) ** 0.5))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """Cumulative logits; name and precision are for numbers and have no meaning here."""
        return OrdinalLikelihood(self.shares.tolist())

    def check(self) -> None:
        """Categories of its column, and a share for each."""
        self.categories.check()
        if self.categories.columns != self.columns:
            raise ValueError("its categories are those of another column")
        if self.shares.shape != self.categories.embedded or not (np.isfinite(self.shares) & (self.shares > 0)).all():
            raise ValueError("its shares are not one positive number for each category")


@final
class Ranks(nn.Module):
    """(rank - mean) / scale, NaN for NaN: (rows, 1) to the same."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: float, scale: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32, device="cpu"))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32, device="cpu"))

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape."""
        return (rows - self.mean) / self.scale
