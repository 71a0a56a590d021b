"""All clusters at one glance, with links to each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from vaecluster.look.encode import WEBP_SIDE, Picture, picture
from vaecluster.look.shown import Shown
from vaecluster.look.walls import CLEAR
from vaecluster.report.html import fill
from vaecluster.report.run import FinishedRun, ShownCluster
from vaecluster.report.section import Section

ROWS = 12
# Pixels above the lines, and between two of them.
TOP, GAP = 36, 5
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
        return None if any(cluster.rows.listed for cluster in run.clusters) else cls(run.clusters)

    def html(self) -> Markup:
        """The picture, and a link to each cluster."""
        has_generated = any(cluster.generated is not None for cluster in self.clusters)
        alt = f"{len(self.clusters)} lines, one per cluster: up to {ROWS} of its rows"
        if has_generated:
            alt += f" on the left, up to {ROWS} rows generated from it on the right"
        return fill(
            "sections/overview.html.j2",
            clusters=self.clusters,
            has_generated=has_generated,
            lines=picture(overview_image(self.clusters), alt),
            has_heat_maps=any(cluster.rows.is_heat_map for cluster in self.clusters),
        )

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`overview.png`."""
        yield "overview.png", overview_image(self.clusters)


def overview_image(clusters: Sequence[ShownCluster]) -> Image.Image:
    """One line per cluster: its number, its first 12 rows, then the first 12 generated from it.

    >>> import numpy as np
    >>> from vaecluster.look.walls import Wall
    >>> wall = Wall(np.zeros((12, 8, 8)))
    >>> overview_image([ShownCluster(0, 12, 1.0, 0.9, wall, wall)]).mode
    'RGBA'
    """
    sides: dict[str, list[Shown | None]] = {
        "its rows": [cluster.rows for cluster in clusters],
        "generated": [cluster.generated for cluster in clusters],
    }
    # Either there is something generated from all of them, or from none.
    strips = {
        heading: [strip for shown in side if shown is not None and (strip := shown.strip(ROWS)) is not None]
        for heading, side in sides.items()
    }
    strips = {heading: images for heading, images in strips.items() if images}
    width = max(strip.width for images in strips.values() for strip in images)
    height = max(strip.height for images in strips.values() for strip in images)
    between = 28
    low, step = lines_of(len(clusters), height)
    lower = low / height
    width, height = max(1, int(width * lower)), low
    number = ImageFont.load_default(size=min(26, step))
    font = ImageFont.load_default(size=22)
    margin = int(max(number.getlength(str(cluster.number)) for cluster in clusters)) + 20

    size = (margin + len(strips) * (width + between) - between, TOP + step * len(clusters))
    image = Image.new("RGBA", size, CLEAR)
    pen = ImageDraw.Draw(image)
    for line, cluster in enumerate(clusters):
        place = (margin - 14, TOP + line * step + height / 2)
        pen.text(place, str(cluster.number), fill=LABEL, font=number, anchor="rm")
    for side, (heading, images) in enumerate(strips.items()):
        x = margin + side * (width + between)
        pen.text((x, TOP - 10), heading, fill=LABEL, font=font, anchor="ls")
        for line, strip in enumerate(images):
            shown = strip if lower == 1 else strip.resize((width, height), Image.Resampling.BOX)
            image.paste(shown, (x, TOP + line * step))
    return image


def lines_of(clusters: int, height: int) -> tuple[int, int]:
    """How high each line is, in pixels, and how far it is from one to the next, if strips are that high.

    Of very many clusters lines are lower, and nearer to each other, or no program would open the picture.

    >>> lines_of(10, 56), lines_of(3000, 56)
    ((56, 61), (3, 5))
    """
    step = max(1, min(height + GAP, (WEBP_SIDE - TOP) // clusters))
    return min(height, step - min(GAP, step // 2)), step
