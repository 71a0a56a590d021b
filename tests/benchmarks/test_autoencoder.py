import numpy as np
import pytest
import torch

from benchmarks.anchors import in_one
from benchmarks.autoencoder import Autoencoder, Reconstruction, fit_autoencoder
from vaecluster import TwoViews
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch
from vaecluster.training.plan import Plan

SMALL = TwoViews(batch_size=32, hidden=(16,), latent=2, precision=2.5)


def some_rows(*shape: int) -> Rows:
    source = ArraySource(np.random.default_rng(0).normal(size=(64, *shape)))
    return Rows(source, source.schema(Reading("gaussian", "columns")), torch.device("cpu"))


def network_for(rows: Rows) -> Autoencoder:
    network = Autoencoder(SMALL, rows.schema)
    start_(network, torch.Generator().manual_seed(0))
    return network


def batch_of(rows: Rows) -> Batch:
    return Batch(rows[:], torch.Generator())


@pytest.mark.parametrize("shape", [(4,), (5, 5), (4, 4, 3)])
def test_every_row_has_a_code_and_every_parameter_a_gradient(shape: tuple[int, ...]) -> None:
    rows = some_rows(*shape)
    network = network_for(rows)
    Reconstruction(network)(batch_of(rows)).loss.backward()
    gradients = [parameter.grad for parameter in network.decoder.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
    assert network.codes(rows).shape == (64, 2)


def test_the_loss_is_half_the_squared_error_times_the_precision_up_to_a_constant() -> None:
    rows = some_rows(4)
    network, batch = network_for(rows).eval(), batch_of(rows)
    error = (network.decoder.expected(network.encoder(batch.rows)) - batch.rows).square().sum(1)
    rest = -Reconstruction(network)(batch).reconstruction - SMALL.precision / 2 * error
    torch.testing.assert_close(rest, rest[:1].expand(64))


def test_training_brings_the_reconstruction_up() -> None:
    _, history = fit_autoencoder(some_rows(4), SMALL, Plan(40, 32, 1e-2, "one-cycle"), seed=0)
    curve = history.curves()["reconstruction"]
    assert curve[-1] > curve[0] + 1


@pytest.mark.parametrize("rows", [100, 7_000, 60_000])
def test_the_steps_are_those_of_the_default_method(rows: int) -> None:
    method = TwoViews().completed(some_rows(4).schema, rows, 10)
    assert in_one(method).epochs == method.epochs
    assert in_one(method, 3).epochs == 3
