"""Texts as rows, and nothing beside them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self, final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vaecluster.data.arrays import passes_over
from vaecluster.data.blocks import Words
from vaecluster.data.blocks.of_topics import without_topics
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import is_frame, is_series, names_of
from vaecluster.data.kinds import SeenColumn
from vaecluster.data.raw import ALL, Array
from vaecluster.data.schema import Schema
from vaecluster.data.sparse import SparseSource
from vaecluster.data.words import as_texts, common_words, is_missing
from vaecluster.errors import DataError

# Rarer words are left out: they are in few texts, and a model file has 100 numbers for each word.
MOST_WORDS = 5_000


def are_texts(X: Any) -> bool:
    """Whether these are strings: a list, an array (rows,) or a column of a frame; the first of them may be missing."""
    if is_series(X):
        some = nw.from_native(X, series_only=True).drop_nulls().head(1).to_list()
    else:
        some = X if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1) else ()
    return isinstance(next((value for value in some if not is_missing(value)), None), str)


def texts_in(X: Any, column: str) -> list[str]:
    """The texts of a list, of this column of a frame, or of a frame's only one; `DataError` if there are none."""
    if not is_frame(X):
        if not are_texts(X):
            raise DataError(f"X is a {type(X).__name__}, but the fit was on texts; expected texts. Give strings.")
        return as_texts(X)
    return as_texts(X[text_column(X, column)])


def text_column(frame: Any, column: str) -> Any:
    """The name, in the frame, of this column or of its only one; `DataError` if it has neither."""
    names = names_of(frame)
    if len(names) == 1:
        return names[0]
    for name in names:
        if str(name) == column:
            return name
    raise DataError(f"X has no column {column!r}, which held the texts of the fit. Give it, in any place.")


@final
class TextSource:
    """Texts, each as the TF-IDF of the words of a block, which stays sparse until a batch is read."""

    def __init__(self, texts: list[str], block: Words) -> None:
        self.texts, self.block = texts, block
        self.sparse = SparseSource(block.weights(texts))

    @classmethod
    def of_fit(cls, texts: list[str], column: str) -> Self:
        """With the words of these texts; the block has no topics yet."""
        words = common_words(texts, MOST_WORDS)
        one = np.ones(len(words))
        counted = Words(**without_topics(len(words)), words=tuple(words), rarity=one, column=column)
        holding = (counted.weights(texts) > 0).sum(0)
        # As scikit-learn has it.
        rarity = np.log((1 + len(texts)) / (1 + holding)) + 1
        return cls(texts, replace(counted, rarity=rarity))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def row_names(self) -> None:
        """None."""

    def seen(self) -> tuple[SeenColumn, ...]:
        """Nothing: all columns are weights of words."""
        return ()

    @property
    def row_entries(self) -> int:
        """One for each word."""
        return len(self.block.words)

    def read(self, numbers: NDArray[np.intp] | slice) -> Array:
        """The TF-IDF of these rows, dense."""
        return self.sparse.read(numbers)

    def fingerprint(self) -> dict[str, Any]:
        """Of the words' weights that are not zero."""
        return self.sparse.fingerprint() | {"dtype": "texts"}

    def schema(self, reading: Reading) -> Schema:
        """One block."""
        passes = passes_over(self, reading.weights)
        return Schema((self.block.fitted(self.sparse.matrix, passes, reading.scaling),))

    def by_column(self, numbers: NDArray[np.intp] | slice = ALL) -> Iterator[tuple[str, Array, str]]:
        """None: texts are compared by their words."""
        raise DataError("X holds texts, which have no columns. Use `words` instead.")

    def filled(self, schema: Schema, expected: Tensor) -> Any:
        """A copy of the texts: nothing is missing."""
        return list(self.texts)
