import json

import numpy as np
import pytest

from benchmarks.starts import LOOKS, look, measure, starts
from benchmarks.tables.family import starts as table
from builders import vectors
from vaecluster import DEC
from vaecluster.data.dataset import DataSet

NUMBER = 90
DATA = DataSet("groups", vectors(NUMBER), np.arange(NUMBER) % 3)
SHORT = DEC(hidden=(16,), latent=2, warm_epochs=4, batch_size=20)


def test_groups_that_are_far_apart_are_found_by_all():
    seen = look(vectors(NUMBER), DATA.y_train, seed=0)
    assert (seen["kmeans"], seen["full"], seen["diag"]) == (1, 1, 1)
    assert seen["spread"] == pytest.approx(vectors(NUMBER).std(0).mean(), abs=1e-4)


def test_codes_are_looked_at_before_and_after_some_epochs_and_at_the_end(tmp_path):
    record = measure(DATA, SHORT, 0, tmp_path / "made.json")
    assert [seen["epoch"] for seen in record["looks"]] == [0, 1, 2, 3, 4]
    assert 4 not in LOOKS
    assert json.loads((tmp_path / "made.json").read_text()) == record
    (row,) = table.rows([record])
    assert row[:3] == ["groups", "16-2", "4 of 4"]
    assert row[3].startswith("0: ")


def test_the_command_names_its_file_by_data_and_settings(tmp_path):
    choice = ("warm_epochs=1", "hidden=16")
    starts(data="digits", choice=choice, rows=100, output=tmp_path)
    (path,) = tmp_path.glob("*.json")
    assert path.name == "digits-100-rows-autoencoder-warm_epochs-1-hidden-16-seed-0.json"
