import warnings
from pathlib import Path

import numpy as np
import pytest

from vaecluster import Bound, TwoViews, VAEClustering
from vaecluster.clusters.hierarchy import merge_components
from vaecluster.clusters.number import Evidence
from vaecluster.errors import EmptyClustersWarning
from vaecluster.methods import Method
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

HEADING = "How many clusters"
COMPONENTS = 12


def evidence(strength: str) -> Evidence:
    """Of 12 components: a clear drop after 4 clusters, where the heads agree, a smaller one, or nothing."""
    numbers = np.arange(2, COMPONENTS + 1)
    low = {"clear": 0.0, "weak": 1.3, "none": 1.2}[strength]
    agreement = np.where(numbers == 4, 0.6 if strength == "none" else 0.95, 0.6)
    # Components enough for every number.
    found = Evidence(np.where(numbers <= 4, 1.2, low) / numbers, np.zeros(len(numbers)), agreement, 2.0 * COMPONENTS)
    assert found.strength == strength
    return found


def number_of(strength: str = "clear", used: int | None = None, heads: int = 3) -> Number:
    weighed = evidence(strength)
    clusters = used or weighed.clusters
    tree = merge_components(np.random.default_rng(0).random((COMPONENTS, COMPONENTS)))
    return Number(
        losses=np.arange(2, COMPONENTS + 1) * weighed.losses,
        agreement=weighed.agreement if heads > 1 else None,
        support=weighed.support,
        used=clusters,
        best=weighed.clusters,
        strength=weighed.strength,
        found=used is None,
        tree=cluster_tree(tree, tree.cut(clusters)),
    )


def collected(model: VAEClustering) -> Number | None:
    return Number.of(FinishedRun({}, model, {}))


def quick_model(method: type[Method] = TwoViews, n_clusters: int = 3, **settings: object) -> VAEClustering:
    rows = np.random.default_rng(0).normal(size=(60, 3)) + 20 * np.eye(3)[np.arange(60) % 3]
    chosen = method(epochs=2, hidden=(16,), **settings)
    model = VAEClustering(n_clusters, method=chosen, random_state=0, device="cpu")
    with warnings.catch_warnings():
        # Two epochs need not fill every cluster.
        warnings.simplefilter("ignore", EmptyClustersWarning)
        return model.fit(rows)


def test_the_section_on_a_model_holds_its_numbers_and_a_leaf_per_cluster() -> None:
    model = quick_model(components=9)
    number = collected(model)
    assert number is not None
    assert (number.used, number.found, number.components) == (3, False, 9)
    assert number.best == model.evidence_.clusters
    np.testing.assert_array_equal(number.losses, np.arange(2, 10) * model.evidence_.losses)
    assert [number.support_of(other) is None for other in (1, 2, 8, 9)] == [True, False, False, True]
    cut = collected(model.cut(5))
    assert cut is not None
    assert (cut.used, cut.found, len(cut.tree)) == (5, False, 4)


def test_a_method_that_weighs_no_numbers_has_no_section() -> None:
    assert collected(quick_model(Bound)) is None


def test_one_component_leaves_nothing_to_weigh() -> None:
    assert collected(quick_model(n_clusters=1, components=1)) is None


def test_one_head_is_not_said_to_agree_with_itself() -> None:
    number = collected(quick_model(components=9, heads=1))
    assert number is not None
    assert number.agreement is None
    assert len(number.figure().axes) == 1
    alone = number_of(heads=1)
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


def test_a_clear_number_is_named_with_its_reason_and_a_weak_one_with_a_doubt() -> None:
    assert verdict(number_of("clear")) == (
        "4 clusters were found. Merging on from 4 to 3 loses clearly more than the merge before, and parts of the "
        "model that learned apart find the same clusters."
    )
    assert "4 clusters were found, but little speaks for that number" in verdict(number_of("weak"))
    assert "No clusters were found" in verdict(number_of("none"))


def test_a_number_that_was_given_is_not_said_to_be_found() -> None:
    for strength in ("clear", "weak", "none"):
        for used in (1, 2, 4, 7, COMPONENTS):
            words = verdict(number_of(strength, used))
            assert "asked for" in words
            assert "found" not in words
            assert ("One cluster was" if used == 1 else f"{used} clusters were") in words
            assert ("supported" in words) == (strength != "none")
    assert verdict(number_of("clear", 7)) == (
        "7 clusters were asked for, but little speaks for that number; best supported is 4."
    )


def test_every_case_has_its_own_words() -> None:
    cases = [(strength, used) for strength in ("clear", "weak", "none") for used in (None, 4, 7)]
    assert len({verdict(number_of(*case)) for case in cases}) == len(cases)


def test_a_second_number_with_much_support_is_not_called_little() -> None:
    number = number_of("clear", 7)
    number.support[7 - 2] = 1.0
    assert "much speaks for that number; 4 is supported even better" in verdict(number)


def test_heads_that_agree_in_part_are_not_said_to_find_the_same() -> None:
    number = number_of("clear")
    assert number.agreement is not None
    number.agreement[4 - 2] = 0.5
    assert verdict(number).endswith("though parts of the model that learned apart agree only in part.")


@pytest.mark.parametrize(("strength", "used"), [("clear", None), ("weak", None), ("none", None), ("clear", 7)])
def test_the_page_shows_the_words_and_both_charts_for_light_and_dark(strength: str, used: int | None) -> None:
    number = number_of(strength, used)
    text = render_html(Report("Rows", sections=(number,)))
    assert HEADING in text
    assert verdict(number) in text
    assert text.count('<source srcset="data:image/svg+xml') == (2 if tree_is_readable(number.used) else 1)


def test_the_figure_marks_the_used_number_and_the_best_where_it_is_another() -> None:
    def marks(number: Number) -> list[str]:
        return [mark.get_text() for mark in number.figure().axes[0].texts]

    assert marks(number_of("clear")) == ["4 used"]
    assert marks(number_of("clear", 7)) == ["4 best supported", "7 used"]
    assert marks(number_of("clear", 1)) == ["4 best supported"]
    assert marks(number_of("none")) == []


def test_the_lines_of_the_figure_are_the_evidence_and_hold_no_nan() -> None:
    number = number_of("clear")
    losses, agreement = (np.asarray(axes.lines[0].get_ydata()) for axes in number.figure().axes)
    np.testing.assert_array_equal(losses, number.losses)
    np.testing.assert_array_equal(agreement, number.agreement)
    assert np.isfinite(losses).all()
    assert np.isfinite(agreement).all()


def test_values_that_are_not_finite_leave_a_hole_and_finite_limits() -> None:
    number = number_of("clear")
    number.losses[:] = np.inf
    assert np.isfinite(number.figure().axes[0].get_ylim()).all()


def test_the_figure_reaches_three_times_the_used_number_if_there_are_so_many() -> None:
    many = np.ones(119)
    for used, last in ((2, 15), (10, 30), (60, 120)):
        figure = number_figure(many, many, used, best=used)
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
