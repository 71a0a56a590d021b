"""Cells, of which genes were counted."""

from collections.abc import Collection
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from vaecluster.data import checks
from vaecluster.data.anndata import cells_like, cells_of_fit, is_cells, plain_values
from vaecluster.data.blocks import Expression
from vaecluster.data.cells import counts_like, order_of
from vaecluster.data.frames import is_frame, names_of
from vaecluster.data.given import arrays
from vaecluster.data.given.base import Given
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError

CALLED = "cells"
HEEDS: Collection[str] = ("batch",)


def takes(X: Any, estimator: BaseEstimator) -> bool:
    """An AnnData object, in memory or in a file."""
    return is_cells(X)


def of_fit(estimator: BaseEstimator, X: Any) -> Given:
    """Counts of genes; an object without counts is the array in it."""
    batch = checks.check_batch(getattr(estimator, "batch", None))
    found = cells_of_fit(X, batch)
    if found is not None:
        return Given(found[0], tuple(found[1]), doubles=False)
    if batch is not None:
        raise SettingError(f"batch is {batch!r}, but X holds no counts of cells. Leave it out.")
    return arrays.of_fit(estimator, plain_values(X))


def made(schema: Schema) -> bool:
    """A block of counts of genes."""
    return isinstance(schema.blocks[0], Expression)


def like_fit(estimator: BaseEstimator, X: Any, schema: Schema) -> Given:
    """Cells of an AnnData object or a frame by the names of genes, or of an array with all of them."""
    block, genes = schema.blocks[0], estimator.feature_names_in_.tolist()
    assert isinstance(block, Expression)
    if is_cells(X):
        source = cells_like(X, block, genes)
    else:
        X = X if issparse(X) else arrays.as_array_or_frame(X)
        order = order_of([str(name) for name in names_of(X)], genes) if is_frame(X) else None
        source = counts_like(X if issparse(X) else np.asarray(X), block, order)
    return Given(source, tuple(genes), doubles=False)
