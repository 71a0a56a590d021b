"""Every number on a page says what it is to whoever points at it."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa

from builders import estimator, frame, images, quiet, vectors
from vaecluster import VAEClustering
from vaecluster.clusters.agreement import stability_of
from vaecluster.clusters.scores import split_scores
from vaecluster.comparison import compare, rows_of
from vaecluster.data.dataset import DataSet
from vaecluster.files.atomic import write_json
from vaecluster.report.collect import collect
from vaecluster.report.comparison.collect import collect as collect_comparison
from vaecluster.report.page import render_html
from vaecluster.runs.folder import RunFolder

pytestmark = quiet
# Rows of the data, and sentences, say themselves what they are.
SELF_EVIDENT = {"excerpt", "profile", "wrapped"}
KINDS = np.arange(60) % 3


class Numbers(HTMLParser):
    """The numbers in tables, lists and pictures of a page: those that say what they are, and the others."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.unsaid: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "img" and str(found["src"]).startswith("data:image/svg"):
            (self.said if found.get("title") else self.unsaid).append(str(found["alt"]))
        if tag not in ("img", "meta", "source", "input"):
            self.open.append((tag, found))

    def handle_endtag(self, tag: str) -> None:
        while self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self.open}
        classes = {name for _, found in self.open for name in str(found.get("class")).split()}
        if not tags & {"dd", "td"} or classes & SELF_EVIDENT or not any(letter.isdigit() for letter in data):
            return
        (self.said if any(found.get("title") for _, found in self.open) else self.unsaid).append(data.strip())


def test_every_number_of_a_report_says_what_it_is(tmp_path: Path) -> None:
    for number, rows in enumerate((vectors(60), images(60))):
        data = DataSet("rows", rows, KINDS)
        model = estimator(epochs=30).fit(rows)
        folder = RunFolder.create(tmp_path / str(number), overwrite=False)
        scores = split_scores(model, data)
        folder.write(model, data, source="rows", seconds=1, cpu_seconds=1, scores=scores)
        found = stability_of([model.labels_.tolist(), KINDS.tolist()])
        write_json(folder.stability_file, found.as_dict())
        report = collect(folder)
        headings = {section.heading for section in report.sections}
        assert {"Clusters", "Stability", "Scores", "Labels of clusters", "Reliability", "How it was made"} <= headings
        numbers = Numbers(render_html(report))
        assert numbers.unsaid == []
        assert len(numbers.said) > 40


def test_every_number_of_a_comparison_says_what_it_is() -> None:
    rows = pa.Table.from_pandas(frame(60))
    found = compare(rows, ["kmeans", "gaussian-mixture"], 2, KINDS, n_clusters=3)
    given, seen = rows_of(VAEClustering(), rows)
    numbers = Numbers(render_html(collect_comparison(found, "rows.csv", rows, given, seen.schema)))
    assert numbers.unsaid == []
    assert len(numbers.said) > 20
