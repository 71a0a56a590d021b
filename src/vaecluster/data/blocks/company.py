"""Topics of columns by the company they keep: which others are not 0 in the same rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.raw import Doubles, row_slices

# Company is that of so many of the commonest columns: rarer ones say little of others.
COMPANIONS = 2_000
# So many pairs of entries of one row are counted in a few seconds. Of more, pairs of entries chosen at random are.
PAIRS = 2**28
# A topic with a smaller part than this of what the first one says is rounding.
ROUNDING = 1e-6


def topics_of(weights: Any, most: int) -> Doubles:
    """At most so many topics of the columns of weights (rows, columns), sparse or not: (columns, topics).

    Columns that keep the same company are near, though no row may have both: few short texts on one thing share a
    word. Topics are the leading singular directions of the positive pointwise mutual information of columns, each as
    long as the root of its singular value (Levy and Goldberg 2014), the first one of length 1: equation (50).
    """
    # It takes a third of a second to load.
    from sklearn.decomposition import TruncatedSVD

    there = _some_entries(csr_array(weights))
    of_columns, in_rows, often = csr_array(there.T), there.sum(1), there.sum(0)
    companions = np.sort(np.argsort(-often, kind="stable")[:COMPANIONS])
    # Of the other entries of a row each is as often the partner of a column.
    partners = csr_array(there.multiply(1 / np.maximum(in_rows - 1, 1)[:, None]))[:, companions]

    def information(some: NDArray[np.intp]) -> Doubles:
        both = (of_columns[some] @ partners).toarray()
        # A column always is in its own company.
        own = some[:, None] == companions
        both[own] = often[some[own.any(1)]]
        chance = np.outer(often[some], often[companions]) / often.sum()
        found: Doubles = np.log(np.divide(both, chance, out=np.ones_like(both), where=both > chance))
        return found

    of_companions = information(companions)
    if not of_companions.any():
        # One column is all that there is.
        alone: Doubles = (often > 0).astype(np.float64)[:, None]
        return alone
    svd = TruncatedSVD(min(most, len(companions)), random_state=0).fit(of_companions)
    told = svd.singular_values_ > ROUNDING * svd.singular_values_[0]
    ways = svd.components_[told].T / np.sqrt(svd.singular_values_[told] * svd.singular_values_[0])
    columns = np.arange(there.shape[1])
    return np.concatenate([information(columns[block]) @ ways for block in row_slices(len(columns), len(companions))])


def _some_entries(weights: csr_array) -> csr_array:
    """1 where weights (rows, columns) are not 0, in all places or, where these have too many pairs, in some."""
    made = csr_array((weights.data != 0, weights.indices, weights.indptr), weights.shape, dtype=np.float64)
    pairs = np.square(np.diff(made.indptr).astype(np.float64)).sum()
    if pairs > PAIRS:
        made.data *= np.random.default_rng(0).random(made.nnz) < np.sqrt(PAIRS / pairs)
        made.eliminate_zeros()
    return made
