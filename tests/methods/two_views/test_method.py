from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from builders import frame, images, learned, learned_on, rows_of, tiny, vectors
from vaecluster import TwoViews, VAEClustering
from vaecluster.clusters.hierarchy import Hierarchy, merge_components
from vaecluster.clusters.number import AskedNumber
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.frames import FrameSource
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError, TrainingError
from vaecluster.files.record import plain
from vaecluster.inference.answers import assignments, codes, draw_rows
from vaecluster.methods.base import Fitted
from vaecluster.methods.two_views import method as method_module
from vaecluster.methods.two_views.method import STEPS_PER_COMPONENT, pairs
from vaecluster.methods.two_views.objective import TwoViewsObjective
from vaecluster.methods.two_views.regrouping import LOOKS
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.events import AtWork, ClustersMergedAgain, EpochDone, Event, StepDone
from vaecluster.training.interrupt import InterruptGuard
from vaecluster.training.run import Run
from vaecluster.training.state import tensors_of
from vaecluster.views import GaussianNoise, Neighbours, RandomCrop, Views

CLUSTERS, NUMBER = 3, 40
SMALL = tiny("two-views", epochs=5, component_share=0.4)
# Three steps an epoch; these 201 are few, so each is large.
ENOUGH = tiny(
    "two-views",
    epochs=67,
    batch_size=100,
    learning_rate=1e-2,
    hidden=(32,),
    latent=4,
    precision=10.0,
    components=12,
    component_share=0.5,
)
GROUP = np.arange(300) % 4
VECTORS, IMAGES = rows_of(vectors()).schema, rows_of(images()).schema


def groups(seed: int = 0) -> np.ndarray:
    return vectors(300, groups=4, seed=seed)


def bytes_of(fitted: Fitted) -> dict[str, bytes]:
    return {name: values.numpy().tobytes() for name, values in tensors_of(fitted.model).items()}


# The settings together


@pytest.mark.parametrize(
    ("choice", "clusters", "parts"),
    [
        ({"components": 2}, 3, ["components is 2", "n_clusters=3", "several for each"]),
        ({"cluster_weights": (0.5, 0.5)}, 3, ["2 shares", "3 clusters", "one each"]),
        ({"cluster_weights": (0.5, 0.5)}, None, ["holds shares", "n_clusters is 'auto'", "Give the number"]),
        ({"views": RandomCrop()}, 3, ["RandomCrop", "vectors", "Neighbours"]),
    ],
    ids=str,
)
def test_settings_that_do_not_go_together_are_refused(choice: Any, clusters: int | None, parts: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        tiny("two-views", **choice).completed(VECTORS, NUMBER, clusters)
    assert all(part in str(caught.value) for part in parts)


def test_rows_with_categories_or_gaps_have_no_views_but_neighbours() -> None:
    schema = FrameSource(frame()).schema(Reading("gaussian", "columns"))
    assert tiny("two-views", views="counts").completed(VECTORS, NUMBER, 3).views == "counts"
    for views in ("counts", [Neighbours(), GaussianNoise()]):
        with pytest.raises(SettingError, match=r"categories or missing values.*Neighbours alone"):
            tiny("two-views", views=views).completed(schema, NUMBER, 3)
    tiny("two-views").completed(schema, NUMBER, 3)


@pytest.mark.parametrize(
    ("clusters", "rows", "components"),
    [
        *[(None, 5_000, 80), (1, 5_000, 80), (26, 5_000, 80), (27, 5_000, 81), (100, 5_000, 300), (256, 5_000, 768)],
        *[(1000, 5_000, 2256), ((5, 1000), 5_000, 2256), (100, 500, 250), (100, 120, 100), (27, 40, 80)],
    ],
)
def test_without_components_there_are_several_for_each_cluster_but_no_more_than_half_of_the_rows(
    clusters: AskedNumber, rows: int, components: int
) -> None:
    assert tiny("two-views", components=None).completed(VECTORS, rows, clusters).components == components


@pytest.mark.parametrize(("clusters", "rows"), [(None, 256), (256, 256), (257, 257), ((2, 1000), 1000)])
def test_a_batch_holds_as_many_rows_as_there_may_be_clusters(clusters: AskedNumber, rows: int) -> None:
    assert tiny("two-views", batch_size=None, components=None).completed(VECTORS, NUMBER, clusters).batch_size == rows
    assert tiny("two-views", batch_size=9, components=None).completed(VECTORS, NUMBER, clusters).batch_size == 9


@pytest.mark.parametrize("schema", [VECTORS, IMAGES], ids=["vectors", "images"])
def test_defaults_follow_from_the_kind_of_rows(schema: Schema) -> None:
    whole = method_module.TwoViews().completed(schema, 5000, None)
    expected = ((256, 256), 8, 50.0, 0.5) if schema is VECTORS else ((512, 512), 20, 2.5, 0.0)
    assert (whole.hidden, whole.latent, whole.precision, whole.apartness) == expected
    assert not whole.merges_by_code(schema)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.99])
@pytest.mark.parametrize("epochs", [2, 3, 10, 101])
def test_the_two_stages_share_the_epochs(epochs: int, share: float) -> None:
    method = replace(SMALL, epochs=epochs, component_share=share)
    first, second = method.completed(VECTORS, NUMBER, 3).plans().values()
    assert first.epochs + second.epochs == epochs
    assert min(first.epochs, second.epochs) >= 1
    # Components must settle: they have four epochs, or half of fewer than eight, whatever their share.
    assert abs(first.epochs - max(share * epochs, min(4, epochs // 2))) <= 1
    for plan in (first, second):
        assert (plan.batch_size, plan.learning_rate, plan.schedule) == (20, SMALL.learning_rate, "one-cycle")


def epochs_of(rows: int, **choice: Any) -> int | None:
    """In both stages, with 4,000 steps of 256 rows and at most 200 epochs if nothing else is said."""
    settings = {
        "epochs": None,
        "steps": 4000,
        "most_epochs": 200,
        "batch_size": 256,
        "components": COMPONENTS,
    } | choice
    return tiny("two-views", **settings).completed(VECTORS, rows, 3).epochs


@pytest.mark.parametrize("number", [12, "auto"])
def test_small_groups_are_found(number: Any) -> None:
    # A tenth of all rows would be near neighbours: twice as many as a group has.
    centres = 10 * np.random.default_rng(0).normal(size=(12, 5))
    rows = np.repeat(centres, 5, 0) + np.random.default_rng(1).normal(scale=0.5, size=(60, 5))
    found = VAEClustering(number, method=TwoViews(epochs=200, heads=2), random_state=0).fit(rows)
    assert adjusted_rand_score(np.arange(60) // 5, found.labels_) > 0.9


# There are 800 steps in any case, and one epoch a stage.
COMPONENTS = 80
LEAST_STEPS = STEPS_PER_COMPONENT * COMPONENTS


@pytest.mark.parametrize(
    ("rows", "choice", "epochs"),
    [
        *[(60_000, {}, 17), (3000, {}, 200), (1024, {}, 200), (300, {}, 200), (30, {}, LEAST_STEPS), (10**7, {}, 2)],
        *[(30, {"steps": steps, "most_epochs": 1}, max(2, steps)) for steps in (1, 100, LEAST_STEPS)],
        *[(3000, {"most_epochs": 1}, 33), (60_000, {"most_epochs": 10}, 10), (60_000, {"most_epochs": 1}, 2)],
        *[(30, {"epochs": 300, "most_epochs": 2, "steps": 5}, 300), (30, {"epochs": 1}, 2)],
    ],
)
def test_without_epochs_their_number_follows_from_the_steps(rows: int, choice: dict[str, int], epochs: int) -> None:
    assert epochs_of(rows, **choice) == epochs


# What is found


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_it_finds_separate_groups_and_generates_each(arithmetic: str) -> None:
    fitted = learned(replace(ENOUGH, arithmetic=arithmetic), groups(), 4)
    assert adjusted_rand_score(GROUP, assignments(fitted.model, rows_of(groups(), ENOUGH)).argmax(1)) > 0.9
    # Four groups as large as each other hold log 4 nats, and merging to four loses next to none of them.
    assert fitted.hierarchy.information(4) > 0.9 * fitted.hierarchy.losses.sum()
    for cluster in range(4):
        generator = torch.Generator().manual_seed(0)
        drawn = draw_rows(fitted.model, fitted.schema, 100, cluster, generator)
        with torch.no_grad():
            back = fitted.model.grouping.sum(fitted.model.assign(drawn).probs).argmax(-1)
        assert float((back == cluster).float().mean()) >= 0.99
    assert {values.dtype for values in tensors_of(fitted.model).values()} <= {torch.float32, torch.int64}


def test_it_finds_how_many_groups_there_are() -> None:
    fitted = learned(ENOUGH, groups(), None)
    assert (fitted.evidence.clusters, fitted.evidence.strength) == (4, "clear")
    assert adjusted_rand_score(GROUP, assignments(fitted.model, rows_of(groups(), ENOUGH)).argmax(1)) > 0.9


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_rows_without_groups_are_one_cluster(kind: str) -> None:
    rows = getattr(np.random.default_rng(0), kind)(size=(300, 3))
    evidence = learned(replace(ENOUGH, epochs=40), rows, None).evidence
    assert (evidence.clusters, evidence.strength) == (1, "none")


@pytest.mark.parametrize(
    ("asked", "clusters"), [((2, 9), 4), ((1, 4), 4), ((2, 3), 3), ((6, 9), 6), ((4, 4), 4)], ids=str
)
def test_within_a_range_it_finds_how_many_groups_there_are(asked: tuple[int, int], clusters: int) -> None:
    fitted = learned(replace(ENOUGH, epochs=40), groups(), asked)
    assert fitted.evidence.clusters == 4
    assert fitted.clusters == fitted.model.grouping.clusters == clusters


def test_arithmetic_is_in_bfloat16_by_itself_where_the_device_gains_by_it() -> None:
    chosen, exact, reduced = (
        bytes_of(learned(replace(SMALL, arithmetic=name), vectors())) for name in ("auto", "float32", "bfloat16")
    )
    assert exact != reduced
    assert chosen == (reduced if gains_by_bfloat16(torch.device("cpu")) else exact)


# The fit


def test_the_epochs_run_on_from_the_first_stage_to_the_second_in_the_same_terms() -> None:
    events: list[Event] = []
    fitted = learned(SMALL, vectors(), CLUSTERS, events.append)
    done = [event for event in events if isinstance(event, EpochDone)]
    assert [event.epoch for event in done] == [1, 2, 3, 4, 5]
    assert {event.epochs for event in events if not isinstance(event, AtWork)} == {5}
    steps = [event.rows_done for event in events if isinstance(event, StepDone)]
    assert steps == [epoch * NUMBER + rows for epoch in range(5) for rows in (20, 40)]
    for event in done:
        assert list(event.terms) == ["information", "reconstruction", "latent_kl", "agreement"]
        # The first stage's prior is one normal distribution, on which all agree.
        assert (event.terms["agreement"] == 0) == (event.epoch <= 2)
    assert all(np.isfinite(curve).all() for curve in fitted.history.curves().values())


def test_the_clusters_are_the_trees_cut_and_the_prior_fits_all_codes() -> None:
    fitted = learned(SMALL, vectors())
    model, rows = fitted.model, rows_of(vectors(), SMALL)
    np.testing.assert_array_equal(model.grouping.cluster_of.numpy(), fitted.hierarchy.cut(CLUSTERS))
    with torch.no_grad():
        assigned = model.eval().assign(rows[:]).probs
    torch.testing.assert_close(model.prior.weights().probs, assigned.mean(0), atol=1e-5, rtol=0)
    mean = model.prior.weights().probs @ model.prior.components.means
    torch.testing.assert_close(mean, torch.from_numpy(codes(model, rows).mean(0)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("clusters", [CLUSTERS, 6])
def test_fewer_clusters_than_were_refined_are_those_that_merging_found(
    clusters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees: list[Hierarchy] = []
    monkeypatch.setattr(
        method_module,
        "merge_components",
        lambda *parts, **known: trees.append(merge_components(*parts, **known)) or trees[-1],
    )
    fitted = learned(SMALL, vectors(), clusters)
    before, after = trees[-2 * SMALL.heads : -SMALL.heads], trees[-SMALL.heads :]
    assert any(tree is fitted.hierarchy for tree in after)
    for one, other in zip(before, after, strict=True):
        for number in range(1, clusters + 1):
            np.testing.assert_array_equal(one.cut(number), other.cut(number))
        assert not np.array_equal(one.losses, other.losses)


def with_heads(change: Callable[[torch.Tensor], object], monkeypatch: pytest.MonkeyPatch) -> list[TwoViewsObjective]:
    """Let fits begin with heads (heads, components, ...) that were changed in place; their objectives, in order."""
    made: list[TwoViewsObjective] = []
    of_components = TwoViewsObjective.of_components

    def start(module: TwoViewsObjective, generator: torch.Generator) -> None:
        start_(module, generator)
        with torch.no_grad():
            for values in module.heads.linear.parameters():
                change(values.view(2, 6, -1))

    start_ = method_module.start_
    monkeypatch.setattr(method_module, "start_", start)
    monkeypatch.setattr(
        TwoViewsObjective,
        "of_components",
        lambda *parts, **choice: made.append(of_components(*parts, **choice)) or made[-1],
    )
    return made


@pytest.mark.parametrize("ignorant", [0, 1])
def test_a_head_that_knows_less_than_another_is_not_kept(ignorant: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = with_heads(lambda values: values[ignorant].zero_(), monkeypatch)
    fitted = learned(SMALL, vectors())
    (objective,) = made
    kept = tensors_of(objective.heads.posterior(1 - ignorant))
    assert all(torch.equal(values, kept[name]) for name, values in tensors_of(fitted.model.cluster_posterior).items())
    # The networks are those that were learned.
    assert fitted.model.encoder is objective.encoder
    assert fitted.model.decoder is objective.decoder


def test_the_order_of_the_heads_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = []
    for order in ([0, 1], [1, 0]):
        with monkeypatch.context() as patch:
            with_heads(lambda values, order=order: values.copy_(values[order].clone()), patch)
            curves.append(learned(SMALL, vectors()).history.curves())
    # The head that the prior follows is the same one; sums in another order round otherwise.
    for name in ("latent_kl", "agreement"):
        np.testing.assert_allclose(curves[1][name], curves[0][name], rtol=2e-3, atol=1e-6)


def test_every_head_is_refined(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first stage is the same for both, being a share of the epochs.
    made = with_heads(lambda values: None, monkeypatch)
    for clusters in (2, 4):
        learned(SMALL, vectors(), clusters)
    one, other = (objective.heads.linear.weight.view(2, 6, -1) for objective in made)
    assert (one != other).any(-1).all()


@pytest.mark.parametrize("clusters", [1, 2, CLUSTERS, 6])
def test_the_number_of_clusters_asked_for_is_kept_whatever_the_evidence(clusters: int) -> None:
    grouping = learned(SMALL, vectors(), clusters).model.grouping
    assert grouping.clusters == clusters
    assert sorted(set(grouping.cluster_of.tolist())) == list(range(clusters))


@pytest.mark.parametrize("choice", [{}, {"heads": 1}, {"components": 1}, {"components": 2}], ids=str)
def test_without_a_number_the_evidence_has_its_way(choice: dict[str, int]) -> None:
    method = replace(SMALL, **choice)
    left_open = learned(method, vectors(), None)
    assert left_open.clusters == left_open.evidence.clusters
    assert all(values.isfinite().all() for values in tensors_of(left_open.model).values())
    numbers = method.components - 1
    assert left_open.evidence.density.shape == left_open.evidence.agreement.shape == (numbers,)
    assert left_open.evidence.found.shape == (method.heads,)
    # One cluster fewer would merge across a boundary.
    if left_open.clusters > 1:
        assert left_open.evidence.density[left_open.clusters - 2] < left_open.evidence.apart
    # What was seen does not depend on what was asked for.
    assert plain(left_open.evidence) == plain(learned(method, vectors(), 1).evidence)


def test_dead_clusters_are_merged_again_after_the_epochs_of_the_second_stage() -> None:
    # At such a rate nothing is learned: all clusters stay the same.
    events: list[Event] = []
    learned(replace(SMALL, epochs=20, learning_rate=1e-9), vectors(), CLUSTERS, events.append)
    again = [event for event in events if isinstance(event, ClustersMergedAgain)]
    assert len(again) == len(LOOKS)
    for event in again:
        assert 8 < event.epoch < event.epochs == 20
        # Of both heads together, one cluster of each being alive.
        assert 1 <= event.dead_clusters <= 2 * (CLUSTERS - 1)
        before = events[events.index(event) - 1]
        assert (type(before), before.epoch) == (EpochDone, event.epoch)


def test_how_sizes_count_changes_what_is_learned_and_their_order_and_unit_do_not() -> None:
    usual, *others, first, other = (
        bytes_of(learned(replace(SMALL, **choice), vectors()))
        for choice in (
            *({}, {"balance_weight": 0.0}, {"cluster_weights": "uniform"}, {"agreement_weight": 0.0}),
            *({"cluster_weights": (1, 2, 5)}, {"cluster_weights": np.array([0.625, 0.125, 0.25])}),
        )
    )
    assert usual not in (*others, first)
    assert first == other


@pytest.mark.parametrize(
    ("number", "batch_size"), [(6, 1), (7, 2), (1, 30)], ids=["batches of one", "a last batch of one", "one row"]
)
def test_a_fit_with_batches_of_one_row_is_possible(number: int, batch_size: int) -> None:
    model = learned(replace(SMALL, batch_size=batch_size), vectors(number), 1 if number == 1 else CLUSTERS).model
    assert all(values.isfinite().all() for values in tensors_of(model).values())


def test_a_rate_beyond_all_reason_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TrainingError, match="Try a much smaller learning_rate"):
        learned(replace(SMALL, learning_rate=1e30), vectors())


@pytest.mark.parametrize("epoch", [1, 4], ids=["first stage", "second stage"])
def test_ctrl_c_in_either_stage_leaves_a_prior_that_knows_the_codes(epoch: int) -> None:
    interrupt, rows = InterruptGuard(), rows_of(vectors(), SMALL)

    def press(event: Event) -> None:
        interrupt.requested |= isinstance(event, StepDone) and event.epoch == epoch

    method = SMALL.completed(rows.schema, NUMBER, CLUSTERS)
    fitted = method.fit(Run(rows, CLUSTERS, 0, listeners=[press], interrupt=interrupt))
    assert fitted.history.ending == "interrupted"
    assert [event.epoch for event in fitted.history.epochs] == list(range(1, epoch + 1))
    np.testing.assert_allclose(assignments(fitted.model, rows).sum(1), 1, atol=1e-6)
    assert float(fitted.model.prior.components.mass.sum()) == pytest.approx(1, abs=1e-5)


def test_a_pair_is_the_rows_as_they_are_and_a_view_of_each_that_the_generator_draws() -> None:
    rows, some = rows_of(vectors()), np.array([7, 3, 11, 0])
    batches = pairs(Views(Neighbours(3), (GaussianNoise(0.1),)).prepare(rows))
    first, again, other = (batches(some, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.rows, rows[some])
    assert torch.equal(first.view, again.view)
    assert not torch.equal(first.view, other.view)
    assert first.view.shape == first.rows.shape


# Going on


@pytest.fixture(scope="module")
def before() -> Fitted:
    return learned(ENOUGH, groups(), 4)


def labels(fitted: Fitted) -> np.ndarray:
    return assignments(fitted.model, rows_of(groups(), ENOUGH)).argmax(1)


@pytest.mark.parametrize(("groups_there", "epochs"), [(4, 1), (4, 10), (2, 5)], ids=str)
def test_clusters_keep_their_numbers_also_where_new_rows_have_none_of_them(
    before: Fitted, groups_there: int, epochs: int
) -> None:
    after = learned_on(before, vectors(300, groups=groups_there, seed=1), epochs, seen=300)
    assert (labels(after) == labels(before)).mean() >= 0.98
    assert torch.equal(after.model.grouping.cluster_of, before.model.grouping.cluster_of)
    assert [epoch.epoch for epoch in after.history.epochs] == list(range(1, epochs + 1))
    assert not torch.equal(after.model.encoder.mean.weight, before.model.encoder.mean.weight)


def test_the_prior_stands_for_old_rows_and_new_ones_by_their_number(before: Fitted) -> None:
    rows = vectors(300, groups=1, seed=1)
    only_new, mixed = (learned_on(before, rows, seen=seen).model.prior.components.mass for seen in (0, 900))
    # 300 new rows beside 900.
    expected = 0.75 * before.model.prior.components.mass + 0.25 * only_new
    torch.testing.assert_close(mixed, expected, rtol=1e-4, atol=1e-6)
    assert float(mixed.sum()) == pytest.approx(1, abs=1e-4)


def test_the_seed_decides_what_a_fit_that_goes_on_learns(before: Fitted) -> None:
    one, again, other = (bytes_of(learned_on(before, groups(1), seen=300, seed=seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
