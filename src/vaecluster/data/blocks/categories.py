"""A column of categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from math import sqrt
from typing import ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from vaecluster.data.blocks.base import Block
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.blocks.traced import Known, Picked, Placed, Traced, Whole
from vaecluster.data.checks import quoted
from vaecluster.data.columns import Column, kind_of_categories
from vaecluster.data.raw import Array, Coded, Raw, Table
from vaecluster.errors import DataError, SettingError
from vaecluster.model.likelihood import Categories as CategoriesLikelihood
from vaecluster.model.likelihood import Likelihood

Category = bool | int | float | str


@final
@dataclass(frozen=True)
class Categories(Block):
    """One column whose values are a few names; the model's entry is the name's place in `values`.

    A missing value, and one that the fit has not seen, is NaN: the encoder reads zeros, the likelihood leaves it out.
    """

    kinds: ClassVar = dict.fromkeys(("category", "boolean"), ("texts", "categories", "booleans", "numbers"))
    between: ClassVar = False
    measured: ClassVar = False

    columns: tuple[str, ...]
    values: tuple[Category, ...]

    @classmethod
    def read(cls, column: Column) -> Coded:
        """The values as places among all that are there, in their own order."""
        values = column.series.to_list()
        known = sorted(set(compress(values, ~column.missing)))
        place = {value: number for number, value in enumerate(known)}
        codes = np.fromiter(map(place.get, values, repeat(-1)), np.intp, len(values))
        return Coded(codes, tuple(value.item() if isinstance(value, np.generic) else value for value in known))

    @classmethod
    def of_columns(cls, columns: Table, reading: Reading) -> Sequence[Self]:
        """A block for each."""
        return [cls.of(name, column) for name, column in columns.items() if isinstance(column, Coded)]

    @classmethod
    def of(cls, column: str, coded: Coded) -> Self:
        """The categories that some row has, in their own order; `DataError` for none."""
        used = np.unique(coded.codes[coded.codes >= 0])
        if not len(used):
            raise DataError(f"Column {column!r} holds no value at all. Leave it out.")
        return cls((column,), tuple(coded.values[place] for place in used))

    @property
    def held(self) -> str:
        """By its values."""
        return kind_of_categories(self.values)

    def unseen(self, values: Array | Coded) -> str:
        """A warning about other categories alone, as after a change of spelling."""
        assert isinstance(values, Coded)
        if not values.values or not set(values.values).isdisjoint(self.values):
            return ""
        return (
            f"Column {self.columns[0]!r} holds only values that the fit has not seen, such as {values.values[0]!r}; "
            f"the fit knew {quoted(self.values)}. They count as missing. Write them as in the fit."
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """One entry."""
        return (1,)

    @property
    def embedded(self) -> tuple[int, ...]:
        """One entry for each category."""
        return (len(self.values),)

    def take(self, raw: Raw) -> Coded:
        """Its column."""
        column: Coded = raw[self.columns[0]]  # type: ignore[assignment]
        return column

    def encode(self, values: Coded) -> NDArray[np.float32]:
        """The place of each value: (rows, 1)."""
        place = {value: number for number, value in enumerate(self.values)}
        # The last entry is for missing values, whose code is -1.
        places = [place.get(value, np.nan) for value in values.values] + [np.nan]
        return np.array(places, dtype=np.float32)[values.codes][:, None]

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """The category of each row, as objects: (rows, 1)."""
        return np.array(self.values, dtype=object)[rows.astype(np.intp)]

    def traced(self) -> Traced:
        """Texts by their places; booleans and numbers as doubles, NaN for a missing value."""
        texts = tuple(value for value in self.values if isinstance(value, str))
        if texts:
            return Traced(torch.int64, Known(len(texts)), Whole(), texts)
        numbers = [float(value) for value in self.values]
        if len(set(numbers)) < len(numbers):
            raise SettingError(
                f"Column {self.columns[0]!r} has categories that a program does not tell apart: as doubles they are "
                "the same. Fit again with texts in their place."
            )
        return Traced(torch.float64, Placed(numbers), Picked(numbers))

    def embedding(self) -> nn.Module:
        """One entry for each category, all 0 where it is missing."""
        return nn.Sequential(OneHot(len(self.values)), MissingAsZero())

    def coordinates(self) -> nn.Module:
        """One entry for each category.

        Half as far apart as for the encoder: numbers of near rows are near, but a category is another or it is not.
        """
        return nn.Sequential(OneHot(len(self.values)), Halved())

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """A probability for each category; name and precision are for numbers and have no meaning here."""
        return CategoriesLikelihood(len(self.values))

    def check(self) -> None:
        """One column, with different values."""
        if len(self.columns) != 1 or not self.values or len(set(self.values)) < len(self.values):
            raise ValueError("its categories are not those of one column")


@final
class OneHot(nn.Module):
    """Places of categories (rows, 1) as one entry each (rows, categories), all NaN for NaN.

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
        return entries.masked_fill(missing, torch.nan)


@final
class Halved(nn.Module):
    """Half of every entry, in any shape."""

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape."""
        return rows / 2


@final
class MissingAsZero(nn.Module):
    """0 for NaN, in any shape."""

    def forward(self, rows: Tensor) -> Tensor:
        """The same shape."""
        return rows.nan_to_num(0)
