import numpy as np
import pytest
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from vaecluster.clusters.agreement import Stability, stability_of
from vaecluster.look.encode import png_bytes, svg_text
from vaecluster.report.charts import DARK, LIGHT
from vaecluster.report.stability_chart import MARKS, ZONES, reading, stability_figure, zone


def runs_that_differ(runs: int, clusters: int) -> Stability:
    """Each cluster of 100 rows loses some of them to others in every run, some clusters more than others."""
    random = np.random.default_rng(0)
    reference = np.repeat(np.arange(clusters), 100)
    lost = np.linspace(0, 0.5, clusters)[reference]
    others = [
        np.where(random.random(len(reference)) < lost, random.integers(clusters, size=len(reference)), reference)
        for _ in range(runs - 1)
    ]
    return stability_of([reference, *others])


def test_every_pair_of_runs_has_its_index_in_its_cell_and_no_run_has_one_with_itself() -> None:
    stability = runs_that_differ(4, 3)
    cells = {text.get_position(): text.get_text() for text in stability_figure(stability).axes[0].texts[:12]}
    assert cells == {(b, a): f"{stability.ari[a, b]:.2f}" for a in range(4) for b in range(4) if a != b}


def test_the_bars_are_the_means_and_the_dots_the_other_runs_by_cluster_from_above() -> None:
    stability = runs_that_differ(4, 5)
    axes = stability_figure(stability).axes[1]
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose([bar.get_width() for bar in bars], stability.mean_jaccard)
    dots = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(dots, stability.jaccard)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1", "2", "3", "4"]
    assert axes.yaxis_inverted()
    assert tuple(line.get_xdata()[0] for line in axes.lines if line.get_marker() != "o") == MARKS  # type: ignore[index]


def test_clusters_keep_their_own_numbers() -> None:
    axes = stability_figure(stability_of([[2, 2, 7, 7], [0, 0, 1, 1]])).axes[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2", "7"]


@pytest.mark.parametrize(("runs", "clusters"), [(2, 2), (2, 50), (3, 3), (10, 2), (10, 50)])
def test_no_words_meet_and_none_leave_the_picture(runs: int, clusters: int) -> None:
    figure = stability_figure(runs_that_differ(runs, clusters))
    figure.draw_without_rendering()  # it finds the layout
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]  # type: ignore[attr-defined]
    boxes = {(text.get_text(), place): text.get_window_extent() for place, text in enumerate(texts)}
    sheet = figure.bbox
    for name, box in boxes.items():
        assert box.x0 >= sheet.x0, name
        assert box.y0 >= sheet.y0, name
        assert box.x1 <= sheet.x1, name
        assert box.y1 <= sheet.y1, name
    pairs = [(one, other) for one in boxes for other in boxes if one[1] < other[1]]
    assert [pair for pair in pairs if boxes[pair[0]].overlaps(boxes[pair[1]])] == []


@pytest.mark.parametrize(("runs", "clusters"), [(2, 1), (14, 3), (3, 120)])
def test_any_number_of_runs_and_clusters_makes_a_picture(runs: int, clusters: int) -> None:
    assert png_bytes(stability_figure(runs_that_differ(runs, clusters))).startswith(b"\x89PNG")


def test_an_index_below_0_and_an_overlap_of_0_make_a_picture() -> None:
    stability = stability_of([[0, 0, 1, 1], [0, 1, 0, 1], [-1, -1, -1, -1]])
    assert stability.worst_ari < 0
    assert "\N{MINUS SIGN}0.50" in reading(stability)
    assert png_bytes(stability_figure(stability)).startswith(b"\x89PNG")


def test_the_reading_stands_below_the_picture_in_full() -> None:
    stability = runs_that_differ(3, 10)
    below = stability_figure(stability).get_supxlabel()
    assert " ".join(below.split()) == reading(stability)


def test_each_zone_begins_with_its_mark() -> None:
    for name, below, mark in zip(ZONES[1:], ZONES, MARKS, strict=False):
        assert (zone(mark), zone(np.nextafter(mark, 0))) == (name, below)
    assert (zone(0), zone(1)) == (ZONES[0], ZONES[-1])


def test_the_reading_counts_the_clusters_of_each_zone() -> None:
    # Ten rows a cluster; the second run keeps 10, 8, 7 and 5 rows of them together and sets the others apart.
    kept = [(0, 10), (1, 8), (2, 7), (3, 5)]
    first = np.repeat(np.arange(4), 10)
    second = np.concatenate([[cluster] * rows + list(range(10, 20 - rows)) for cluster, rows in kept])
    apart = np.where(second < 10, second, np.arange(len(second)) + 10)
    words = reading(stability_of([first, apart]))
    assert "2 runs with 4 to 14 clusters have" in words
    assert words.endswith(
        "of the 4 clusters of the first run, 1 is highly stable, 1 is valid, 1 is doubtful and 1 is unstable."
    )


def test_the_reading_is_one_sentence_for_one_two_and_more_clusters_alike() -> None:
    assert reading(stability_of([[0, 0], [3, 3]])) == (
        "2 runs with 1 cluster each have an adjusted Rand index of 1.00; "
        "the one cluster of the first run is highly stable."
    )
    assert reading(stability_of([[0, 0, 1]] * 3)) == (
        "3 runs with 2 clusters each have an adjusted Rand index of 1.00 on average and 1.00 in the worst pair; "
        "both clusters of the first run are highly stable."
    )
    assert reading(stability_of([[0, 1, 2]] * 2)).endswith("; all 3 clusters of the first run are highly stable.")


def test_the_same_result_gives_the_same_bytes_and_another_palette_others() -> None:
    stability = runs_that_differ(3, 4)
    assert png_bytes(stability_figure(stability)) == png_bytes(stability_figure(stability, LIGHT))
    assert svg_text(stability_figure(stability)) == svg_text(stability_figure(stability))
    assert svg_text(stability_figure(stability)) != svg_text(stability_figure(stability, DARK))
