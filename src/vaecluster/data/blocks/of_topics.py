"""Wide rows by their topics: what texts, and weights that are mostly 0, have in common."""

from abc import ABC
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.blocks.base import Block, scaled
from vaecluster.data.blocks.company import topics_of
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.scaling import Passes, Scaling, common_scale, moments_of, own_scales
from vaecluster.data.raw import Array, Doubles
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood

# The numbers of topics that latent semantic analysis is used with.
TOPICS = 100


@dataclass(frozen=True, eq=False)
class OfTopics(Block, ABC):
    """Weights (rows, columns), most of them 0, by how much of each of some topics is in a row.

    Topics (columns, topics) say which columns keep the same company in the rows of the fit. How much of each is in a
    row is brought to length 1, so that long and short texts compare, and read as (x - offset) / scale, (topics,) each;
    all have one scale, unless each is to have its own.
    """

    sparse: ClassVar[bool] = True

    topics: Doubles
    offset: Doubles
    scale: Doubles

    def fitted(self, weights: Any, passes: Passes, scaling: Scaling) -> Self:
        """The same with the topics of weights (rows, columns), sparse or not, and their scale over the passes."""
        most = min(TOPICS, min(weights.shape) - 1)
        # Of one column, or one row, there is one topic.
        topics = topics_of(weights, most) if most > 0 else self.topics
        # A model file holds them as text: more digits say nothing, and take three times as long to read.
        block = replace(self, topics=topics.round(6))
        moments = moments_of(lambda: ((block.parts(rows), own) for rows, own in passes()))
        offset, scale = (own_scales if scaling == "columns" else common_scale)(moments)
        return replace(block, offset=offset, scale=scale)

    def parts(self, weights: Array) -> Doubles:
        """How much of each topic is in weights (rows, columns), of length 1 or 0: (rows, topics)."""
        return of_length_1(weights @ self.topics)

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(columns,)."""
        return self.topics.shape[:1]

    @property
    def shape(self) -> tuple[int, ...]:
        """(topics,)."""
        return self.offset.shape

    def encode(self, values: Array) -> NDArray[np.float32]:
        """Weights (rows, columns) to topics (rows, topics)."""
        return scaled(self.parts(values), self.offset, self.scale)

    @cached_property
    def back(self) -> Doubles:
        """The way back from parts to weights, by least squares: (topics, columns)."""
        return np.linalg.pinv(self.topics).astype(np.float64)

    def of_parts(self, rows: NDArray[np.float32]) -> Doubles:
        """Weights (rows, columns) of length 1 or 0, as far as topics say them."""
        return of_length_1(((rows * self.scale + self.offset) @ self.back).clip(0))

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name."""
        return OF_NUMBERS[name](self.shape, precision)

    def check(self) -> None:
        """Finite topics, and a positive scale for each."""
        check_affine(self.offset, self.scale, "<f4")
        if self.topics.ndim != 2 or self.topics.shape[1:] != self.offset.shape or not self.topics.size:
            raise ValueError("its topics are not one for each entry")
        if not np.isfinite(self.topics).all():
            raise ValueError("its topics hold values that none have")


def of_length_1(rows: Doubles) -> Doubles:
    """Rows (rows, entries) of length 1; rows of zeros as they are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    made: Doubles = rows / np.where(lengths > 0, lengths, 1.0)
    return made


def without_topics(columns: int) -> dict[str, Any]:
    """The fields of a block that was not fitted yet: all rows are alike."""
    return {"topics": np.ones((columns, 1)), "offset": np.zeros(1), "scale": np.ones(1)}
