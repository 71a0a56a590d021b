"""A model with clusters of its user's: encoder and decoder stay, cluster posterior and prior are made for them."""

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.errors import SettingError
from vaecluster.methods.imitation import Imitation, imitated
from vaecluster.methods.labels import with_labelled
from vaecluster.methods.moments import empty_prior, follow_codes
from vaecluster.model.cluster_posterior import FeaturePosterior
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.initial import start_
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.plan import Plan
from vaecluster.training.run import Run

STAGE = "relabelling"
# Steps, or one pass over the rows if that is more.
STEPS, BATCH_SIZE, LEARNING_RATE = 500, 256, 3e-3


def relabelled(model: ClusteringVAE, components: int, clusters: int) -> ClusteringVAE:
    """The same encoder and decoder, with a posterior on the features and a prior by moments, neither of them learned.

    As many components as clusters are the clusters; of more, the others stand in the last one.
    """
    encoder = model.encoder
    grouping = torch.tensor(np.minimum(np.arange(components), clusters - 1), device="cpu")
    return ClusteringVAE(
        encoder,
        model.decoder,
        empty_prior(components, encoder.latent),
        FeaturePosterior(encoder.mean.in_features, components),
        Grouping(grouping, clusters),
    )


def relabel(
    run: Run, model: ClusteringVAE, labels: NDArray[np.intp], decided: NDArray[np.bool_], clusters: int
) -> ClusteringVAE:
    """A model of the rows of the run whose clusters are `labels`, of all rows of their source, -1 for none.

    The posterior learns them by imitation. Rows that are `decided` are drawn beside every batch as well, so that they
    weigh more, however few they are: each as much as sqrt(rows / decided rows) others. Each component of the prior has
    the moments of the codes that the posterior then puts there. Raises `SettingError` if no row has a cluster.
    """
    rows = run.rows
    own = labels if rows.numbers is None else labels[rows.numbers]
    sure = decided if rows.numbers is None else decided[rows.numbers]
    held = np.flatnonzero(own >= 0)
    if not len(held):
        raise SettingError("No row is in a cluster. Leave some in one.")
    run.rows = rows.some(held).labelled(np.where(sure, own, -1)[held])
    other = relabelled(model, clusters, clusters)
    start_(other.cluster_posterior, run.draws.at("weights"))
    other = other.to(run.device)
    steps_an_epoch = -(-len(held) // BATCH_SIZE)
    run.stages({STAGE: Plan(-(-STEPS // steps_an_epoch), BATCH_SIZE, LEARNING_RATE, "one-cycle")})
    weight = float(np.sqrt(sure[held].mean()))
    run.train_through(STAGE, Imitation(other, weight), with_labelled(imitated(run, own[held]), run.rows))
    follow_codes(other, run.rows, spread=True)
    return other
