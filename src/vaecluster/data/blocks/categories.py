"""A column of categories."""

from dataclasses import dataclass
from math import sqrt
from typing import Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vaecluster.data.blocks.base import Block
from vaecluster.data.raw import Coded
from vaecluster.errors import DataError
from vaecluster.model.likelihood import Categories as CategoriesLikelihood
from vaecluster.model.likelihood import Likelihood

Category = bool | int | float | str
# More of them are names, texts or identifiers, whose one-hot entries would drown the other columns.
MOST = 200


@final
@dataclass(frozen=True)
class Categories(Block):
    """One column whose values are a few names; the model's entry is the name's place in `values`.

    A missing value, and one that the fit has not seen, is NaN: the encoder reads zeros, the likelihood leaves it out.
    """

    columns: tuple[str, ...]
    values: tuple[Category, ...]

    @classmethod
    def of(cls, column: str, coded: Coded) -> Self:
        """The categories that some row has, in their own order; `DataError` for none, or too many of them."""
        used = np.unique(coded.codes[coded.codes >= 0])
        if not len(used):
            raise DataError(f"Column {column!r} holds no value at all. Leave it out.")
        if len(used) > MOST:
            raise DataError(
                f"Column {column!r} holds {len(used):,} different values, too many for categories (at most {MOST}). "
                "Leave it out if it names the rows, or sum it up in fewer categories."
            )
        return cls((column,), tuple(coded.values[place] for place in used))

    @property
    def shape(self) -> tuple[int, ...]:
        """One entry."""
        return (1,)

    @property
    def embedded(self) -> tuple[int, ...]:
        """One entry for each category."""
        return (len(self.values),)

    def encode(self, values: Coded) -> NDArray[np.float32]:
        """The place of each value: (rows, 1)."""
        place = {value: number for number, value in enumerate(self.values)}
        # The last entry is for missing values, whose code is -1.
        places = [place.get(value, np.nan) for value in values.values] + [np.nan]
        return np.array(places, dtype=np.float32)[values.codes][:, None]

    def restore(self, rows: NDArray[np.float32]) -> list[Category]:
        """The category of each row."""
        return [self.values[place] for place in rows[:, 0].astype(np.intp).tolist()]

    def embedding(self) -> nn.Module:
        """One entry for each category."""
        return OneHot(len(self.values))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """A probability for each category; name and precision are for numbers and have no meaning here."""
        return CategoriesLikelihood(len(self.values))

    def check(self) -> None:
        """One column, with different values."""
        if len(self.columns) != 1 or not self.values or len(set(self.values)) < len(self.values):
            raise ValueError("its categories are not those of one column")


@final
class OneHot(nn.Module):
    """Places of categories (rows, 1) as one entry each (rows, categories), all 0 for NaN.

    Entries are 1 / sqrt(2), so that two rows of different categories are as far apart as two numbers one standard
    deviation apart.
    """

    def __init__(self, categories: int) -> None:
        super().__init__()
        self.categories = categories

    def forward(self, rows: Tensor) -> Tensor:
        """(rows, 1) to (rows, categories)."""
        missing = rows.isnan()
        places = rows.masked_fill(missing, 0).long().squeeze(-1)
        entries = one_hot(places, self.categories).to(rows.dtype) / sqrt(2)
        return torch.where(missing, torch.zeros_like(entries), entries)
