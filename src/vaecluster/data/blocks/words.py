"""Texts as the words that are in them."""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.blocks.base import Block, scaled
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.scaling import Passes, Scaling, common_scale, moments_of, own_scales
from vaecluster.data.blocks.traced import Traced
from vaecluster.data.raw import Array, Doubles
from vaecluster.errors import SettingError
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood

# The numbers of topics that latent semantic analysis is used with.
TOPICS = 100


@final
@dataclass(frozen=True, eq=False)
class Words(Block):
    """Texts by what is in them of each of some topics, from the TF-IDF of words.

    Topics are the leading singular directions of the texts of the fit (Deerwester et al. 1990): (words, topics). How
    much of each is in a text is brought to length 1, so that long and short texts compare, and read as
    (x - offset) / scale, (topics,) each; all have one scale, unless each is to have its own. `rarity` (words,) is the
    IDF. `column` is the column of a frame that the texts were in, "" if they were in none.
    """

    words: tuple[str, ...]
    rarity: Doubles
    topics: Doubles
    offset: Doubles
    scale: Doubles
    column: str = ""
    columns: tuple[str, ...] = ()
    missing: bool = False

    def fitted(self, weights: csr_array, passes: Passes, scaling: Scaling) -> Self:
        """The same with the topics of TF-IDF (texts, words), and their offset and scale over the passes."""
        from sklearn.decomposition import TruncatedSVD

        most = min(TOPICS, min(weights.shape) - 1)
        # Of one word, or one text, there is one topic.
        topics = TruncatedSVD(most, random_state=0).fit(weights).components_.T if most > 0 else self.topics
        block = replace(self, topics=topics.astype(np.float64))
        moments = moments_of(lambda: ((block.parts(rows), own) for rows, own in passes()))
        offset, scale = (own_scales if scaling == "columns" else common_scale)(moments)
        return replace(block, offset=offset, scale=scale)

    def parts(self, weights: Array) -> Doubles:
        """How much of each topic is in TF-IDF (rows, words), of length 1 or 0: (rows, topics)."""
        made = weights @ self.topics
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        parts: Doubles = made / np.where(lengths > 0, lengths, 1.0)
        return parts

    @property
    def given_shape(self) -> tuple[int, ...]:
        """(words,)."""
        return self.rarity.shape

    @property
    def shape(self) -> tuple[int, ...]:
        """(topics,)."""
        return self.offset.shape

    def encode(self, values: Array) -> NDArray[np.float32]:
        """TF-IDF (rows, words) to topics (rows, topics)."""
        return scaled(self.parts(values), self.offset, self.scale)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """TF-IDF (rows, words), float32, as far as topics say it."""
        return ((rows * self.scale + self.offset) @ self.topics.T).clip(0).astype(np.float32)

    def traced(self) -> Traced:
        """None: no program takes texts apart."""
        raise SettingError(
            "The model is of texts, and no exported program takes them apart into words. Serve it by `vaecluster "
            "predict`, or fit to embeddings of the texts, which can be exported."
        )

    def likelihood(self, name: str, precision: float) -> Likelihood:
        """The one of that name."""
        return OF_NUMBERS[name](self.shape, precision)

    def weights(self, texts: list[str]) -> csr_array:
        """The TF-IDF of texts: (texts, words), float32; 0 for a text without any of the words."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(vocabulary=list(self.words), sublinear_tf=True, dtype=np.float32)
        vectorizer.idf_ = self.rarity.astype(np.float32)
        return csr_array(vectorizer.transform(texts))

    def check(self) -> None:
        """Different words, with finite numbers each, and a positive scale."""
        check_affine(self.offset, self.scale, "<f4")
        words, topics = len(self.words), len(self.offset)
        if not words or len(set(self.words)) < words or self.rarity.shape != (words,) or not topics:
            raise ValueError("its words are not one for each entry")
        if self.topics.shape != (words, topics) or not np.isfinite(self.topics).all():
            raise ValueError("its topics are those of other words")
        if not np.isfinite(self.rarity).all() or (self.rarity <= 0).any():
            raise ValueError("its words have a rarity that no words have")
