import pytest

from vaecluster.data.words import as_texts, common_words
from vaecluster.errors import DataError

ENGLISH = ["the price of the wheat", "the wheat and the corn", "a price for the corn"]
GERMAN = ["der Preis und der Weizen", "der Weizen und der Mais", "ein Preis und der Mais"]


def test_words_in_two_texts_count_and_stop_words_of_english_only_where_it_is_english() -> None:
    assert common_words(ENGLISH, 10) == ["corn", "price", "wheat"]
    assert common_words(GERMAN, 10) == ["der", "mais", "preis", "und", "weizen"]


def test_the_commonest_are_kept_whatever_the_order_of_the_texts() -> None:
    assert common_words(GERMAN, 2) == common_words(GERMAN[::-1], 2) == ["der", "und"]


def test_few_words_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaecluster.data.words.MOST_HELD", 10)
    texts = [f"weizen mais einmal{number}" for number in range(100)]
    assert common_words(texts, 5) == ["mais", "weizen"]


@pytest.mark.parametrize(
    ("values", "rows", "says"), [(["a", 3], 2, "holds 3 for row 1"), (["a"], 2, "1 text for 2 rows")]
)
def test_what_is_no_text_for_each_row_is_refused(values: list, rows: int, says: str) -> None:
    with pytest.raises(DataError, match=says):
        as_texts(values, rows)


def test_missing_texts_are_empty() -> None:
    assert as_texts(["a", None, float("nan")]) == ["a", "", ""]


def test_texts_that_share_no_word_are_refused() -> None:
    with pytest.raises(DataError, match="No word is in two"):
        common_words(["eins", "zwei"], 5)
