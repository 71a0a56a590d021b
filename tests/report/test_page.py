import re
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

from vaecluster.look.walls import Wall
from vaecluster.report.page import Report, render_html
from vaecluster.report.run import ShownCluster
from vaecluster.report.section import Section
from vaecluster.report.sections.clusters import Clusters
from vaecluster.report.sections.curves import Curve, Curves
from vaecluster.report.sections.overview import Overview
from vaecluster.report.sections.scores import Scores
from vaecluster.report.sections.sizes import Sizes

HOSTILE = '"><script>alert(1)</script><img src=https://example.org/x.png onerror=alert(2)>'
VOID = {"meta", "img", "source", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects the tags and the words, and checks that every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(
    title: str = "Digits",
    shape: tuple[int, ...] = (8, 8),
    scores: Mapping[str, Mapping[str, float]] | None = None,
    warnings: tuple[str, ...] = (),
) -> Report:
    rows = np.random.default_rng(0).random((20, *shape))
    wall = Wall(rows, 0, 1)
    clusters = (
        ShownCluster(0, 1234, 0.9, 0.875, wall, wall),
        ShownCluster(1, 20, 0.1, 0.5, wall, wall),
        ShownCluster(2, 0, 0.0, float("nan"), Wall(rows[:0], 0, 1), wall, confidence=(0,) * 10),
    )
    curves = Curves((Curve("latent KL", (3.0, np.nan, 1.0), "nats"),))
    sections: list[Section] = [Overview(clusters), Sizes(clusters), Clusters(clusters), curves]
    if scores:
        sections.append(Scores(scores))
    return Report(title, (("File", title, ""), ("Rows", "1,254", "of the fit")), warnings, tuple(sections))


@cache
def plain_page() -> Page:
    return Page(render_html(report()))


@cache
def full_page() -> Page:
    scores = {"train": {"rows": 60000, "nmi": 0.78123}, "test": {"rows": 10000, "ari": float("nan")}}
    return Page(render_html(report(scores=scores, warnings=("Stopped early.",))))


def test_the_page_parses_and_needs_nothing_from_outside() -> None:
    page = full_page()
    text = page.source
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "href"):
            address = attributes.get(name)
            assert address is None or address.startswith(("data:", "#")), (tag, name)
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_every_link_has_its_target_and_every_picture_its_words() -> None:
    page = plain_page()
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(names)) == len(names)
    targets = [link["href"] for link in page.named("a")]
    assert targets == ["#cluster-0", "#cluster-1", "#cluster-2"]
    assert {str(target)[1:] for target in targets} <= set(names)
    assert all(image["alt"] for image in page.named("img"))


def test_hostile_words_are_shown_and_not_obeyed() -> None:
    sections = (Curves((Curve(HOSTILE, (1.0,), HOSTILE),)), Scores({HOSTILE: {HOSTILE: 1.0}}))
    page = Page(render_html(Report(HOSTILE, ((HOSTILE, HOSTILE, HOSTILE),), (HOSTILE,), sections)))
    assert page.named("script") == [{}]
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert all(str(image["src"]).startswith("data:") for image in page.named("img"))
    assert page.text.count(HOSTILE) >= 5


def test_there_is_one_card_per_cluster_with_its_numbers() -> None:
    page = plain_page()
    assert [card["id"] for card in page.named("article")] == ["cluster-0", "cluster-1", "cluster-2"]
    assert "Cluster 0 rows 1,234 share 90.0 % confidence 87 %" in page.text
    assert "20 of 1,234" in page.text


def test_an_empty_cluster_says_so_and_still_shows_what_it_generates() -> None:
    page = plain_page()
    assert "Cluster 2 rows 0 share 0.0 % confidence \N{EN DASH}" in page.text
    assert page.text.count("No row belongs to this cluster.") == 1
    assert "of its rows, from 0" not in page.text
    assert "20 rows generated from cluster 2" in [image["alt"] for image in page.named("img")]


@pytest.mark.parametrize("shape", [(8, 8), (6, 6, 3), (13,)])
def test_images_colours_and_vectors_make_a_page_and_only_vectors_explain_the_heat_map(
    shape: tuple[int, ...],
) -> None:
    assert ("heat-map" in Page(render_html(report(shape=shape))).text) == (len(shape) == 1)


def test_scores_are_shown_with_the_word_on_labels_and_only_where_there_are_any() -> None:
    promise = "Scores use labels that were given only for scoring; no label took part in fitting."
    page = full_page()
    assert promise in page.text
    assert "train 60,000 0.781 \N{EN DASH} test 10,000 \N{EN DASH} \N{EN DASH}" in page.text
    headings = page.named("th")
    assert [heading["scope"] for heading in headings] == ["col"] * 4 + ["row"] * 2
    assert promise not in plain_page().text


def test_warnings_are_shown_and_only_where_there_are_any() -> None:
    assert "Please note Stopped early." in full_page().text
    assert "Please note" not in plain_page().text


def test_the_summary_comes_first_and_what_to_try_next_before_the_sections() -> None:
    page = Page(
        render_html(Report("Rows", (("Rows", "9", ""),), ("Beware.",), summary=("Two clusters.",), advice=("Look.",)))
    )
    assert "Rows Two clusters. Rows 9 Please note Beware. What to try next Look." in page.text


def test_no_script_runs_but_those_of_the_package() -> None:
    (policy,) = [tag["content"] for tag in plain_page().named("meta") if "http-equiv" in tag]
    assert re.search(r"script-src 'sha256-[^' ]+'$", str(policy))
    assert plain_page().named("script") == [{}]


def test_a_report_of_almost_nothing_is_still_a_page() -> None:
    page = Page(render_html(Report("Nothing yet")))
    assert page.named("article") == []
    assert page.text.count("Nothing yet") == 2


def test_the_same_content_gives_the_same_page() -> None:
    assert render_html(report()) == plain_page().source


def test_both_colour_schemes_are_drawn() -> None:
    text = plain_page().source
    assert "prefers-color-scheme: dark" in text
    assert len(re.findall(r'<source srcset="data:image/svg\+xml', text)) == 2


def test_a_page_of_many_pictures_stays_below_its_most_bytes_and_says_that_they_are_coarser() -> None:
    random = np.random.default_rng(0)
    walls = [Wall(random.random((64, 16, 16, 3)), 0, 1) for _ in range(4)]
    clusters = tuple(ShownCluster(k, 9, 0.05, 0.9, walls[k % 4], walls[1], walls[2]) for k in range(5))
    many = Report("Noise", sections=(Overview(clusters), Clusters(clusters)))
    whole = render_html(many)
    pictures = Page(whole).named("img")
    assert len(whole) < 15_000_000
    assert "coarser" not in whole
    for most in (len(whole) // 4, len(whole) // 12):
        page = Page(render_html(many, most))
        assert most / 2 < len(page.source.encode()) < most
        assert "Pictures are coarser here than they could be" in page.text
        # As many as before, as large on the page.
        coarse = page.named("img")
        assert [{**one, "src": ""} for one in coarse] == [{**one, "src": ""} for one in pictures]
