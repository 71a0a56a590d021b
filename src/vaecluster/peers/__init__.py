"""Other ways to find clusters, to compare with: from points to labels, one file each."""

from vaecluster.peers.base import Partition, Peer
from vaecluster.peers.hdbscan import UmapHdbscan
from vaecluster.peers.kmeans import KMeans
from vaecluster.peers.leiden import Leiden
from vaecluster.peers.mixture import GaussianMixture
from vaecluster.peers.umap import UmapMixture

# What a user calls them; the simplest first.
PEERS: dict[str, type[Peer]] = {
    peer.name: peer for peer in (KMeans, GaussianMixture, Leiden, UmapMixture, UmapHdbscan)
}

__all__ = ["PEERS", "GaussianMixture", "KMeans", "Leiden", "Partition", "Peer", "UmapHdbscan", "UmapMixture"]
