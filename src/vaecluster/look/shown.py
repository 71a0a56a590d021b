"""What every way of showing rows has."""

from abc import ABC, abstractmethod
from typing import ClassVar

from markupsafe import Markup
from PIL import Image

from vaecluster.look.encode import picture


class Shown(ABC):
    """Up to 64 rows as the report shows them, with as many as are shown as its length."""

    # Whether they are to be read as text, one by one, and not seen at one glance; then there are no pictures of them.
    listed: ClassVar[bool] = False

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def html(self, words: str) -> Markup:
        """The rows inside the page; `words` say what they are."""

    def image(self) -> Image.Image | None:
        """All of them as a picture."""
        return None

    def strip(self, columns: int, lines: int = 1) -> Image.Image | None:
        """The first of them as a picture, side by side in so many lines, or one below the other in a heat-map."""
        return None

    def line(self, words: str) -> Markup:
        """All of them inside a page, side by side where there are pictures of them."""
        strip = self.strip(len(self))
        return self.html(words) if strip is None else picture(strip, f"{len(self)} {words}")

    @property
    def is_heat_map(self) -> bool:
        """Whether the pictures are heat-maps."""
        return False
