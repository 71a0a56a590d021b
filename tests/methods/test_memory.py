import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from builders import rows_of, vectors
from vaecluster import Bound, TwoViews, VAEClustering
from vaecluster.data import room
from vaecluster.data.room import Room
from vaecluster.data.rows import Rows
from vaecluster.errors import DataError
from vaecluster.methods import memory
from vaecluster.training.state import tensors_of

# Two groups with words of their own; of each row most are 0.
DRAWN = np.random.default_rng(0).random((30, 100))
SPARSE = np.kron(np.eye(2), np.where(DRAWN < 0.15, DRAWN, 0))

LIMITED = """
import resource
import numpy as np
from vaecluster import TwoViews, VAEClustering
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30,) * 2)
X = np.random.default_rng(0).integers(0, 255, (6, 512, 512, 3), dtype=np.uint8)
try:
    VAEClustering(2, method=TwoViews(epochs=2), random_state=0).fit(X)
except ValueError as problem:
    print(problem)
"""


@pytest.mark.parametrize("method", [TwoViews(epochs=2), Bound(network="dense", epochs=1)], ids=["two-views", "su2018"])
@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((4, 64, 64, 3), np.uint8), "an image of 64x64x3.*Resize the images"),
        (np.arange(4.0)[:, None] * np.ones(9_000), "a vector of 9,000 columns.*Leave columns out"),
    ],
    ids=["images", "vectors"],
)
def test_networks_that_do_not_fit_are_refused_before_anything_is_made(method, X, words, monkeypatch):
    X[1] += 1
    monkeypatch.setattr(memory, "free_memory", lambda device: 10**8)
    with pytest.raises(DataError, match=rf"{words}.*smaller values of hidden") as caught:
        VAEClustering(2, method=method, random_state=0).fit(X)
    assert "0.1 GB are free" in str(caught.value)


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_sparse_rows_that_are_kept_as_the_model_reads_them_are_the_same(monkeypatch):
    X = csr_array(SPARSE)
    fits = []
    for most in (room.KEPT, 0):
        monkeypatch.setattr(room, "KEPT", most)
        model = VAEClustering(2, method=TwoViews(epochs=4, heads=2), random_state=0, device="cpu").fit(X)
        fits.append([model.labels_, *tensors_of(model.model_).values()])
    assert all(torch.equal(torch.as_tensor(kept), torch.as_tensor(read)) for kept, read in zip(*fits, strict=True))


@pytest.mark.parametrize(
    ("array", "limit", "kept"),
    [(SPARSE, None, True), (SPARSE, 10**6, True), (SPARSE, 10**3, False), (vectors(), None, False)],
    ids=["sparse", "within the limit", "too large", "dense"],
)
def test_sparse_rows_are_kept_where_they_take_little(array, limit, kept):
    given = rows_of(array)
    rows = Rows(given.source, given.schema, given.device, room=Room(limit))
    assert (memory.kept_on_device(rows, TwoViews(), 2).resident is not None) == kept


def test_what_is_free_is_something():
    free = memory.free_memory(torch.device("cpu"))
    assert free is None or free > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_large_images_under_a_limit_end_in_one_line():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "an image of 512x512x3" in done.stdout
