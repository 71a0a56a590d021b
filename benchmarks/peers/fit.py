"""Fit one peer, or label new rows by it: run by the Python of the peers' own environment, without vaecluster.

    python fit.py fit ORDER.json FOLDER        # rows.npy to labels.npy, model.pickle, facts.json
    python fit.py predict ORDER.json FOLDER    # new.npy to new-labels.npy

Rows are vectors, scaled already, or raw counts for scanpy and scVI. The pickle is this process's own, read back a
moment later.
"""

import json
import pickle
import re
import sys
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType

import numpy as np

warnings.filterwarnings("ignore")
CLUSTPY = "clustpy-"


class Reduced:
    """UMAP as its authors advise for clustering: no least distance, more dimensions than two."""

    def __init__(self, rows, seed, neighbours, dimensions):
        from umap import UMAP

        # With a seed UMAP uses one thread.
        self.umap = UMAP(
            n_neighbors=neighbours, min_dist=0.0, n_components=dimensions, random_state=seed, n_jobs=1
        ).fit(rows)

    def __call__(self, rows):
        """Rows as points of the map."""
        return self.umap.transform(rows)


class UmapMixture:
    """UMAP, then a Gaussian mixture with full covariances."""

    def __init__(self, rows, order):
        from sklearn.mixture import GaussianMixture

        self.reduced = Reduced(rows, order["seed"], order["neighbours"], order["dimensions"])
        points = self.reduced.umap.embedding_.astype(np.float64)
        self.mixture = GaussianMixture(order["clusters"], n_init=order["restarts"], random_state=order["seed"])
        self.labels = self.mixture.fit_predict(points)

    def predict(self, rows):
        """The likeliest component of each row."""
        return self.mixture.predict(self.reduced(rows).astype(np.float64))


class UmapHdbscan:
    """UMAP, then HDBSCAN, which finds the number itself; rows that it calls noise stay in no cluster."""

    def __init__(self, rows, order):
        from sklearn.cluster import HDBSCAN

        self.reduced = Reduced(rows, order["seed"], order["neighbours"], order["dimensions"])
        points = self.reduced.umap.embedding_
        least = max(order["least_rows"], round(order["least_share"] * len(rows)))
        self.labels = HDBSCAN(min_cluster_size=least, min_samples=order["min_samples"], copy=True).fit_predict(points)
        self.nearest = Nearest(points, self.labels)

    def predict(self, rows):
        """The cluster of the nearest row in the map."""
        return self.nearest(self.reduced(rows))


class Leiden:
    """Leiden on scanpy's graph of neighbours, at a given resolution, or at one that gives the number of clusters."""

    def __init__(self, rows, order):
        import scanpy
        from anndata import AnnData

        give_matrices()
        self.cells, self.seed = AnnData(rows), order["seed"]
        scanpy.pp.neighbors(self.cells, n_neighbors=order["neighbours"], use_rep="X", random_state=order["seed"])
        if order["resolution"] is None:
            self.labels = self.search(order["clusters"])
        else:
            self.labels = self.at(order["resolution"])
        self.nearest = Nearest(rows, self.labels)
        del self.cells

    def at(self, resolution):
        """The clusters at a resolution."""
        import scanpy

        scanpy.tl.leiden(
            self.cells, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=self.seed
        )
        return self.cells.obs["leiden"].astype(int).to_numpy()

    def search(self, clusters):
        """Bisection; if no resolution gives that number, the last one tried is the nearest."""
        low, high = 0.0, 16.0
        for _ in range(20):
            middle = (low + high) / 2
            labels = self.at(middle)
            found = labels.max() + 1
            if found == clusters:
                break
            low, high = (middle, high) if found < clusters else (low, middle)
        return labels

    def predict(self, rows):
        """The cluster of the nearest row."""
        return self.nearest(rows)


def give_matrices():
    """Let pynndescent 0.7 give a matrix, as scanpy 1.11 expects; from 8,192 rows on scanpy asks it for neighbours."""
    from pynndescent import PyNNDescentTransformer
    from scipy.sparse import csr_matrix

    neighbours = PyNNDescentTransformer.fit_transform
    PyNNDescentTransformer.fit_transform = lambda *given, **named: csr_matrix(neighbours(*given, **named))


class Components:
    """scanpy's recipe for counts: equal totals, logarithms, variable genes, one spread, principal components."""

    def __init__(self, counts, seed, genes, most_spreads, components):
        import scanpy

        cells = self.log_shares(counts)
        scanpy.pp.highly_variable_genes(cells, n_top_genes=min(genes, cells.n_vars))
        self.genes = cells.var["highly_variable"].to_numpy()
        cells = cells[:, self.genes].copy()
        scanpy.pp.scale(cells, max_value=most_spreads)
        self.mean, self.spread = (cells.var[name].to_numpy() for name in ("mean", "std"))
        self.most_spreads, self.centre = most_spreads, cells.X.mean(0)
        scanpy.pp.pca(cells, n_comps=min(components, *(size - 1 for size in cells.shape)), random_state=seed)
        self.axes, self.points = cells.varm["PCs"], cells.obsm["X_pca"]

    def log_shares(self, counts):
        """As cells of the median total, that of the cells of the fit."""
        import scanpy
        from anndata import AnnData
        from scipy.sparse import csr_matrix

        cells = AnnData(csr_matrix(counts, dtype=np.float32))
        if not hasattr(self, "total"):
            totals = np.asarray(cells.X.sum(1))
            self.total = float(np.median(totals[totals > 0]))
        scanpy.pp.normalize_total(cells, target_sum=self.total)
        scanpy.pp.log1p(cells)
        return cells

    def __call__(self, counts):
        """Counts as components, by what the cells of the fit taught."""
        shares = self.log_shares(counts).X[:, self.genes].toarray()
        scaled = np.minimum((shares - self.mean) / self.spread, self.most_spreads)
        return (scaled - self.centre) @ self.axes


class Scanpy:
    """scanpy's default recipe for counts, then Leiden."""

    def __init__(self, counts, order):
        settings = (order[name] for name in ("seed", "genes", "most_spreads", "components"))
        self.components = Components(counts, *settings)
        self.leiden = Leiden(self.components.points, order)
        self.labels = self.leiden.labels

    def predict(self, counts):
        """The cluster of the nearest cell."""
        return self.leiden.predict(self.components(counts))


class ScVI:
    """Codes of raw counts of variable genes, then Leiden."""

    def __init__(self, counts, order):
        import scanpy
        import scvi

        scvi.settings.seed = order["seed"]
        cells = self.cells(counts)
        scanpy.pp.highly_variable_genes(cells, n_top_genes=min(order["genes"], cells.n_vars), flavor="seurat_v3")
        self.genes = cells.var["highly_variable"].to_numpy()
        cells = cells[:, self.genes].copy()
        scvi.model.SCVI.setup_anndata(cells)
        self.model = scvi.model.SCVI(cells)
        with quiet():
            self.model.train(order["epochs"], accelerator="cpu", enable_progress_bar=False, logger=False)
        self.leiden = Leiden(self.model.get_latent_representation(), order)
        self.labels = self.leiden.labels

    def cells(self, counts):
        """As scvi-tools takes them."""
        from anndata import AnnData
        from scipy.sparse import csr_matrix

        return AnnData(csr_matrix(counts, dtype=np.float32))

    def predict(self, counts):
        """The cluster of the cell whose code is nearest."""
        with quiet():
            codes = self.model.get_latent_representation(self.cells(counts)[:, self.genes].copy())
        return self.leiden.predict(codes)


class ClustPy:
    """A method of ClustPy: an autoencoder, then codes and clusters."""

    def __init__(self, rows, order):
        from clustpy import deep

        methods = {"vade": deep.VaDE, "dec": deep.DEC, "idec": deep.IDEC, "dcn": deep.DCN, "n2d": deep.N2D}
        given = {"pretrain_epochs": order["pretrain_epochs"], "random_state": order["seed"]}
        self.fit(rows, order, methods[order["peer"].removeprefix(CLUSTPY)], given)

    def fit(self, rows, order, method, given):
        """By its own defaults otherwise."""
        with quiet():
            self.model = method(order["clusters"], clustering_epochs=order["epochs"], **given).fit(rows)
        self.labels = self.model.labels_

    def predict(self, rows):
        """By its own rule."""
        with quiet():
            return self.model.predict(rows)


class ClustPyVaDE(ClustPy):
    """VaDE, whose entries are probabilities: rows are brought to [0, 1]."""

    def fit(self, rows, order, method, given):
        """All columns by one least and one largest entry, since their spreads are as they should be seen."""
        self.least, self.largest = rows.min(), rows.max()
        super().fit(self.shares(rows), order, method, given)

    def predict(self, rows):
        """By its own rule."""
        return super().predict(self.shares(rows))

    def shares(self, rows):
        """What is beyond the rows of the fit is as far as they are."""
        return np.clip((rows - self.least) / (self.largest - self.least), 0, 1)


class ClustPyN2D(ClustPy):
    """N2D, which has a rule for new rows that it calls rough: they get the cluster of the nearest row in the map."""

    def fit(self, rows, order, method, given):
        """UMAP has a dimension for each cluster, as many as codes have at most."""
        from umap import UMAP

        dimensions = min(order["clusters"], 10)
        map_of = {"n_components": dimensions, "n_neighbors": order["neighbours"], "min_dist": 0.0, "n_jobs": 1}
        map_of["random_state"] = order["seed"]
        with quiet():
            self.model = method(order["clusters"], manifold_class=UMAP, manifold_params=map_of, **given).fit(rows)
        self.labels = self.model.labels_
        self.nearest = Nearest(self.model.manifold_.embedding_, self.labels)

    def predict(self, rows):
        """The cluster of the nearest row in the map."""
        with quiet():
            return self.nearest(self.model.manifold_.transform(self.model.transform(rows)))


def stand_in_for_torchvision():
    """Let ClustPy be imported without it: it asks for two annotations, and for changes of images, not used here."""
    named = {"Weights": object, "WeightsEnum": object}
    for name in ("torchvision", "torchvision.models", "torchvision.models._api"):
        sys.modules.setdefault(name, ModuleType(name)).__dict__.update(named)


@contextmanager
def quiet():
    """Inside, what libraries print is not shown."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield


class KPrototypes:
    """Centres of numbers, and of categories the most frequent one."""

    def __init__(self, rows, order):
        from kmodes.kprototypes import KPrototypes as Model

        self.categorical = order["categorical"]
        model = Model(order["clusters"], n_init=order["restarts"], random_state=order["seed"], n_jobs=1)
        self.model = model.fit(rows, categorical=self.categorical)
        self.labels = self.model.labels_

    def predict(self, rows):
        """The nearest centre."""
        return self.model.predict(rows, categorical=self.categorical)


class Nearest:
    """For peers without a rule for new rows: the cluster of the nearest row of the fit."""

    def __init__(self, points, labels):
        from sklearn.neighbors import KNeighborsClassifier

        self.rule = KNeighborsClassifier(1).fit(points, labels)

    def __call__(self, points):
        """The label of each."""
        return self.rule.predict(points)


PEERS = {
    "umap-mixture": UmapMixture,
    "umap-hdbscan": UmapHdbscan,
    "leiden": Leiden,
    "leiden-to-k": Leiden,
    "scanpy": Scanpy,
    "scvi": ScVI,
    "scvi-to-k": ScVI,
    "clustpy-vade": ClustPyVaDE,
    "clustpy-dec": ClustPy,
    "clustpy-idec": ClustPy,
    "clustpy-dcn": ClustPy,
    "clustpy-n2d": ClustPyN2D,
    "k-prototypes": KPrototypes,
}


def peak_bytes():
    """Most memory that this program has held so far, or None where Linux is not there to say.

    Not `ru_maxrss`: a process that was started by a larger one begins with the peak of that one.
    """
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text()).group(1)) * 1024 if status.exists() else None


def main(what, order, folder):
    """Do one of the two things that the top of the file says."""
    if order["peer"].startswith(CLUSTPY):
        stand_in_for_torchvision()
    if what == "fit":
        model = PEERS[order["peer"]](np.load(folder / "rows.npy"), order)
        np.save(folder / "labels.npy", model.labels)
        facts = {"found": len(set(model.labels.tolist()) - {-1}), "peak_bytes": peak_bytes()}
        (folder / "facts.json").write_text(json.dumps(facts))
        (folder / "model.pickle").write_bytes(pickle.dumps(model))
    else:
        model = pickle.loads((folder / "model.pickle").read_bytes())
        np.save(folder / "new-labels.npy", model.predict(np.load(folder / "new.npy")))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3]))
