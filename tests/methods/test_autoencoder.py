from typing import Any

import numpy as np
import pytest
import torch

from builders import estimator, frame, images, learned, quiet, rows_of, tiny, vectors
from vaecluster.data.rows import Rows
from vaecluster.methods.autoencoder import HIDDEN, Layer, hidden, layers_of
from vaecluster.model.objective import Batch
from vaecluster.model.vae import ClusteringVAE

LAYERS = 3
every_layer = pytest.mark.parametrize("number", range(LAYERS))


def model_and_rows() -> tuple[ClusteringVAE, Rows]:
    method = tiny("dec", hidden=(32, 16))
    return learned(method, vectors()).model, rows_of(vectors(), method)


def batch(rows: Rows) -> Batch:
    return Batch(rows[:], torch.Generator().manual_seed(0))


def test_the_layers_one_after_another_are_the_encoder_and_their_mirrors_are_the_decoder() -> None:
    model, rows = model_and_rows()
    layers, mirrors = layers_of(model)
    assert len(layers) == len(mirrors) == LAYERS
    code = model.encoder.embedding(rows[:])
    for layer in layers:
        code = layer(code)
    assert torch.equal(code, model.mean_code(rows[:]))
    again = code
    for mirror in reversed(mirrors):
        again = mirror(again)
    assert torch.equal(again, model.decoder.network(code))


@every_layer
def test_a_layer_and_its_mirror_learn_alone(number: int) -> None:
    model, rows = model_and_rows()
    model.zero_grad()
    Layer(model, number)(batch(rows)).loss.backward()
    layers, mirrors = layers_of(model)
    own = {id(one) for part in (layers[number], mirrors[number]) for one in part.parameters()}
    assert {id(one) for one in model.parameters() if one.grad is not None} == own


@every_layer
def test_what_a_layer_sees_is_drawn_from_the_generator_of_the_batch(number: int) -> None:
    model, rows = model_and_rows()
    layer = Layer(model, number)
    first, again, other = (
        float(layer(Batch(rows[:], torch.Generator().manual_seed(seed))).loss.detach()) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_fifth_of_the_entries_is_hidden_and_the_mean_stays() -> None:
    entries = torch.ones(400, 50)
    seen = hidden(entries, torch.Generator().manual_seed(0))
    assert float((seen == 0).double().mean()) == pytest.approx(HIDDEN, abs=0.01)
    assert float(seen.mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", ["dec", "idec", "vade", "dgg"])
@pytest.mark.parametrize(("layer_epochs", "warm_epochs"), [(2, 3), (0, 3)])
def test_layers_learn_before_the_whole_if_they_are_to(name: str, layer_epochs: int, warm_epochs: int) -> None:
    method = tiny(name, layer_epochs=layer_epochs, warm_epochs=warm_epochs, hidden=(32, 16))
    history = learned(method, vectors()).history
    before = LAYERS * layer_epochs + warm_epochs
    assert [list(epoch.terms) for epoch in history.epochs[:before]] == [["reconstruction"]] * before
    assert list(history.epochs[before].terms) != ["reconstruction"]


@quiet
@pytest.mark.parametrize("rows", [frame(), images()], ids=["frame", "images"])
def test_layers_read_what_the_encoder_reads_and_give_what_the_likelihood_judges(rows: Any) -> None:
    history = estimator("dec", layer_epochs=2).fit(rows).history_
    assert all(np.isfinite(epoch.terms["reconstruction"]) for epoch in history.epochs[:4])


def test_from_scratch_no_layer_learns_before() -> None:
    history = learned(tiny("vade", layer_epochs=2, warm_epochs=0, epochs=3), vectors()).history
    assert len(history.epochs) == 3
