"""All clusters at one glance, with links to each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from vaecluster.report.encode import Picture
from vaecluster.report.html import fill, picture
from vaecluster.report.listing import Listing
from vaecluster.report.run import FinishedRun, ShownCluster
from vaecluster.report.section import Section
from vaecluster.report.walls import CLEAR, Wall, strip_image

ROWS = 12
LABEL = (117, 117, 117, 255)  # readable on white and on black: at least 4 : 1 on either


@final
@dataclass(frozen=True, eq=False)
class Overview(Section):
    """One line of rows per cluster."""

    anchor = "overview"
    heading = "Overview"

    clusters: tuple[ShownCluster, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self | None:
        """Of every run whose rows are pictures; those of tables are to be read one by one."""
        return cls(run.clusters) if all(isinstance(cluster.rows, Wall) for cluster in run.clusters) else None

    def html(self) -> Markup:
        """The picture, and a link to each cluster."""
        alt = (
            f"{len(self.clusters)} lines, one per cluster: up to {ROWS} of its rows on the left, "
            f"up to {ROWS} rows generated from it on the right"
        )
        return fill(
            "sections/overview.html.j2",
            clusters=self.clusters,
            lines=picture(overview_image(self.clusters), alt),
            has_vectors=any(not _wall(cluster.rows).holds_images for cluster in self.clusters),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`overview.png`."""
        yield "overview.png", overview_image(self.clusters)


def _wall(shown: Wall | Listing) -> Wall:
    assert isinstance(shown, Wall)
    return shown


def overview_image(clusters: Sequence[ShownCluster]) -> Image.Image:
    """One line per cluster: its number, its first 12 rows, then the first 12 generated from it.

    >>> import numpy as np
    >>> from vaecluster.report.walls import Wall
    >>> wall = Wall(np.zeros((12, 8, 8)))
    >>> overview_image([ShownCluster(0, 12, 1.0, 0.9, wall, wall)]).mode
    'RGBA'
    """
    strips = [
        (strip_image(_wall(cluster.rows), ROWS), strip_image(_wall(cluster.generated), ROWS)) for cluster in clusters
    ]
    width = max(strip.width for pair in strips for strip in pair)
    height = max(strip.height for pair in strips for strip in pair)
    number = ImageFont.load_default(size=26)
    heading = ImageFont.load_default(size=22)
    margin = int(max(number.getlength(str(cluster.number)) for cluster in clusters)) + 20
    top, between, step = 36, 28, height + 5

    size = (margin + 2 * width + between, top + step * len(strips))
    image = Image.new("RGBA", size, CLEAR)
    pen = ImageDraw.Draw(image)
    pen.text((margin, top - 10), "its rows", fill=LABEL, font=heading, anchor="ls")
    pen.text((margin + width + between, top - 10), "generated", fill=LABEL, font=heading, anchor="ls")
    for line, (cluster, (rows, generated)) in enumerate(zip(clusters, strips, strict=True)):
        y = top + line * step
        pen.text((margin - 14, y + height / 2), str(cluster.number), fill=LABEL, font=number, anchor="rm")
        image.paste(rows, (margin, y))
        image.paste(generated, (margin + width + between, y))
    return image
