"""Texts as the words that are in them."""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vaecluster.data.blocks.base import Block, scaled
from vaecluster.data.blocks.numbers import check_affine
from vaecluster.data.blocks.scaling import Passes, Scaling, common_scale, moments_of, own_scales
from vaecluster.data.raw import Array, Doubles
from vaecluster.model.likelihood import OF_NUMBERS, Likelihood


@final
@dataclass(frozen=True, eq=False)
class Words(Block):
    """Texts by the TF-IDF of these words, as (x - offset) / scale: (words,) each.

    `rarity` is the IDF. All words have one scale, unless each is to have its own: a word that is in many texts says
    more. `column` is the column of a frame that the texts were in, "" if they were in none.
    """

    words: tuple[str, ...]
    rarity: Doubles
    offset: Doubles
    scale: Doubles
    column: str = ""
    columns: tuple[str, ...] = ()
    missing: bool = False

    def scaled_by(self, passes: Passes, scaling: Scaling) -> Self:
        """The same with the offset and scale of TF-IDF (texts, words)."""
        offset, scale = (own_scales if scaling == "columns" else common_scale)(moments_of(passes))
        return replace(self, offset=offset, scale=scale)

    @property
    def shape(self) -> tuple[int, ...]:
        """(words,)."""
        return self.offset.shape

    def encode(self, values: Array) -> NDArray[np.float32]:
        """TF-IDF (rows, words) as the model has it."""
        return scaled(values, self.offset, self.scale)

    def restore(self, rows: NDArray[np.float32]) -> Array:
        """TF-IDF (rows, words), float32."""
        return (rows * self.scale + self.offset).clip(0).astype(np.float32)

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
        """Different words, with a finite number each, and a positive scale."""
        check_affine(self.offset, self.scale, "<f4")
        if not self.words or len(set(self.words)) < len(self.words) or self.offset.shape != (len(self.words),):
            raise ValueError("its words are not one for each entry")
        if self.rarity.shape != self.offset.shape or not np.isfinite(self.rarity).all() or (self.rarity <= 0).any():
            raise ValueError("its words have a rarity that no words have")
