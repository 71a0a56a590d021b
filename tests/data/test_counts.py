import numpy as np

from vaecluster.data.counts import BINS, variable_genes


def test_variable_genes_are_those_of_most_dispersion_for_their_level() -> None:
    draws = np.random.default_rng(0)
    values = draws.gamma(draws.uniform(0.5, 3, 400), draws.uniform(0.1, 5, 400), (200, 400))
    mean, square = values.mean(0), np.square(values).mean(0)
    dispersion, level = np.log((square - mean**2) / mean), np.log1p(mean)
    edges = np.linspace(level.min(), level.max(), BINS + 1)
    score = np.empty(400)
    for gene in range(400):
        place = max(1, np.searchsorted(edges, level[gene], side="left"))
        same = [other for other in range(400) if max(1, np.searchsorted(edges, level[other], side="left")) == place]
        alone = len(same) == 1
        score[gene] = 1 if alone else (dispersion[gene] - dispersion[same].mean()) / dispersion[same].std(ddof=1)
    expected = sorted(np.argsort(-score)[:50].tolist())
    assert variable_genes(mean, square, 50).tolist() == expected
