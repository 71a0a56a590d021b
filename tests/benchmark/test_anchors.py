import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from vaecluster.benchmark.anchors import Anchor, ConditionalVAE, KnownClassObjective, build_anchor, train_anchor
from vaecluster.benchmark.generation import score_generation
from vaecluster.benchmark.judge import Labelled, train_judge
from vaecluster.data.preprocessing import Preprocessing
from vaecluster.errors import DataError, SettingError
from vaecluster.model.decoder import BernoulliDecoder, GaussianDecoder
from vaecluster.training.shared_settings import SharedSettings

SMALL = SharedSettings(epochs=20, batch_size=64, hidden=(64, 64), latent=6, precision=50)
TINY = replace(SMALL, epochs=2, hidden=(16,), latent=2)


@pytest.fixture(scope="module")
def conditional(digits) -> Anchor:
    return train_anchor(*digits, settings=SMALL)


@pytest.fixture(scope="module")
def plain(digits) -> Anchor:
    return train_anchor(digits[0], settings=TINY)


def some_batch(classes: int = 3, number: int = 20) -> Labelled:
    random = torch.Generator().manual_seed(0)
    rows = torch.rand(number, 1, 8, 8, generator=random)
    return Labelled(rows, torch.randint(classes, (number,), generator=random))


def test_samples_of_a_class_are_named_as_that_class(conditional, digits):
    judge = train_judge(*digits, epochs=8)
    scores = score_generation(
        conditional.sample, conditional.names, judge, digits[0], clusters=10, per_cluster=100, images=500
    )
    assert scores.named.mean > 0.7
    assert scores.named.worst > 0.3


def test_classes_are_drawn_with_the_shares_of_the_training_rows():
    # A decoder that writes down the class that it is told, in a column of its own.
    network = torch.nn.Linear(2 + 3, 3, bias=False)
    network.weight.data = torch.eye(5)[2:]
    model = ConditionalVAE(build_anchor(TINY, (3,), 3).encoder, GaussianDecoder(network, 1.0, 1), 3)
    preprocessing = Preprocessing((3,), "float64", np.zeros(3), np.ones(3))
    anchor = Anchor(model, preprocessing, np.array(["a", "b", "c"]), np.array([10, 30, 60]))
    assert anchor.names == {0: "a", 1: "b", 2: "c"}
    assert anchor.sample(2000).mean(0) == pytest.approx([0.1, 0.3, 0.6], abs=0.03)
    assert (anchor.sample(7, cluster=1) == [0, 1, 0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("shape", [(8, 8), (4, 6, 3), (5,)])
def test_samples_keep_the_shape_type_and_units_of_the_rows(shape, dtype):
    rows = np.random.default_rng(0).integers(100, 201, (60, *shape)).astype(dtype)
    for labels in (None, np.arange(60) % 2):
        drawn = train_anchor(rows, labels, settings=replace(TINY, epochs=20)).sample(30)
        assert drawn.shape == (30, *shape)
        assert drawn.dtype == dtype
        assert 120 < drawn.mean() < 180


def test_the_seed_decides_model_and_samples_and_the_global_random_state_is_left_alone(plain, digits):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    again = train_anchor(digits[0], settings=TINY)
    assert (again.sample(5) == plain.sample(5)).all()
    assert (plain.sample(5, random_state=1) != plain.sample(5)).any()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_plain_vae_has_one_cluster_that_is_everything(plain):
    assert (plain.sample(9, cluster=0) == plain.sample(9)).all()


@pytest.mark.parametrize("classes", [1, 3])
def test_every_parameter_gets_a_gradient(classes):
    model = build_anchor(TINY, (1, 8, 8), classes)
    objective = KnownClassObjective()
    objective.loss(objective.terms(model, some_batch(classes))).mean().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_the_bound_is_reconstruction_less_a_divergence_that_is_never_negative():
    terms = KnownClassObjective().terms(build_anchor(TINY, (1, 8, 8), 3), some_batch())
    assert (terms.latent_kl >= 0).all()
    assert torch.equal(terms.bound, terms.reconstruction - terms.latent_kl)
    assert torch.equal(terms.assignment.argmax(-1), some_batch().classes)


def test_the_bound_is_the_evidence_where_the_posterior_is_the_prior_and_the_code_is_not_read():
    model = build_anchor(TINY, (1, 8, 8), 3).eval()
    with torch.no_grad():
        for layer in (model.encoder.mean, model.encoder.log_variance):
            layer.weight.zero_()
            layer.bias.zero_()
        first = next(layer for layer in model.decoder.modules() if isinstance(layer, torch.nn.Linear))
        first.weight[:, : model.latent] = 0
    batch = some_batch()
    evidence = model.likelihood(torch.zeros(20, model.latent), batch.classes).log_prob(batch.rows)
    torch.testing.assert_close(KnownClassObjective().terms(model, batch).bound, evidence)


def test_the_class_changes_what_is_encoded_and_what_is_decoded():
    model, batch = build_anchor(TINY, (1, 8, 8), 3).eval(), some_batch()
    other = (batch.classes + 1) % 3
    assert not torch.allclose(model.posterior(batch.rows, batch.classes).mean, model.posterior(batch.rows, other).mean)
    code = torch.zeros(20, model.latent)
    assert not torch.allclose(model.likelihood(code, batch.classes).mean, model.likelihood(code, other).mean)


def test_the_likelihood_is_that_of_the_settings(digits):
    anchor = train_anchor(digits[0] / 16, settings=replace(TINY, likelihood="bernoulli"))
    assert isinstance(anchor.model.decoder, BernoulliDecoder)


def test_labels_of_another_length_are_refused(digits):
    with pytest.raises(DataError, match=r"1797 rows and labels \(5,\)"):
        train_anchor(digits[0], digits[1][:5])


def test_a_class_that_is_not_there_is_refused(plain):
    with pytest.raises(SettingError, match="cluster is 1; expected one of 0 to 0, or None"):
        plain.sample(2, cluster=1)


def test_an_interrupted_anchor_is_no_anchor(digits, monkeypatch):
    terms = KnownClassObjective.terms

    def interrupted(self, model, batch):
        os.kill(os.getpid(), signal.SIGINT)
        return terms(self, model, batch)

    monkeypatch.setattr(KnownClassObjective, "terms", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_anchor(digits[0], settings=TINY)
