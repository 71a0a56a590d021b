"""Strings, each a row."""

import warnings
from collections.abc import Collection
from typing import Any

from sklearn.base import BaseEstimator

from vaecluster.data.blocks import Words
from vaecluster.data.given.base import Given
from vaecluster.data.schema import Schema
from vaecluster.data.texts import TextSource, are_texts, texts_in
from vaecluster.data.words import as_texts
from vaecluster.errors import UnseenCategoriesWarning

CALLED = "texts"
HEEDS: Collection[str] = ()


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """A list or an array of strings; a frame of nothing but texts is still a frame."""
    return are_texts(X)


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Their commonest words are learned from."""
    return column_of_fit(as_texts(X), "")


def column_of_fit(texts: list[str], column: str) -> Given:
    """Texts of a column with that name."""
    source = TextSource.of_fit(texts, column)
    return Given(source, source.block.words, doubles=False)


def made(schema: Schema) -> bool:
    """A block of words."""
    return isinstance(schema.blocks[0], Words)


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Strings, or a frame with the column that held them."""
    block = schema.blocks[0]
    assert isinstance(block, Words)
    source = TextSource(texts_in(X, block.column), block)
    if not source.sparse.matrix.nnz:
        warnings.warn(
            "No text holds any word that the fit knew, so nothing says which cluster it is of. Write them as in the "
            "fit, or fit again.",
            UnseenCategoriesWarning,
            stacklevel=2,
        )
    return Given(source, block.words, doubles=False)
