import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.colors import to_hex

from builders import splits
from vaecluster import Bound, TwoViews, VAEClustering
from vaecluster.clusters.boundary import APART
from vaecluster.clusters.hierarchy import merge_components
from vaecluster.clusters.number import AskedNumber, Evidence, within
from vaecluster.errors import EmptyClustersWarning, FewCluesWarning
from vaecluster.methods import Method
from vaecluster.report.charts import DARK, LIGHT, Palette
from vaecluster.report.page import Report, render_html
from vaecluster.report.run import FinishedRun
from vaecluster.report.sections.number import Number, verdict
from vaecluster.report.sections.number_charts import (
    MOST_IN_TREE,
    cluster_tree,
    number_figure,
    tree_figure,
    tree_is_readable,
)
from vaecluster.report.write import write_pictures
from vaecluster.runs.map import RowMap

HEADING = "How many clusters"
COMPONENTS = 12


# What heads find: the same number, different ones, or no boundary.
FOUND = {"clear": (4, 4, 4), "weak": (3, 4, 6), "none": (1, 1, 1), "alone": (4,), "half": (1, 1, 3)}
THIRD = "less than a third as dense as"


def evidence(*found: int) -> Evidence:
    """Of 12 components: boundaries down from the found number, and heads that agree on its clusters."""
    numbers, middle = np.arange(2, COMPONENTS + 1), sorted(found)[(len(found) - 1) // 2]
    return Evidence(np.array(found), np.where(numbers <= middle, 0.1, 1.2), np.where(numbers == middle, 0.95, 0.6))


def number_of(found: str = "clear", asked: AskedNumber = None) -> Number:
    weighed = evidence(*FOUND[found])
    used = within(asked, weighed.clusters)
    tree = merge_components(np.random.default_rng(0).random((COMPONENTS, COMPONENTS)))
    return Number(used, weighed, asked, cluster_tree(tree, tree.cut(used)))


def collected(model: VAEClustering) -> Number | None:
    return Number.of(FinishedRun({"touching": []}, model, {}, RowMap(pa.table({}))))


def quick_model(
    method: type[Method] = TwoViews, n_clusters: int | tuple[int, int] = 3, **settings: object
) -> VAEClustering:
    rows = np.random.default_rng(0).normal(size=(60, 3)) + 20 * np.eye(3)[np.arange(60) % 3]
    chosen = method(epochs=2, hidden=(16,), **settings)
    model = VAEClustering(n_clusters, method=chosen, random_state=0, device="cpu")
    with warnings.catch_warnings():
        # Two epochs need not fill every cluster, nor show any.
        warnings.simplefilter("ignore", EmptyClustersWarning)
        warnings.simplefilter("ignore", FewCluesWarning)
        return model.fit(rows)


@splits
def test_the_section_on_a_model_holds_its_evidence_and_a_leaf_per_cluster() -> None:
    model = quick_model(components=9)
    number = collected(model)
    assert number is not None
    assert (number.used, number.asked, number.is_found, number.components) == (3, 3, False, 9)
    assert number.evidence is model.evidence_
    cut = collected(model.cut(5))
    assert cut is not None
    assert (cut.used, cut.asked, len(cut.tree)) == (5, 5, 4)


def test_a_range_is_told_from_a_number_that_was_given() -> None:
    number = collected(quick_model(n_clusters=(2, 4), components=9))
    assert number is not None
    assert number.asked == (2, 4)
    assert number.is_found == (2 <= number.evidence.clusters <= 4)


def test_a_method_that_looks_for_no_number_has_no_section() -> None:
    assert collected(quick_model(Bound)) is None


def test_one_component_leaves_no_number_to_look_for() -> None:
    assert collected(quick_model(n_clusters=1, components=1)) is None


def test_one_head_is_not_said_to_agree_with_itself() -> None:
    number = collected(quick_model(components=9, heads=1))
    assert number is not None
    assert number.agreement is None
    assert len(number.figure().axes) == 1
    alone = number_of("alone")
    assert "apart" not in verdict(alone)
    assert "agree" not in render_html(Report("Rows", sections=(alone,)))


@pytest.mark.parametrize("clusters", [1, 2, 7, COMPONENTS])
def test_the_tree_of_the_clusters_is_the_top_of_the_whole_tree(clusters: int) -> None:
    whole = merge_components(np.random.default_rng(1).random((COMPONENTS, COMPONENTS)))
    top = cluster_tree(whole, whole.cut(clusters))
    assert top.shape == (clusters - 1, 4)
    inside = whole.linkage()[COMPONENTS - clusters - 1, 2] if clusters < COMPONENTS else 0
    np.testing.assert_allclose(top[:, 2], whole.linkage()[COMPONENTS - clusters :, 2] - inside)
    # Each merge of clusters joins the same components as that of the whole tree.
    members = [set(np.flatnonzero(whole.cut(clusters) == cluster)) for cluster in range(clusters)]
    for step, (one, other, _, size) in enumerate(top):
        members.append(members[int(one)] | members[int(other)])
        cut = whole.cut(clusters - step - 1)
        (cluster,) = {cut[component] for component in members[-1]}
        assert members[-1] == set(np.flatnonzero(cut == cluster))
        assert size <= clusters


CROSSED, SPLIT = "at least one boundary is crossed", "no boundary between them"
# What heads find, what was asked for, and parts of what is said.
WORDS: list[tuple[str, AskedNumber, tuple[str, ...]]] = [
    ("clear", None, ("4 clusters were found: between any two of them,", f"{THIRD} inside them. All three parts")),
    ("clear", (2, 9), ("4 clusters were found: between any two of them,", "learned apart find 4.")),
    ("clear", (2, 3), ("At most 3 clusters were asked for, but 4 have a boundary around them", "of the 4,", CROSSED)),
    ("clear", (7, 9), ("At least 7 clusters were asked for, but only 4 have a boundary around them", SPLIT)),
    ("clear", (3, 3), ("3 clusters were asked for, but 4 have a boundary", CROSSED)),
    ("clear", (1, 1), ("One cluster was asked for, but 4 have a boundary", CROSSED)),
    ("clear", 1, ("One cluster was asked for, but 4 have a boundary", CROSSED)),
    ("clear", 2, ("2 clusters were asked for, but 4 have a boundary", "any two of the 4,", CROSSED)),
    ("clear", 4, ("4 clusters were asked for, and as many have a boundary around them: between any two of them,",)),
    ("clear", 7, ("7 clusters were asked for, but only 4 have a boundary", "any two of the 4,", SPLIT)),
    ("clear", COMPONENTS, (f"{COMPONENTS} clusters were asked for, but only 4", SPLIT)),
    (
        "weak",
        None,
        ("4 clusters were found. Of three parts", "one finds 4, the others find 3 and 6", "`cut` gives them"),
    ),
    ("weak", (2, 5), ("4 clusters were found. Of three parts", "without a new fit")),
    ("weak", (1, 2), ("At most 2 clusters were asked for, but more have a boundary", "find 3 and 6", CROSSED)),
    ("weak", (5, 9), ("At least 5 clusters were asked for, and that is within what was found", "find 3 and 6")),
    ("weak", 1, ("One cluster was asked for, but more have a boundary", CROSSED)),
    ("weak", 2, ("2 clusters were asked for, but more have a boundary", "one finds 4", CROSSED)),
    ("weak", 3, ("3 clusters were asked for, and that is within what was found: of three parts",)),
    ("weak", 4, ("4 clusters were asked for, and that is within what was found",)),
    ("weak", 6, ("6 clusters were asked for, and that is within what was found",)),
    ("weak", 7, ("7 clusters were asked for, but fewer have a boundary", "find 3 and 6", SPLIT)),
    (
        "none",
        None,
        (f"No boundary was found: nowhere between rows is it {THIRD} on both sides.", "all rows are in one"),
    ),
    ("none", (1, 5), ("No boundary was found: nowhere", "all rows are in one cluster")),
    ("none", (3, 5), ("At least 3 clusters were asked for, but no boundary was found: nowhere", SPLIT)),
    ("none", 1, ("One cluster was asked for, and no boundary was found: nowhere",)),
    ("none", 7, ("7 clusters were asked for, but no boundary was found: nowhere", SPLIT)),
    ("alone", None, ("4 clusters were found: between any two of them,", "The model learned in one part only")),
    ("alone", 2, ("2 clusters were asked for, but 4 have a boundary", CROSSED)),
    (
        "half",
        None,
        ("two find no boundary, the other finds 3 clusters. So all rows are in one cluster", "`cut` gives"),
    ),
    ("half", 1, ("One cluster was asked for, and that is within what was found", "two find no boundary")),
    ("half", 3, ("3 clusters were asked for, and that is within what was found", "the other finds 3 clusters")),
    ("half", 5, ("5 clusters were asked for, but fewer have a boundary", SPLIT)),
]


@pytest.mark.parametrize(("found", "asked", "parts"), WORDS)
def test_the_words_name_the_number_and_why(found: str, asked: AskedNumber, parts: tuple[str, ...]) -> None:
    words = verdict(number_of(found, asked))
    for part in parts:
        assert part in words
    assert words.endswith(".")


@pytest.mark.parametrize(("found", "asked", "_"), WORDS)
def test_only_what_is_so_for_every_head_is_said_of_boundaries(found: str, asked: AskedNumber, _: object) -> None:
    number = number_of(found, asked)
    words, (least, most) = verdict(number), number.spread
    assert ("asked for" in words) == (not number.is_found)
    # With fewer clusters than a head finds, two that are apart in it are in one; with more, one is in two.
    assert (CROSSED in words) == (number.used < least)
    assert (SPLIT in words) == (number.used > most)
    assert ("rows are less than a third as dense" in words) == (1 < least == most)
    assert ("nowhere" in words) == (most == 1)


def test_every_case_has_its_own_words() -> None:
    assert len({verdict(number_of(found, used)) for found in FOUND for used in (None, 2, 4, 7)}) == 4 * len(FOUND) - 3


@pytest.mark.parametrize(
    ("apart", "words"), [(0.3, "less than a third as"), (0.35, "less than 0.35 times as"), (0.5, "less than half as")]
)
def test_a_boundary_is_as_sharp_as_the_heads_agreed(apart: float, words: str) -> None:
    number = number_of()
    # All boundaries are below the lowest level here, and the chart has the line where the number was counted.
    found = replace(number, evidence=replace(number.evidence, apart=apart))
    assert f"rows are {words} dense as inside" in verdict(found)
    assert f"below {apart:g}" in " ".join(text.get_text() for text in found.figure().axes[0].texts)


def test_two_clusters_have_one_boundary() -> None:
    weighed = evidence(2, 2)
    assert verdict(Number(2, weighed, None, np.zeros((1, 4)))) == (
        f"2 clusters were found: between the two, rows are {THIRD} inside them. "
        "Both parts of the model that learned apart find 2."
    )


@pytest.mark.parametrize(("agreement", "doubt"), [(0.5, ", though not quite the same ones."), (0.95, " find 4.")])
def test_heads_that_find_as_many_but_others_are_said_to(agreement: float, doubt: str) -> None:
    number = number_of("clear")
    number.evidence.agreement[4 - 2] = agreement
    assert verdict(number).endswith(doubt)


@pytest.mark.parametrize("asked", [None, 4])
def test_boundaries_that_the_clusters_no_longer_have_are_not_promised(asked: int | None) -> None:
    number = replace(number_of("clear", asked), touching=((1, 3), (0, 2)))
    words = verdict(number)
    assert "any two" not in words
    assert "between two such groups" in words
    assert "Boundaries were measured while the fit was under way" in words
    assert words.endswith("there is no boundary between 1 and 3 or 0 and 2: look at whether they are one.")
    assert words in render_html(Report("Rows", sections=(number,)))
    many = replace(number, touching=tuple((one, one + 1) for one in range(5)))
    assert "between 0 and 1, 1 and 2 or 2 and 3, and between others:" in verdict(many)


def test_a_number_of_an_earlier_fit_that_goes_on_is_not_said_to_be_found() -> None:
    # `warm_start` with n_clusters="auto" keeps the clusters that are there.
    assert "asked for" in verdict(Number(7, evidence(4, 4), None, np.zeros((6, 4))))


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("asked", [None, 7])
def test_the_page_shows_the_words_and_both_charts_for_light_and_dark(found: str, asked: int | None) -> None:
    number = number_of(found, asked)
    text = render_html(Report("Rows", sections=(number,)))
    assert HEADING in text
    assert verdict(number) in text
    assert ("The band" in text) == (found in ("weak", "half"))
    assert "Less than 2.1 % of the rows" in text
    assert text.count('<source srcset="data:image/svg+xml') == (2 if tree_is_readable(number.used) else 1)


@pytest.mark.parametrize(
    ("found", "asked", "marks"),
    [
        ("clear", None, ["4 used"]),
        ("clear", 4, ["4 used"]),
        ("clear", 7, ["4 found", "7 used"]),
        ("clear", (2, 3), ["3 used", "4 found"]),
        ("clear", 1, ["4 found"]),
        ("none", None, []),
        ("none", 3, ["3 used"]),
    ],
)
def test_the_figure_marks_the_used_number_and_the_found_where_it_is_another(
    found: str, asked: AskedNumber, marks: list[str]
) -> None:
    texts = [mark.get_text() for mark in number_of(found, asked).figure().axes[0].texts]
    assert [text for text in texts if "boundary" not in text] == marks
    assert "below 0.3:\na boundary" in texts


def test_the_lines_of_the_figure_are_the_evidence_cut_off_at_1() -> None:
    number = number_of("clear")
    density, agreement = (np.asarray(axes.lines[0].get_ydata()) for axes in number.figure().axes)
    np.testing.assert_array_equal(density, np.minimum(number.evidence.density, 1))
    np.testing.assert_array_equal(agreement, number.evidence.agreement)
    assert density.max() == 1 < number.evidence.density.max()


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_points_are_filled_where_there_is_a_boundary(palette: Palette) -> None:
    number = number_of("clear")
    (points,) = number.figure(palette).axes[0].collections
    filled = [to_hex(colour) == palette.mark for colour in points.get_facecolor()]  # type: ignore[union-attr]
    assert filled == (number.evidence.density < APART).tolist()


@pytest.mark.parametrize("found", FOUND)
def test_a_band_spans_what_heads_find_where_they_differ(found: str) -> None:
    number = number_of(found)
    least, most = number.spread
    for axes in number.figure().axes:
        bands = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
        edges = [tuple(band.intervalx.round(6).tolist()) for band in bands]
        assert edges == ([(least - 0.5, most + 0.5)] if least < most else [])


def test_values_that_are_not_finite_leave_a_hole_and_finite_limits() -> None:
    number = number_of("clear")
    number.evidence.density[:] = np.nan
    number.evidence.agreement[:] = np.inf
    for axes in number.figure().axes:
        assert np.isfinite(axes.get_ylim()).all()


def test_the_figure_reaches_three_times_the_used_number_if_there_are_so_many() -> None:
    many = np.ones(119)
    for used, last in ((2, 15), (10, 30), (60, 120)):
        figure = number_figure(many, many, used, found=used, spread=(used, used))
        assert len(figure.axes[0].lines[0].get_xdata()) == last - 1  # type: ignore[arg-type]


def test_the_tree_names_every_cluster_once_and_is_left_out_where_it_could_not_be_read() -> None:
    number = number_of("clear", 7)
    (axes,) = tree_figure(number.tree).axes
    assert sorted(label.get_text() for label in axes.get_xticklabels()) == [str(cluster) for cluster in range(7)]
    assert not any(tree_is_readable(used) for used in (1, 2, MOST_IN_TREE + 1))


def test_the_pictures_are_written_and_only_those_there_are(tmp_path: Path) -> None:
    def written(number: Number, folder: str) -> list[Path]:
        return write_pictures(Report("Rows", sections=(number,)), tmp_path / folder)

    assert [path.name for path in written(number_of("clear"), "clear")] == ["number.png", "tree.png"]
    assert [path.name for path in written(number_of("none"), "none")] == ["number.png"]
    first, second = (written(number_of(), folder) for folder in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
