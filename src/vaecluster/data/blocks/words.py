"""Texts as the words that are in them."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.blocks.of_topics import OfTopics
from vaecluster.data.blocks.traced import Traced
from vaecluster.data.raw import Array, Doubles
from vaecluster.errors import SettingError


@final
@dataclass(frozen=True, eq=False)
class Words(OfTopics):
    """Texts by what is in them of each of some topics, from the TF-IDF of words.

    `rarity` (words,) is the IDF. `column` is the column of a frame that the texts were in, "" if they were in none.
    """

    words: tuple[str, ...]
    rarity: Doubles
    column: str = ""
    columns: tuple[str, ...] = ()
    missing: bool = False

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """TF-IDF (rows, words), float32, as far as topics say it."""
        return self.of_parts(rows).astype(np.float32)

    def traced(self) -> Traced:
        """None: no program takes texts apart."""
        raise SettingError(
            "The model is of texts, and no exported program takes them apart into words. Serve it by `vaecluster "
            "predict`, or fit to embeddings of the texts, which can be exported."
        )

    def weights(self, texts: list[str]) -> csr_array:
        """The TF-IDF of texts: (texts, words), float32; 0 for a text without any of the words."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(vocabulary=list(self.words), sublinear_tf=True, dtype=np.float32)
        vectorizer.idf_ = self.rarity.astype(np.float32)
        return csr_array(vectorizer.transform(texts))

    def check(self) -> None:
        """Different words, with finite numbers each, and a positive scale."""
        super().check()
        words = len(self.words)
        if not words or len(set(self.words)) < words or self.rarity.shape != (words,):
            raise ValueError("its words are not one for each entry")
        if self.given_shape != (words,):
            raise ValueError("its topics are those of other words")
        if not np.isfinite(self.rarity).all() or (self.rarity <= 0).any():
            raise ValueError("its words have a rarity that no words have")
