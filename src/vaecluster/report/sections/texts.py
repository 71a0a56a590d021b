"""What the texts of each cluster are about: words, and the most typical texts."""

from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup

from vaecluster.files import record
from vaecluster.inference.words import Word
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun
from vaecluster.report.section import Section

# Texts of a cluster that are shown, and characters of one.
SHOWN, LENGTH = 3, 280


@final
@dataclass(frozen=True)
class TypicalText:
    """A text and the number of its row."""

    row: int
    text: str


@final
@dataclass(frozen=True)
class Texts(Section):
    """Words and typical texts of each cluster, by its number."""

    anchor = "texts"
    heading = "Words and texts"

    clusters: tuple[tuple[int, tuple[Word, ...], tuple[TypicalText, ...]], ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of runs on rows that stand for texts."""
        words = record.typed(list[list[Word]], run.description.get("words", []))
        typical = record.typed(list[list[TypicalText]], run.description.get("typical_texts", []))
        parts = zip(words, typical, strict=True)
        clusters = tuple((number, tuple(some), tuple(texts)) for number, (some, texts) in enumerate(parts))
        return cls(clusters) if clusters else None

    def html(self) -> Markup:
        """A list for each cluster."""
        lines = [
            (
                number,
                [(one.word, _shares(one)) for one in words],
                [(one.row, _cut(one.text)) for one in typical[:SHOWN]],
            )
            for number, words, typical in self.clusters
        ]
        return fill("sections/texts.html.j2", lines=lines)


def _shares(word: Word) -> str:
    return f"in {word.share:.0%} of the cluster's texts and {word.other_share:.0%} of the others"


def _cut(text: str) -> str:
    """A text on one line, cut where it is long.

    >>> _cut("two\\n  lines"), len(_cut("word " * 100))
    ('two lines', 280)
    """
    line = " ".join(text.split())
    return line if len(line) <= LENGTH else line[: LENGTH - 1] + "\N{HORIZONTAL ELLIPSIS}"
