import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.anchors import Anchor, ConditionalVAE, KnownClassObjective, build_anchor, train_anchor
from benchmarks.generation import score_generation
from benchmarks.judge import Labelled, train_judge
from vaecluster import TwoViews
from vaecluster.data.blocks import Numbers, Pixels
from vaecluster.data.schema import Schema
from vaecluster.errors import DataError, SettingError
from vaecluster.model.decoder import Decoder
from vaecluster.model.likelihood import CoinFlips, Gaussian
from vaecluster.model.networks.initial import start_

SMALL = TwoViews(epochs=20, batch_size=64, hidden=(64, 64), latent=6, precision=50)
TINY = replace(SMALL, epochs=2, hidden=(16,), latent=2)


def numbers(columns: int) -> Schema:
    return Schema((Numbers((), "<f8", np.zeros(columns), np.ones(columns)),))


def model_of(classes: int) -> ConditionalVAE:
    pixels = Schema((Pixels((8, 8), "<f8", np.array(0.0), np.array(1.0)),))
    model = build_anchor(TINY, pixels, classes)
    start_(model, torch.Generator().manual_seed(0))
    return model


@pytest.fixture(scope="module")
def conditional(digits) -> Anchor:
    return train_anchor(*digits, method=SMALL)


@pytest.fixture(scope="module")
def plain(digits) -> Anchor:
    return train_anchor(digits[0], method=TINY)


def some_batch(classes: int = 3, number: int = 20) -> Labelled:
    random = torch.Generator().manual_seed(0)
    rows = torch.rand(number, 1, 8, 8, generator=random)
    return Labelled(rows, torch.randint(classes, (number,), generator=random), random)


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
    encoder = build_anchor(TINY, numbers(3), 3).encoder.to_empty(device="cpu")
    model = ConditionalVAE(encoder, Decoder(network, Gaussian((3,))), 3)
    anchor = Anchor(model, numbers(3), np.array(["a", "b", "c"]), np.array([10, 30, 60]))
    assert anchor.names == {0: "a", 1: "b", 2: "c"}
    assert anchor.sample(2000).mean(0) == pytest.approx([0.1, 0.3, 0.6], abs=0.03)
    assert (anchor.sample(7, cluster=1) == [0, 1, 0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("shape", [(8, 8), (4, 6, 3), (5,)])
def test_samples_keep_the_shape_type_and_units_of_the_rows(shape, dtype):
    rows = np.random.default_rng(0).integers(100, 201, (60, *shape)).astype(dtype)
    for labels in (None, np.arange(60) % 2):
        drawn = train_anchor(rows, labels, method=replace(TINY, epochs=20)).sample(30)
        assert drawn.shape == (30, *shape)
        assert drawn.dtype == dtype
        assert 120 < drawn.mean() < 180


def test_the_seed_decides_model_and_samples_and_the_global_random_state_is_left_alone(plain, digits):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    again = train_anchor(digits[0], method=TINY)
    assert (again.sample(5) == plain.sample(5)).all()
    assert (plain.sample(5, random_state=1) != plain.sample(5)).any()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_plain_vae_has_one_cluster_that_is_everything(plain):
    assert (plain.sample(9, cluster=0) == plain.sample(9)).all()


@pytest.mark.parametrize("classes", [1, 3])
def test_every_parameter_gets_a_gradient(classes):
    model = model_of(classes)
    KnownClassObjective(model)(some_batch(classes)).loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_the_bound_is_reconstruction_less_a_divergence_that_is_never_negative():
    terms = KnownClassObjective(model_of(3))(some_batch())
    assert (terms.latent_kl >= 0).all()
    assert torch.equal(terms.bound, terms.reconstruction - terms.latent_kl)
    assert torch.equal(terms.assignment.argmax(-1), some_batch().classes)


def test_the_bound_is_the_evidence_where_the_posterior_is_the_prior_and_the_code_is_not_read():
    model = model_of(3).eval()
    with torch.no_grad():
        for layer in (model.encoder.mean, model.encoder.log_variance):
            layer.weight.zero_()
            layer.bias.zero_()
        first = next(layer for layer in model.decoder.modules() if isinstance(layer, torch.nn.Linear))
        first.weight[:, : model.latent] = 0
    batch = some_batch()
    evidence = model.likelihood(torch.zeros(20, model.latent), batch.classes).log_prob(batch.rows)
    torch.testing.assert_close(KnownClassObjective(model)(batch).bound, evidence)


def test_the_class_changes_what_is_encoded_and_what_is_decoded():
    model, batch = model_of(3).eval(), some_batch()
    other = (batch.classes + 1) % 3
    assert not torch.allclose(model.posterior(batch.rows, batch.classes).mean, model.posterior(batch.rows, other).mean)
    code = torch.zeros(20, model.latent)
    assert not torch.allclose(model.expected(code, batch.classes), model.expected(code, other))


def test_the_likelihood_is_that_of_the_method(digits):
    anchor = train_anchor(digits[0] / 16, method=replace(TINY, likelihood="bernoulli"))
    assert isinstance(anchor.model.decoder.likelihood, CoinFlips)


def test_labels_of_another_length_are_refused(digits):
    with pytest.raises(DataError, match=r"1797 rows and labels \(5,\)"):
        train_anchor(digits[0], digits[1][:5])


def test_a_class_that_is_not_there_is_refused(plain):
    with pytest.raises(SettingError, match="cluster is 1; expected one of 0 to 0, or None"):
        plain.sample(2, cluster=1)


def test_an_interrupted_anchor_is_no_anchor(digits, monkeypatch):
    forward = KnownClassObjective.forward

    def interrupted(self, batch):
        os.kill(os.getpid(), signal.SIGINT)
        return forward(self, batch)

    monkeypatch.setattr(KnownClassObjective, "forward", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_anchor(digits[0], method=TINY)
