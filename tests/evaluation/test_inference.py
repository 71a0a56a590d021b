from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vaecluster.data.preprocessing import choose_preprocessing
from vaecluster.data.rows import Rows
from vaecluster.evaluation import inference
from vaecluster.evaluation.inference import (
    BLOCK,
    assignments,
    bounds,
    clusters,
    codes,
    component_logits,
    decode,
    draw_codes,
    mean_bound,
)
from vaecluster.model.grouping import Grouping
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_model
from vaecluster.training.settings import Settings

quick = hypothesis_settings(max_examples=5, deadline=None)
SMALL = Settings(
    network="dense",
    latent=3,
    likelihood="gaussian",
    precision=2.5,
    epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    hidden=(48, 32),
)
CLUSTERS, NUMBER = 4, 2 * BLOCK + 17
Answer = Callable[[ClusteringVAE, Rows], np.ndarray]
answers = pytest.mark.parametrize("answer", [assignments, codes, bounds])


def some_array(kind: str) -> np.ndarray:
    random = np.random.default_rng(0)
    if kind == "vectors":
        return random.normal(size=(NUMBER, 13))
    return random.integers(0, 256, (NUMBER, 6, 5)).astype(np.uint8)


def case(
    kind: str, posterior: str = "code", likelihood: str = "gaussian", **choices: object
) -> tuple[ClusteringVAE, Rows]:
    array = some_array(kind)
    preprocessing = choose_preprocessing(array, likelihood)
    network = "conv" if kind == "images" else "dense"
    torch.manual_seed(0)
    settings = replace(SMALL, network=network, cluster_posterior=posterior, likelihood=likelihood, **choices)
    model = build_model(settings, preprocessing.data_shape, CLUSTERS)
    torch.nn.init.normal_(model.prior.components.means)
    return model, Rows(array, preprocessing, torch.device("cpu"))


CASES = {
    name: case(*parts)
    for name, parts in {
        "vectors by the code": ("vectors", "code"),
        "vectors by the features": ("vectors", "features"),
        "vectors by Bayes' rule": ("vectors", "bayes", "gaussian-learned"),
        "images by the code": ("images", "code"),
        "coin flips": ("images", "features", "bernoulli"),
    }.items()
}
cases = pytest.mark.parametrize("name", CASES)


def part(rows: Rows, indices: np.ndarray | list[int] | slice) -> Rows:
    return Rows(rows.array[indices], rows.preprocessing, rows.device)


@cache
def answers_for_all_rows(answer: Answer, name: str) -> np.ndarray:
    return answer(*CASES[name])


@answers
@cases
@given(number=st.sampled_from([1, 2, 3, 17, BLOCK - 1, BLOCK, BLOCK + 1]), seed=st.integers(0, 999))
@quick
def test_the_answer_for_a_row_does_not_depend_on_the_rows_around_it(
    answer: Answer, name: str, number: int, seed: int
) -> None:
    model, rows = CASES[name]
    indices = np.random.default_rng(seed).integers(0, NUMBER, number)
    together = answers_for_all_rows(answer, name)
    np.testing.assert_array_equal(answer(model, part(rows, indices)), together[indices])


@answers
@pytest.mark.parametrize("name", ["vectors by the code", "images by the code"])
def test_every_row_alone_gets_the_answer_it_gets_in_company(answer: Answer, name: str) -> None:
    model, rows = CASES[name]
    for index in (0, 1, BLOCK - 1, BLOCK, NUMBER - 1):
        alone = answer(model, part(rows, [index]))
        np.testing.assert_array_equal(alone, answers_for_all_rows(answer, name)[[index]])


@pytest.mark.parametrize("hidden", [(16,), (48, 16), (16, 32)])
def test_the_place_of_a_row_in_its_block_does_not_matter_whatever_the_widths(hidden: tuple[int, ...]) -> None:
    # With few outputs some matrix libraries choose the kernel of a row by where it starts in memory, which
    # depends on its place when a row's bytes are no multiple of the vector registers': Settings.check refuses those.
    model, rows = case("vectors", hidden=hidden)
    twins = Rows(np.repeat(rows.array[:1], BLOCK, axis=0), rows.preprocessing, rows.device)
    for answer in (codes, assignments, bounds):
        together = answer(model, twins)
        np.testing.assert_array_equal(together, np.repeat(together[:1], BLOCK, axis=0))


@pytest.mark.parametrize("name", ["vectors by the code", "images by the code"])
@pytest.mark.parametrize("number", [1, 2, 5, BLOCK, BLOCK + 3])
def test_a_decoded_row_does_not_depend_on_the_codes_around_it(name: str, number: int) -> None:
    model, rows = CASES[name]
    code = torch.from_numpy(codes(model, rows))
    assert torch.equal(decode(model, code[:number]), decode(model, code)[:number])


@cases
def test_assignments_are_chances_that_sum_to_one_in_double_precision(name: str) -> None:
    chances = assignments(*CASES[name])
    assert chances.shape == (NUMBER, CLUSTERS)
    assert chances.dtype == np.float64
    assert (chances >= 0).all()
    np.testing.assert_allclose(chances.sum(1), 1, rtol=0, atol=1e-15)


@cases
def test_codes_and_assignments_are_the_models_own(name: str) -> None:
    model, rows = CASES[name]
    batch = rows[0:NUMBER]
    with torch.no_grad():
        np.testing.assert_allclose(codes(model, rows), model.mean_code(batch), atol=1e-5)
        np.testing.assert_allclose(assignments(model, rows), model.assign(batch).probs, atol=1e-5)


@cases
@given(cluster_of=st.lists(st.integers(0, 2), min_size=CLUSTERS, max_size=CLUSTERS))
@quick
def test_clusters_of_other_groups_need_no_other_look_at_the_rows(name: str, cluster_of: list[int]) -> None:
    model, rows = CASES[name]
    logits = component_logits(model, rows)
    assert logits.shape == (NUMBER, CLUSTERS)
    other = model.regrouped(Grouping(torch.tensor(cluster_of), 3))
    assigned = clusters(other, logits)
    np.testing.assert_array_equal(assigned, assignments(other, rows))
    np.testing.assert_allclose(assigned, assignments(model, rows) @ np.eye(3)[cluster_of], rtol=0, atol=1e-12)
    np.testing.assert_allclose(assigned.sum(1), 1, rtol=0, atol=1e-12)


@cases
def test_bounds_are_the_same_each_time_and_leave_the_random_state_alone(name: str) -> None:
    model, rows = CASES[name]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = bounds(model, rows)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(8)
    np.testing.assert_array_equal(bounds(model, rows), first)
    assert first.shape == (NUMBER,)
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert mean_bound(model, rows) == first.mean()


def test_bounds_are_those_of_many_draws_up_to_their_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = CASES["vectors by the code"]
    rows = part(rows, slice(0, 5))
    few = bounds(model, rows)
    monkeypatch.setattr(inference, "DRAWS", 2000)
    monkeypatch.setattr(inference, "NOISE_SEED", 1)
    many = bounds(model, rows)
    np.testing.assert_allclose(few, many, atol=0.15 * np.abs(many).max())
    assert not np.array_equal(few, many)


def test_no_answer_keeps_a_graph_of_gradients() -> None:
    model, rows = CASES["images by the code"]
    assert not decode(model, torch.from_numpy(codes(model, rows))).requires_grad
    assert not draw_codes(model, 3, cluster=None).requires_grad


@pytest.mark.parametrize("number", [1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("cluster", [None, 0, 3])
def test_as_many_codes_are_drawn_as_asked_for(number: int, cluster: int | None) -> None:
    model, _ = CASES["vectors by the code"]
    assert draw_codes(model, number, cluster).shape == (number, SMALL.latent)


def test_codes_are_drawn_from_the_cluster_asked_for_and_otherwise_in_the_priors_shares() -> None:
    model, _ = case("vectors")
    with torch.no_grad():
        model.prior.components.means.copy_(1000.0 * torch.arange(CLUSTERS).unsqueeze(1))
        model.prior.weights.logits.copy_(torch.tensor([0.4, 0.3, 0.3, 1e-30]).log())
    torch.manual_seed(0)
    asked = (draw_codes(model, 2 * BLOCK, cluster=2) / 1000).round()
    assert (asked == 2).all()
    drawn = (draw_codes(model, 3000, cluster=None)[:, 0] / 1000).round().long()
    shares = torch.bincount(drawn, minlength=CLUSTERS) / 3000
    torch.testing.assert_close(shares, torch.tensor([0.4, 0.3, 0.3, 0.0]), atol=0.05, rtol=0)


def test_decoding_many_codes_is_decoding_each_block() -> None:
    model, rows = CASES["images by the code"]
    code = torch.from_numpy(codes(model, rows))
    decoded = decode(model, code)
    assert decoded.shape == (NUMBER, 1, 6, 5)
    with torch.no_grad():
        torch.testing.assert_close(decoded, model.decode_mean(code))
