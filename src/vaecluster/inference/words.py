"""What texts of a cluster are about: its words, by class-based TF-IDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.words import blocks_of, common_words
from vaecluster.errors import DataError

# Rarer words name no cluster.
MOST_WORDS = 20_000


@final
@dataclass(frozen=True)
class Word:
    """A word of a cluster: its weight, and the shares of texts that it is in, inside and elsewhere.

    `weight` is its share of the cluster's words times log(1 + A / f): A words are in a cluster on average, and f times
    it is there in all of them (Grootendorst 2022, "BERTopic").
    """

    word: str
    weight: float
    share: float
    other_share: float


def words(texts: Sequence[str], labels: NDArray[np.intp], clusters: int, number: int = 10) -> list[list[Word]]:
    """For each cluster the words of largest weight that are in more of its texts than elsewhere, the first first.

    Labels (rows,) are -1 for texts of no cluster, which count as elsewhere. Memory holds counts of `MOST_WORDS` words
    for each cluster where they are not 0, and those of a block of texts. No words if no two texts share one.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        vocabulary = np.array(common_words(texts, MOST_WORDS))
    except DataError:
        return [[] for _ in range(clusters)]
    counter = CountVectorizer(vocabulary=vocabulary)
    shape = (clusters + 1, len(vocabulary))
    counts, there = csr_array(shape), csr_array(shape)
    for block in blocks_of(texts):
        own = csr_array(counter.transform(texts[block]))
        # Texts of no cluster are the last group.
        groups = labels[block] % (clusters + 1)
        of = csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(clusters + 1, len(groups)))
        counts, there = counts + of @ own, there + of @ (own > 0).astype(np.float64)
    sizes = np.bincount(labels % (clusters + 1), minlength=clusters + 1)
    total, in_texts = np.asarray(counts.sum(0)), np.asarray(there.sum(0))
    rarity = np.log1p(counts[:clusters].sum() / clusters / np.maximum(total, 1))
    found = []
    for cluster in range(clusters):
        inside, holding = counts[[cluster]].toarray()[0], there[[cluster]].toarray()[0]
        weight = inside / max(1.0, inside.sum()) * rarity
        share = holding / max(1, sizes[cluster])
        other = (in_texts - holding) / max(1, sizes.sum() - sizes[cluster])
        # With one cluster there is nothing elsewhere.
        best = [
            place for place in np.argsort(-weight, kind="stable") if weight[place] > 0 and share[place] > other[place]
        ]
        found.append(
            [
                Word(str(vocabulary[place]), float(weight[place]), float(share[place]), float(other[place]))
                for place in best[:number]
            ]
        )
    return found
