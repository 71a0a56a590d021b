"""How many rows each cluster holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, final

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vaecluster.look.encode import Picture
from vaecluster.report.charts import LIGHT, Palette, dress
from vaecluster.report.html import chart, count, fill
from vaecluster.report.run import FinishedRun, ShownCluster
from vaecluster.report.section import Section


@final
@dataclass(frozen=True, eq=False)
class Sizes(Section):
    """The number of rows in each cluster."""

    anchor = "sizes"
    heading = "Sizes"

    clusters: tuple[ShownCluster, ...]

    @classmethod
    def of(cls, run: FinishedRun) -> Self:
        """Of every run."""
        return cls(run.clusters)

    def html(self) -> Markup:
        """The bars."""
        smallest = min(self.clusters, key=lambda cluster: cluster.size)
        largest = max(self.clusters, key=lambda cluster: cluster.size)
        alt = (
            f"Bar chart of the cluster sizes, from {count(smallest.size)} rows (cluster {smallest.number}) "
            f"to {count(largest.size)} rows (cluster {largest.number})"
        )
        bars = chart(lambda palette: sizes_figure(self.clusters, palette), alt)
        return fill("sections/sizes.html.j2", bars=bars)

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """`sizes.png`."""
        yield "sizes.png", sizes_figure(self.clusters)


def sizes_figure(clusters: Sequence[ShownCluster], palette: Palette = LIGHT) -> Figure:
    """The number of rows in each cluster as bars, in the order of the clusters' numbers."""
    clusters = sorted(clusters, key=lambda cluster: cluster.number)
    width = min(11.0, max(3.5, 1.2 + 0.3 * len(clusters)))
    figure = Figure(figsize=(width, 2.4), layout="constrained", facecolor=palette.paper)
    axes = figure.add_subplot()
    dress(axes, palette)
    numbers = [cluster.number for cluster in clusters]
    axes.bar(numbers, [cluster.size for cluster in clusters], color=palette.mark, width=0.72)
    if len(clusters) <= 36:  # more numbers than that would run into each other
        axes.set_xticks(numbers)
    axes.margins(x=0.4 / len(clusters))
    axes.set_xlabel("cluster")
    axes.set_ylabel("rows")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return figure
