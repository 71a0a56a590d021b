"""What a section of the report is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Self

from markupsafe import Markup

from vaecluster.look.encode import Picture
from vaecluster.report.run import FinishedRun


class PageSection(ABC):
    """A section of a page: frozen plain values and how they are shown.

    `anchor` is its name in links, `heading` stands above it.
    """

    anchor: ClassVar[str]
    heading: ClassVar[str]
    # A file in static/ that makes it answer to a reader's hand.
    script: ClassVar[str] = ""

    @abstractmethod
    def html(self) -> Markup:
        """What the page shows below the heading."""

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """Its pictures as files: the name of each and what is drawn."""
        yield from ()


class Section(PageSection):
    """A section of the report on a run, from which `of` collects its values."""

    @classmethod
    @abstractmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """The section on this run; None if there is nothing to say."""
