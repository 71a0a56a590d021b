import numpy as np
import pytest

from vaecluster.inference.words import words

TEXTS = ["weizen mais", "weizen mais mais", "öl fass", "öl öl fass weizen"]
LABELS = np.array([0, 0, 1, 1])


def test_the_weight_is_that_of_the_paper() -> None:
    (first, second) = words(TEXTS, LABELS, 2)
    # A is 11 words in 2 clusters; mais is there 3 times in all, and 3 of 5 words of its cluster.
    assert first[0].word == "mais"
    assert first[0].weight == pytest.approx(3 / 5 * np.log(1 + 5.5 / 3))
    assert (first[0].share, first[0].other_share) == (1.0, 0.0)
    assert [one.word for one in second] == ["öl", "fass"]
    assert (first[1].word, first[1].share, first[1].other_share) == ("weizen", 1.0, 0.5)


def test_renaming_clusters_renames_lists_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = words(TEXTS, LABELS, 2)
    assert words(TEXTS, 1 - LABELS, 2) == found[::-1]
    monkeypatch.setattr("vaecluster.data.words.BLOCK_TEXTS", 1)
    assert words(TEXTS, LABELS, 2) == found


def test_empty_clusters_rows_in_none_and_texts_without_words_say_nothing() -> None:
    assert words(TEXTS, np.array([0, 0, -1, -1]), 2)[1] == []
    assert words(["", "!", "a"], np.array([0, 0, 1]), 2) == [[], []]
