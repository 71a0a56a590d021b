"""Words of texts: which there are, and in how many texts each is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from numbers import Number
from typing import Any

from vaecluster.errors import DataError, counted

# A pass over texts reads so many at a time, and holds so many different words.
BLOCK_TEXTS, MOST_HELD = 1_000, 500_000
# Texts are English if this share of their words are stop words of English: in prose two in five are, in documentation
# one in three, in other languages less than one in ten.
ENGLISH = 0.2
# A word in one text alone says nothing of kinds of texts.
LEAST_TEXTS = 2


def is_missing(value: Any) -> bool:
    """Whether it is no value: None, NaN of any type, or what pandas has for them."""
    absent = value is None or type(value).__name__ in ("NAType", "NaTType")
    return absent or (isinstance(value, Number) and value != value)


def as_texts(values: Any, rows: int | None = None) -> list[str]:
    """Texts as a list, missing ones empty; `DataError` for what is no text, and for more or fewer than rows."""
    found = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    made = ["" if is_missing(value) else value for value in found]
    for number, text in enumerate(made):
        if not isinstance(text, str):
            raise DataError(f"texts holds {text!r} for row {number}; expected a string for each row. Give texts.")
    if rows is not None and len(made) != rows:
        came = f"{counted(len(made), 'text')} for {counted(rows, 'row')}"
        raise DataError(f"There came {came}; expected one each. Check where they are.")
    return made


def blocks_of(texts: Sequence[str]) -> Iterator[slice]:
    """All texts in order, in blocks."""
    return (slice(start, start + BLOCK_TEXTS) for start in range(0, len(texts), BLOCK_TEXTS))


def common_words(texts: Sequence[str], most: int) -> list[str]:
    """The words that are in most texts, at most so many, in the order of the alphabet.

    Stop words are left out where texts are English. Memory holds `MOST_HELD` words: if there are more, the rarest of
    those seen so far are forgotten. Raises `DataError` if there is no word in two texts.
    """
    # It takes a third of a second to load.
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    # From a text to its words in small letters, each as often as it is there.
    split = CountVectorizer().build_analyzer()
    found, words, stopped = Counter[str](), 0, 0
    for text in texts:
        own = split(text)
        words += len(own)
        stopped += sum(word in ENGLISH_STOP_WORDS for word in own)
        found.update(set(own))
        if len(found) > MOST_HELD:
            found = Counter(dict(found.most_common(MOST_HELD // 2)))
    if stopped >= ENGLISH * words:
        for word in ENGLISH_STOP_WORDS:
            found.pop(word, None)
    # Of equally common words those of the earlier letters, whatever the order of the texts.
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:most]
    chosen = sorted(word for word, number in ordered if number >= LEAST_TEXTS)
    if not chosen:
        raise DataError(
            f"No word is in two of the {len(texts):,} texts, so there is nothing that they have in common. Give "
            "longer texts, or more of them."
        )
    return chosen
