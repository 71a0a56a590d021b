"""Fit one peer, or label new rows by it: run by the Python of the peers' own environment, without vaecluster.

    python fit.py fit ORDER.json FOLDER        # rows.npy to labels.npy, model.pickle, facts.json
    python fit.py predict ORDER.json FOLDER    # new.npy to new-labels.npy

Rows are vectors, scaled already, or raw counts for scanpy. The pickle is this process's own, read back a moment later.
"""

import json
import pickle
import re
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")


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
