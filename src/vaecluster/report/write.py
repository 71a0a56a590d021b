"""Reports as files; a file is replaced whole or stays as it was."""

from pathlib import Path

from vaecluster.files.atomic import write_atomically
from vaecluster.report.charts import curves_figure, sizes_figure
from vaecluster.report.content import ReportContent
from vaecluster.report.encode import png_bytes
from vaecluster.report.html import render_html
from vaecluster.report.number_charts import number_figure, tree_figure, tree_is_readable
from vaecluster.report.walls import overview_image, wall_image


def write_html(content: ReportContent, path: Path) -> None:
    """Write the report as one HTML file; its folder is made if need be.

    Raises `FileError` if the file cannot be written; an older file at `path` is then still whole.
    """
    # A path may hold bytes that are no UTF-8, and a fact may name it: better a "?" than no report.
    write_atomically(path, render_html(content).encode("utf-8", errors="replace"))


def write_pictures(content: ReportContent, folder: Path) -> list[Path]:
    """Write the report's pictures as PNG files into `folder` and return their paths.

    `overview.png`, `sizes.png`, `number.png`, `tree.png`, `curves.png`, and for each cluster `cluster-03-rows.png`
    and `cluster-03-generated.png`. Pictures without content are left out: no `curves.png` without curves, no
    `number.png` where no numbers of clusters were weighed, no `tree.png` where it could not be read. Other files in
    the folder stay. Raises `FileError` if a file cannot be written.
    """
    written = []

    def write(name: str, png: bytes) -> None:
        write_atomically(folder / name, png)
        written.append(folder / name)

    if content.clusters:
        write("overview.png", png_bytes(overview_image(content.clusters)))
        write("sizes.png", png_bytes(sizes_figure(content.clusters)))
    if content.number:
        write("number.png", png_bytes(number_figure(content.number)))
        if tree_is_readable(content.number):
            write("tree.png", png_bytes(tree_figure(content.number)))
    if content.curves:
        write("curves.png", png_bytes(curves_figure(content.curves)))
    digits = max([2, *(len(str(page.cluster)) for page in content.clusters)])
    for page in content.clusters:
        name = f"cluster-{page.cluster:0{digits}d}"
        write(f"{name}-rows.png", png_bytes(wall_image(page.rows)))
        write(f"{name}-generated.png", png_bytes(wall_image(page.generated)))
    return written
