"""No step waits for the device: on torch's meta device, which has no numbers, whoever asks for one gets an error."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator

from builders import CLUSTERS, TINY, estimator, frame, images, quiet, tiny, vectors
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.draws import drawn_on
from vaecluster.data.given import given_rows
from vaecluster.data.rows import Rows
from vaecluster.methods.labels import with_labelled
from vaecluster.methods.moments import empty_prior
from vaecluster.methods.two_views.method import TwoViews, pairs
from vaecluster.model.full_covariance import MomentComponents
from vaecluster.model.objective import Objective
from vaecluster.training.means import EpochMeans
from vaecluster.training.run import Batches, Run

pytestmark = quiet
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
META = torch.device("meta")
ROWS = {"images": images, "vectors": vectors, "frame": frame}


def stages(kind: str, **choice: Any) -> tuple[Objective, Objective, Batches]:
    """Both stages of the default method, and batches with labelled rows beside them; all without numbers."""
    source = given_rows(estimator(), ROWS[kind]()).source
    schema = source.schema(Reading("gaussian", "columns"))
    labels = np.arange(len(source)) % CLUSTERS
    there = Rows(source, schema, META, labels=labels)
    method = tiny("two-views", label_weight=1.0, **choice).completed(schema, len(source), CLUSTERS)
    assert isinstance(method, TwoViews)
    assert method.components is not None
    here = Rows(source, schema, torch.device("cpu"))
    views = method.views_of_rows(schema).prepare(here)
    views = type(views)(there, views.near, views.changes)
    first = method._of_components(Run(here, CLUSTERS, 0)).to(META)
    groups = [np.arange(method.components) % CLUSTERS] * method.heads
    target = torch.full((method.heads, CLUSTERS), 1 / CLUSTERS, device=META)
    second = first.of_clusters(groups, target, 0, empty_prior(method.components, method.latent).to(META))
    return first, second, with_labelled(pairs(views), there)


@pytest.mark.parametrize("information", ["mutual", "pointwise"])
@pytest.mark.parametrize("kind", ROWS)
def test_a_step_of_the_default_method_asks_for_no_number_of_the_device(
    kind: str, information: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The meta device has no autocast.
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    *objectives, batches = stages(kind, information=information)
    for objective in objectives:
        means = EpochMeans()
        for number in range(2):
            batch = batches(np.arange(number, number + 20), Generator().manual_seed(number))
            assert batch.rows.is_meta
            assert batch.labelled is not None
            terms = objective(batch)
            terms.loss.backward()
            means.add(terms)
        assert all(weight.grad is not None for weight in objective.parameters())
        assert means.rows == 40
        # The law would hold for anything if the meta device gave numbers.
        with pytest.raises(RuntimeError):
            means.finite()


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_drawn_on_a_device_lies_there_and_follows_from_the_generator(device: str) -> None:
    place = torch.device(device)
    once, again, other = (drawn_on(place, Generator().manual_seed(seed)) for seed in (0, 0, 1))
    drawn = [torch.rand(9, generator=generator, device=place) for generator in (once, again, other)]
    assert drawn[0].device.type == device
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    # A second one of the same generator draws other numbers.
    host = Generator().manual_seed(0)
    first, second = (torch.rand(9, generator=drawn_on(place, host), device=place) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ROWS)
def test_a_fit_on_a_device_answers_there(kind: str, device: str) -> None:
    rows = ROWS[kind]()
    fitted = estimator(device=device).fit(rows)
    assert next(fitted.model_.parameters()).device.type == device
    shares = fitted.predict_proba(rows)
    assert shares.shape == (len(rows), CLUSTERS)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)


def test_the_first_batch_that_a_prior_sees_is_taken_as_it_is_wherever_it_lies() -> None:
    prior = MomentComponents(TINY["two-views"]["components"], 2)
    mean, assignment = torch.randn(9, 2, generator=Generator().manual_seed(0)), torch.full((9, 6), 1 / 6)
    prior.observe(mean, torch.ones(9, 2), assignment)
    torch.testing.assert_close(prior.means, mean.mean(0).expand(6, 2))
    prior.to(META).observe(mean.to(META), torch.ones(9, 2, device=META), assignment.to(META))
