from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from builders import estimator, frame, rows_of, tiny, vectors
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.draws import Draws
from vaecluster.data.frames import FrameSource
from vaecluster.data.given import source_of
from vaecluster.data.rows import Rows
from vaecluster.inference import answers
from vaecluster.inference.answers import (
    BLOCK,
    MOST_TRIES,
    assignments,
    bounds,
    codes,
    decode,
    draw_rows,
    likeliest,
    mean_bound,
)
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.initial import start_
from vaecluster.model.vae import ClusteringVAE

quick = hypothesis_settings(max_examples=5, deadline=None, derandomize=True, database=None)
CLUSTERS, NUMBER, LATENT = 4, 2 * BLOCK + 17, 3
RANDOM = np.random.default_rng(0)
VECTORS, IMAGES = RANDOM.normal(size=(NUMBER, 13)), RANDOM.integers(0, 256, (NUMBER, 6, 5)).astype(np.uint8)
PARTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "vectors by the code": (VECTORS, {}),
    "vectors by the features": (VECTORS, {"cluster_posterior": "features"}),
    "vectors by Bayes' rule": (VECTORS, {"cluster_posterior": "bayes", "likelihood": "gaussian-learned"}),
    "learned rows": (VECTORS, {"components": "vamp", "cluster_posterior": "bayes"}),
    "images by the code": (IMAGES, {"network": "conv"}),
    "coin flips": (IMAGES, {"network": "conv", "cluster_posterior": "features", "likelihood": "bernoulli"}),
    "a frame": (frame(NUMBER), {}),
}


@cache
def case(name: str, **choice: Any) -> tuple[ClusteringVAE, Rows]:
    """A model that has learned nothing, and rows; not to be changed."""
    given, parts = PARTS[name]
    method = tiny("su2018", **{"latent": LATENT, "hidden": (48, 32)} | parts | choice)
    if isinstance(given, np.ndarray):
        rows = rows_of(given, method)
    else:
        source = FrameSource(given)
        rows = Rows(source, source.schema(Reading(method.likelihood, method.scaling)), torch.device("cpu"))
    model = method.completed(rows.schema, NUMBER, CLUSTERS).build(rows.schema, CLUSTERS)
    start_(model, Draws(0).at("weights"))
    if hasattr(model.prior.components, "means"):
        torch.nn.init.normal_(model.prior.components.means, generator=Draws(0).at("means"))
    return model, rows


cases = pytest.mark.parametrize("name", PARTS)
Answer = Callable[[ClusteringVAE, Rows], np.ndarray]
every_answer = pytest.mark.parametrize("answer", [assignments, codes, bounds])


@cache
def of_all(answer: Answer, name: str) -> np.ndarray:
    return answer(*case(name))


@every_answer
@cases
@given(number=st.sampled_from([1, 2, 3, 17, BLOCK - 1, BLOCK, BLOCK + 1]), seed=st.integers(0, 999))
@quick
def test_the_answer_for_a_row_does_not_depend_on_the_rows_around_it(
    answer: Answer, name: str, number: int, seed: int
) -> None:
    model, rows = case(name)
    indices = np.random.default_rng(seed).integers(0, NUMBER, number)
    np.testing.assert_array_equal(answer(model, rows.some(indices)), of_all(answer, name)[indices])


@pytest.mark.parametrize("hidden", [(16,), (48, 16), (16, 32)])
def test_the_place_of_a_row_in_its_block_does_not_matter_whatever_the_widths(hidden: tuple[int, ...]) -> None:
    # With few outputs some matrix libraries choose the kernel of a row by where it starts in memory, which depends on
    # its place when a row's bytes are no multiple of the vector registers': settings refuse such widths.
    model, rows = case("vectors by the code", hidden=hidden)
    for answer in (codes, assignments, bounds):
        together = answer(model, rows.some(np.zeros(BLOCK, dtype=np.intp)))
        np.testing.assert_array_equal(together, np.repeat(together[:1], BLOCK, axis=0))


@cases
@pytest.mark.parametrize("number", [1, 5, BLOCK + 3, NUMBER])
def test_a_decoded_row_does_not_depend_on_the_codes_around_it(name: str, number: int) -> None:
    model, rows = case(name)
    code = torch.from_numpy(codes(model, rows))
    decoded = decode(model, code)
    assert decoded.shape == (NUMBER, *rows.schema.data_shape)
    assert torch.equal(decode(model, code[:number]), decoded[:number])
    assert not decoded.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(decoded, model.decoder.expected(code))


@cases
def test_assignments_are_probabilities_that_sum_to_one_in_double_precision(name: str) -> None:
    model, rows = case(name)
    found = of_all(assignments, name)
    assert found.shape == (NUMBER, CLUSTERS)
    assert found.dtype == np.float64
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(1), 1, rtol=0, atol=1e-15)
    assigned = likeliest(model, rows)
    np.testing.assert_array_equal(assigned.labels, found.argmax(1))
    assert (assigned.second != assigned.labels).all()
    np.testing.assert_array_equal(np.take_along_axis(found, assigned.second[:, None], 1)[:, 0], np.sort(found)[:, -2])
    np.testing.assert_array_equal(assigned.confidence, found.max(1))


@cases
def test_codes_and_assignments_are_the_models_own(name: str) -> None:
    model, rows = case(name)
    batch = rows[0:NUMBER]
    with torch.no_grad():
        np.testing.assert_allclose(of_all(codes, name), model.mean_code(batch), atol=1e-5)
        np.testing.assert_allclose(of_all(assignments, name), model.assign(batch).probs, atol=1e-5)


@cases
@given(cluster_of=st.lists(st.integers(0, 2), min_size=CLUSTERS, max_size=CLUSTERS))
@quick
def test_a_union_is_as_likely_as_its_parts(name: str, cluster_of: list[int]) -> None:
    model, rows = case(name)
    found = assignments(model.regrouped(Grouping(torch.tensor(cluster_of), 3)), rows)
    np.testing.assert_allclose(found, of_all(assignments, name) @ np.eye(3)[cluster_of], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1, rtol=0, atol=1e-12)


@cases
def test_bounds_are_finite_and_the_same_each_time(name: str) -> None:
    first = bounds(*case(name))
    torch.manual_seed(8)
    np.testing.assert_array_equal(bounds(*case(name)), first)
    assert first.shape == (NUMBER,)
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    assert mean_bound(*case(name)) == first.mean()


def test_bounds_are_those_of_many_draws_up_to_their_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = case("vectors by the code")
    rows = rows.some(np.arange(5))
    few = bounds(model, rows)
    monkeypatch.setattr(answers, "DRAWS", 2000)
    monkeypatch.setattr(answers, "NOISE_SEED", 1)
    many = bounds(model, rows)
    np.testing.assert_allclose(few, many, atol=0.15 * np.abs(many).max())
    assert not np.array_equal(few, many)


def new_rows(name: str, number: int, cluster: int | None) -> torch.Tensor:
    model, rows = case(name)
    return draw_rows(model, rows.schema, number, cluster, Draws(0).at("rows"))


def found_in(name: str, drawn: torch.Tensor) -> np.ndarray:
    """The cluster of each row as the user gets it."""
    model, rows = case(name)
    given = source_of(rows.schema.restore(drawn), rows.schema)
    return likeliest(model, Rows(given, rows.schema, rows.device)).labels


@cases
@pytest.mark.parametrize("number", [1, BLOCK + 1])
@pytest.mark.parametrize("cluster", [None, 3])
def test_as_many_rows_are_drawn_as_asked_for(name: str, number: int, cluster: int | None) -> None:
    drawn = new_rows(name, number, cluster)
    assert drawn.shape == (number, *case(name)[1].schema.data_shape)
    assert drawn.isfinite().all()
    assert not drawn.requires_grad
    assert torch.equal(drawn, new_rows(name, number, cluster))


@cases
@pytest.mark.parametrize("cluster", range(CLUSTERS))
def test_only_rows_that_do_not_fall_back_are_drawn_again_and_never_more_than_a_few_times(
    name: str, cluster: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    monkeypatch.setattr(answers, "decode", lambda model, code: tried.append(len(code)) or decode(model, code))
    monkeypatch.setattr(answers, "MOST_TRIES", 1)
    first = new_rows(name, BLOCK, cluster)
    kept = found_in(name, first) == cluster
    tried.clear()
    monkeypatch.setattr(answers, "MOST_TRIES", MOST_TRIES)
    drawn = new_rows(name, BLOCK, cluster)
    assert torch.equal(drawn[kept], first[kept])
    back = found_in(name, drawn) == cluster
    assert len(tried) == MOST_TRIES or back.all()
    assert tried[:2] == [BLOCK, BLOCK - kept.sum()][: len(tried)]
    assert tried == sorted(tried, reverse=True)


def test_rows_are_of_their_cluster_as_they_are_given_back_and_clusters_keep_their_shares() -> None:
    # Rounding moves counts this small into another cluster.
    counts = (0.5 * vectors(300)).round().astype(np.int64)
    model = estimator(epochs=30, batch_size=50, learning_rate=1e-2).fit(counts)
    drawn = model.sample(600)
    assert drawn.dtype == counts.dtype
    assert all((model.predict(model.sample(100, cluster=cluster)) == cluster).all() for cluster in range(3))
    with torch.no_grad():
        shares = model.model_.grouping.sum(model.model_.prior.weights().probs)
    np.testing.assert_allclose(np.bincount(model.predict(drawn), minlength=3) / 600, shares, atol=0.05)
