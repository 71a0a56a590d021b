"""What all tests share. torch and scikit-learn are loaded on demand: the process that hands out tests needs none."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# scikit-learn skips its array API check unless this is set before scipy is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import hypothesis
import numpy as np
import pytest

import vaecluster
from vaecluster.hearing import unheard

# A shell starts what it puts in the background with Ctrl-C ignored, and child processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Property tests draw the same cases each run; `make torture` draws fresh ones.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("fresh", database=None, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


# Folders that share what takes long to start: UMAP's compiler, and Ray.
TOGETHER = {"tests/peers": "tests/methods", "tests/examples": "tests/engines"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a folder in one process: each would fit the models that they share."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            parts = nodeid.partition("::")[0].split("/")
            folder = "/".join(parts[: 2 if parts[0] == "tests" else 3])
            return TOGETHER.get(folder, folder)

    return ByFolder(config, log)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with the real data sets; tests that need it carry the `data` mark."""
    folder = os.environ.get("VAECLUSTER_DATA")
    if not folder:
        pytest.skip("VAECLUSTER_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def blobs() -> np.ndarray:
    """Three well separated groups: (150, 4)."""
    from sklearn.datasets import make_blobs

    return make_blobs(150, n_features=4, centers=3, random_state=0)[0] * 10 + 50


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Small grey images in bytes: (200, 8, 8)."""
    from sklearn.datasets import load_digits

    return (load_digits().images[:200] * 15).astype(np.uint8)


@pytest.fixture(scope="session")
def blob_model(blobs) -> "vaecluster.VAEClustering":
    return vaecluster.VAEClustering(3, method=vaecluster.TwoViews(epochs=5), random_state=0).fit(blobs)


@pytest.fixture(scope="session")
def image_model(images) -> "vaecluster.VAEClustering":
    return vaecluster.VAEClustering(4, method=vaecluster.TwoViews(epochs=2), random_state=0).fit(images)


@pytest.fixture(scope="session")
def local_ray() -> Iterator[str]:
    """The address of a Ray of two processors."""
    ray = pytest.importorskip("ray")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    with unheard():
        own = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.CRITICAL}
        context = ray.init("local", num_cpus=2, object_store_memory=100 * 2**20, **own)
    yield context.address_info["gcs_address"]
    ray.shutdown()
