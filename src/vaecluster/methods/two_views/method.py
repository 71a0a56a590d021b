"""The default method: clusters are what two views of the same thing share.

Three steps (`docs/model.md`): several heads of fine components learn what views share; each head's components are
merged into clusters by least lost information; the clusters are refined, and the head that shares most is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, ClassVar, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from vaecluster import ranks
from vaecluster.clusters.boundary import LEVELS, Null, densities, nested_regions
from vaecluster.clusters.hierarchy import Hierarchy, Pair, merge_components
from vaecluster.clusters.matching import numbered_by
from vaecluster.clusters.number import (
    AskedNumber,
    Evidence,
    agreement_of,
    least_of,
    level_of,
    middle_head,
    most_of,
    within,
)
from vaecluster.data.blocks.of_topics import OfTopics
from vaecluster.data.draws import drawn_on
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError
from vaecluster.inference.calibrating import confidence_of
from vaecluster.methods.base import Fitted, Hidden, Latent, LearningRate, Method, Precision, check_shares
from vaecluster.methods.labels import LabelWeight, with_labelled
from vaecluster.methods.moments import empty_prior, moment_components
from vaecluster.methods.two_views.heads import FEW, ComponentHeads, ComponentPosterior
from vaecluster.methods.two_views.objective import TwoViewsObjective, Weights
from vaecluster.methods.two_views.regrouping import Wanted, looks_of, merge_again, target_shares
from vaecluster.methods.two_views.tables import ComponentTables, code_means, component_tables, label_tables, prior_of
from vaecluster.model.decoder import Decoder
from vaecluster.model.encoder import Encoder
from vaecluster.model.grouping import Grouping
from vaecluster.model.networks.dense import DenseDecoderNetwork, DenseEncoderNetwork
from vaecluster.model.networks.initial import start_
from vaecluster.model.networks.reduced import reduce
from vaecluster.model.objective import Batch
from vaecluster.model.vae import ClusteringVAE
from vaecluster.settings import (
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    By,
    Either,
    Flag,
    Number,
    OneOf,
    Shares,
    Whole,
    optional,
    settings,
)
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.plan import Plan
from vaecluster.training.run import Batches, Run
from vaecluster.views.missing import hidden
from vaecluster.views.pipeline import PreparedViews, Views
from vaecluster.views.presets import Listed, ViewsSetting, views_of

COMPONENTS, CLUSTERS = "components", "clusters"
ALL_ROWS = "looking at all rows"

# A head has at least so many components. With 50 none of the heads found all of 20 blobs.
LEAST_COMPONENTS = 80
# Beyond those a component has so many rows, or there are more pairs of components than of rows.
ROWS_PER_COMPONENT = 2
# Rows of a step, or as many as clusters: two that are never in one batch are not told apart (docs/decisions/0040).
LEAST_BATCH = 256
# Tiny data get more passes than `most_epochs`, until they have had so many steps for each component, counting `FEW`.
STEPS_PER_COMPONENT = 5
# Components that share pointwise stay soft; boundaries are measured on assignments to this power.
SHARPNESS = 3.0
# However short the fit, components get so many of its epochs, or half: if they are merged before they have settled,
# they make clusters that refining does not mend (MNIST, 8 epochs, one seed: 0.929 with 2 of them, 0.976 with 4).
LEAST_COMPONENT_EPOCHS = 4


@final
@dataclass(frozen=True, eq=False)
class Merged:
    """The clusters as merging found them: each head's cluster of each component (heads, components).

    `above` (heads, clusters - 1, 2) are the merges that would make fewer clusters, as pairs of components. `target`
    (heads, clusters) holds the shares that clusters are to have, `head` is the one that shared most, and `evidence`
    what speaks for each number of clusters.
    """

    groupings: NDArray[np.int64]
    above: NDArray[np.int64]
    target: NDArray[np.float64]
    head: int
    evidence: Evidence


@final
@settings
class TwoViews(Method):
    """Clusters are what two views of the same row share: a near neighbour, a small random change, or both.

    Each of several heads learns fine components by equation (17). They are then merged into clusters by (18), the
    agglomerative information bottleneck (Slonim and Tishby 1999), and refined by (20). The number of clusters is found
    by (24) if none is given.

    >>> from sklearn.datasets import make_blobs
    >>> from vaecluster import TwoViews, VAEClustering
    >>> X, _ = make_blobs(60, n_features=5, centers=3, random_state=0)
    >>> model = VAEClustering(3, method=TwoViews(epochs=30, heads=2), random_state=0).fit(X)
    >>> model.cluster_sizes_.tolist()
    [20, 20, 20]
    """

    name: ClassVar[str] = "two-views"
    finds_number: ClassVar[bool] = True
    # All heads but one are dropped, and components are merged, once it is fitted.
    built: ClassVar[tuple[str, ...]] = ("latent", "hidden", "likelihood", "precision", "scaling")

    views: Annotated[str | Sequence[Listed], ViewsSetting(), "what counts as two views of the same row"] = "auto"
    epochs: Annotated[
        int | None,
        optional(Whole(), "as many as make `steps` steps, at most `most_epochs`, at least 5 steps a component"),
        "passes over the rows; at least 2",
    ] = None
    steps: Annotated[int, Whole(), "steps of a fit without `epochs`"] = By(images=8000, vectors=4000)
    # Small tables are learned by heart: docs/decisions/0037.
    most_epochs: Annotated[int, Whole(), "most passes of a fit without `epochs`"] = By(images=200, vectors=25)
    batch_size: Annotated[
        int | None, optional(Whole(), "256, or as many as clusters if that is more"), "rows per step"
    ] = None
    learning_rate: LearningRate = 2e-3
    hidden: Hidden = By(images=(512, 512), vectors=(256, 256))
    latent: Latent = By(images=20, vectors=8)
    precision: Precision = By(images=2.5, vectors=50.0)
    heads: Annotated[int, Whole(), "heads that learn side by side; the best is kept"] = 5
    components: Annotated[
        int | None,
        optional(Whole(), "80; for many clusters 3 for each, 2 for each above 256, but at most half of the rows"),
        "fine components of each head",
    ] = None
    component_share: Annotated[
        float, SHARE, "part of the epochs before components are merged, but at least 4 epochs or half of them"
    ] = By(images=0.3, vectors=0.5)
    # Classes of tables are less even than those of images: docs/decisions/0025.
    apartness: Annotated[
        float, Number(0, 1), "how much merging goes by how far apart two components are, whatever their sizes"
    ] = By(images=0.0, vectors=0.5)
    # Topics of texts: docs/decisions/0082.
    by_code: Annotated[
        bool | None,
        optional(Flag(), "for texts and wide rows that are mostly 0"),
        "whether components of which the codes are near are merged first",
    ] = None
    information: Annotated[
        str,
        OneOf("mutual", "pointwise"),
        "what the components of two views share: (2), or (16b), by which all stay in use",
    ] = By(images="mutual", vectors="pointwise")
    information_weight: Annotated[float, POSITIVE, "weight of (2), against the bound in nats"] = 20.0
    agreement_weight: Annotated[float, NOT_NEGATIVE, "weight of the agreement of codes and clusters"] = 1.0
    # With 1 a weak cluster is better lost than kept: docs/decisions/0086.
    balance_weight: Annotated[float, NOT_NEGATIVE, "how much the sizes of clusters count in (2)"] = By(
        images=1.0, vectors=4.0
    )
    cluster_weights: Annotated[
        str | Sequence[float],
        Either(OneOf("merged", "uniform"), Shares()),
        "how large clusters are to be: as merging found them, equal, or as given, the largest share to the largest",
    ] = "merged"
    decoded_share: Annotated[float, SHARE, "part of each batch that is decoded"] = 0.25
    label_weight: LabelWeight = 0.0
    arithmetic: Annotated[
        str,
        OneOf("auto", "float32", "bfloat16"),
        "multiplication while training; auto takes bfloat16 where the device gains by it",
    ] = "auto"

    def completed(self, schema: Schema, rows: int, clusters: AskedNumber) -> Self:
        """With the numbers of epochs, components and rows of a batch, and views that suit the rows."""
        completed = self.of_kind(schema.kind)
        completed.views_of_rows(schema)
        most = most_of(clusters) or 1
        components = completed.components or components_for(most, rows)
        if components < most:
            raise SettingError(
                f"components is {components}, fewer than n_clusters={clusters}. Give several for each cluster."
            )
        if isinstance(clusters, int):
            check_shares(completed.cluster_weights, clusters)
        elif not isinstance(completed.cluster_weights, str):
            raise SettingError(
                f"cluster_weights holds shares, but n_clusters is {clusters or 'auto'!r}. Give the number of clusters "
                "too."
            )
        usual_batch = max(LEAST_BATCH, most)
        batch_size = completed.batch_size or usual_batch
        steps_an_epoch = -(-rows // batch_size)
        least = STEPS_PER_COMPONENT * min(components, FEW) * LEAST_BATCH // usual_batch
        enough = max(min(least, completed.steps), min(completed.steps, completed.most_epochs * steps_an_epoch))
        epochs = max(2, completed.epochs or round(enough / steps_an_epoch))
        return replace(completed, components=components, batch_size=batch_size, epochs=epochs)

    def merges_by_code(self, schema: Schema) -> bool:
        """Whether components of which the codes are near are merged first, equation (49)."""
        return any(isinstance(block, OfTopics) for block in schema.blocks) if self.by_code is None else self.by_code

    def views_of_rows(self, schema: Schema) -> Views:
        """Those that the setting stands for; raises `SettingError` if they do not suit the rows."""
        return views_of(self.views, schema.kind, numbers_only=schema.plain)

    def plans(self) -> dict[str, Plan]:
        """The two stages of a completed method."""
        assert self.epochs is not None
        assert self.batch_size is not None
        batch_size = self.batch_size
        least = min(LEAST_COMPONENT_EPOCHS, self.epochs // 2)
        first = max(1, min(self.epochs - 1, max(least, round(self.component_share * self.epochs))))
        lengths = {COMPONENTS: first, CLUSTERS: self.epochs - first}
        return {name: Plan(epochs, batch_size, self.learning_rate, "one-cycle") for name, epochs in lengths.items()}

    def build(self, schema: Schema, clusters: int) -> ClusteringVAE:
        """Encoder, decoder, a prior that has seen no codes, and one head."""
        assert self.components is not None
        encoder, decoder, features = self._networks(schema, reduced=False)
        groups = torch.zeros(self.components, dtype=torch.int64, device="cpu")
        return ClusteringVAE(
            encoder,
            decoder,
            empty_prior(self.components, self.latent),
            ComponentPosterior(features, self.components),
            Grouping(groups, clusters),
        )

    def fit(self, run: Run) -> Fitted:
        """Components, merging, clusters; then the head whose clusters share most."""
        assert self.components is not None
        if self.components < run.rows.classes:
            raise SettingError(
                f"components is {self.components}, fewer than the {run.rows.classes} labels of y. Give several for "
                "each label."
            )
        objective = self._of_components(run)
        views = self._prepared_views(run)
        plans = self.plans()
        run.stages(plans)
        run.train_through(COMPONENTS, objective, pairs(views))

        merged = run.once("merged", lambda: self._merged(objective, run, views), Merged)
        prior = empty_prior(objective.heads.components, self.latent)
        if run.begins(CLUSTERS):
            prior = prior_of(objective, merged.head, run.rows, partial(run.telling, ALL_ROWS))
        target = torch.from_numpy(merged.target).float()
        objective = objective.of_clusters(list(merged.groupings), target, merged.head, prior)

        looks = looks_of(plans[CLUSTERS].epochs)
        # Labels hold clusters in place, and some neighbours are of another class: docs/decisions/0062.
        refining = views.of_changes() if run.rows.classes else views
        for epoch in run.train(CLUSTERS, objective, with_labelled(pairs(refining), run.rows)):
            if epoch.number in looks:
                tables = self._tables(objective, run, views, CLUSTERS, epoch.number)
                telling = partial(run.telling, "looking for dead clusters")
                epoch.merged_again = merge_again(objective, tables, self.apartness, self._wanted, telling)
        return self._best_head(objective, run, views, merged)

    def go_on(self, run: Run, fitted: Fitted, epochs: int, seen: int) -> Fitted:
        """The second stage again, with one head and the clusters as they are."""
        model = fitted.model
        posterior, components = model.cluster_posterior, moment_components(model.prior)
        assert isinstance(posterior, ComponentPosterior)
        heads, before = ComponentHeads.of(posterior), components.moments()
        views = self._prepared_views(run)
        generator = run.draws.at("going on")
        joint = component_tables(model.encoder, heads, views, generator).joint[0]
        grouping = model.grouping
        # As large as they are among these rows: some clusters may have none, and must not be filled up.
        target = grouping.sum(torch.from_numpy(joint.sum(1)).float().to(run.device))[None]
        objective = TwoViewsObjective.of_groups(
            model.encoder, model.decoder, heads, model.prior, grouping.cluster_of[None], target, self._weights
        ).to(run.device)
        reduce(objective, self._reduces(run))
        run.stages({CLUSTERS: replace(self.plans()[CLUSTERS], epochs=epochs)})
        run.train_through(CLUSTERS, objective, with_labelled(pairs(views), run.rows))
        after = prior_of(objective, 0, run.rows, partial(run.telling, ALL_ROWS))
        components.load_state_dict(after.components.state_dict())
        components.mix(before, seen / (seen + len(run.rows)))
        model.prior.weights.follow(components)
        confidence = fitted.confidence if seen else confidence_of(model, run.rows)
        return replace(fitted, history=run.history, confidence=confidence)

    def _prepared_views(self, run: Run) -> PreparedViews:
        """The views of the rows, in groups as large as the mean cluster can be, or as small groups that are there."""
        assert self.components is not None
        views = self.views_of_rows(run.rows.schema)
        if run.clusters is None:
            group = views.small_group(run.rows, self.components)
        else:
            group = len(run.rows) / least_of(run.clusters)
        return views.of_groups(group).prepare(run.rows, run.telling, run.arrays)

    @property
    def _weights(self) -> Weights:
        shares = self.information_weight, self.agreement_weight, self.balance_weight, self.decoded_share
        return Weights(*shares, self.label_weight)

    @property
    def _wanted(self) -> Wanted:
        return self.cluster_weights if isinstance(self.cluster_weights, str) else tuple(self.cluster_weights)

    def _reduces(self, run: Run) -> bool:
        """Whether training multiplies in bfloat16 where these rows are."""
        return self.arithmetic == "bfloat16" or (self.arithmetic == "auto" and gains_by_bfloat16(run.device))

    def _networks(self, schema: Schema, *, reduced: bool) -> tuple[Encoder, Decoder, int]:
        likelihood = schema.likelihood(self.likelihood, self.precision)
        network = DenseEncoderNetwork(schema.embedded_shape, self.hidden, normalised=True, reduced=reduced)
        mirror = DenseDecoderNetwork(
            self.latent, self.hidden[::-1], likelihood.shape, normalised=True, reduced=reduced
        )
        encoder = Encoder(schema.embedding(), network, network.features, self.latent)
        return encoder, Decoder(mirror, likelihood), network.features

    def _of_components(self, run: Run) -> TwoViewsObjective:
        """The first stage's objective, with fresh weights."""
        assert self.components is not None
        reduced = self._reduces(run)
        encoder, decoder, features = self._networks(run.rows.schema, reduced=reduced)
        heads = ComponentHeads(features, self.heads, self.components, reduced=reduced)
        pointwise = self.information == "pointwise"
        objective = TwoViewsObjective.of_components(encoder, decoder, heads, self._weights, pointwise=pointwise)
        start_(objective, run.draws.at("weights"))
        return objective.to(run.device)

    def _tables(
        self, objective: TwoViewsObjective, run: Run, views: PreparedViews, *use: str | int
    ) -> ComponentTables:
        generator = run.draws.at("tables", *use)
        sharpness = SHARPNESS if self.information == "pointwise" else 1.0
        telling = partial(run.telling, "looking at pairs of views")
        encoder, heads = objective.encoder, objective.heads
        tables = component_tables(encoder, heads, views, generator, sharpness=sharpness, telling=telling)
        labels = label_tables(encoder, heads, views.rows, generator, sharpness=sharpness)
        # As much, against what views share, as labels count in learning.
        weighed = None if labels is None else labels * self.label_weight / self.information_weight
        means = None
        if self.merges_by_code(run.rows.schema):
            means = code_means(encoder, heads, views.rows, generator, sharpness=sharpness)
        # Computers round differently, and a hair decides what is merged.
        return ranks.agreed(replace(tables, labels=weighed, means=means))

    def _merged(self, objective: TwoViewsObjective, run: Run, views: PreparedViews) -> Merged:
        """What speaks for each number of clusters, and the clusters of every head."""
        tables = self._tables(objective, run, views, "merged")
        # By code, boundaries say how many there are, and codes which: docs/decisions/0085.
        keeps_boundaries = tables.means is None
        nulls = [Null.fitted(joint) if views.near is None else views.near.null for joint in tables.joint]
        heads = run.telling("looking for boundaries", list(zip(tables.joint, nulls, strict=True)))
        levels = np.array([nested_regions(joint, null) for joint, null in heads])
        level = level_of(levels, [tables.component_of(head) for head in range(len(levels))])
        # Of a number that is told, only the sharpest boundaries are kept.
        kept = levels[:, level if run.clusters is None else -1]
        trees = self._trees(run, tables, kept if keeps_boundaries else None)
        evidence = _evidence(tables, nulls, levels[:, level], trees, LEVELS[level])
        # Each label has a cluster; those beyond are new kinds of rows.
        clusters = max(within(run.clusters, evidence.clusters), run.rows.classes)
        groupings = [numbered_by(tables.labels_of(head), tree.cut(clusters)) for head, tree in enumerate(trees)]
        shares = [np.bincount(of, tree.shares, clusters) for of, tree in zip(groupings, trees, strict=True)]
        target = target_shares(self._wanted, torch.from_numpy(np.array(shares)))
        above = np.array([list(tree.joined())[tree.components - clusters :] for tree in trees], dtype=np.int64)
        head = _most_informed(trees, clusters, evidence)
        return Merged(np.array(groupings), above.reshape(len(trees), -1, 2), target.numpy(), head, evidence)

    def _trees(self, run: Run, tables: ComponentTables, bounded: NDArray[np.intp] | None) -> list[Hierarchy]:
        """Each head's tree, through its regions, (heads, components), if there are some that it has to keep."""
        heads = run.telling("merging components", range(len(tables.joint)))
        return [self._tree(tables, head, None if bounded is None else bounded[head]) for head in heads]

    def _tree(
        self, tables: ComponentTables, head: int, cluster_of: NDArray[np.intp] | None, above: Iterable[Pair] = ()
    ) -> Hierarchy:
        known = {"labels": tables.labels_of(head), "means": tables.means_of(head)}
        return merge_components(tables.joint[head], cluster_of, above, apartness=self.apartness, **known)

    def _best_head(self, objective: TwoViewsObjective, run: Run, views: PreparedViews, merged: Merged) -> Fitted:
        """The head whose clusters share most, with the tree of its components as they are now through its clusters.

        Clusters that are as merging found them join further up as they did then: refined ones share too little to say.
        """
        groupings = list(objective.groups.cpu().numpy())
        clusters = objective.number
        tables = replace(self._tables(objective, run, views, "best"), labels=None)
        trees = []
        for head, cluster_of in run.telling("merging components", list(enumerate(groupings))):
            above = map(tuple, merged.above[head]) if (cluster_of == merged.groupings[head]).all() else ()
            trees.append(self._tree(tables, head, cluster_of, above))
        head = _most_informed(trees, clusters, merged.evidence)
        model = ClusteringVAE(
            objective.encoder,
            objective.decoder,
            prior_of(objective, head, run.rows, partial(run.telling, ALL_ROWS)),
            objective.heads.posterior(head),
            Grouping(torch.from_numpy(groupings[head]), clusters),
        ).to(run.device)
        confidence = confidence_of(model, run.rows, objective.clusters)
        return Fitted(self, run.rows.schema, model, run.history, trees[head], merged.evidence, confidence=confidence)


def components_for(clusters: int, rows: int) -> int:
    """How many components a head has for so many clusters of so many rows.

    >>> components_for(10, 1_000), components_for(100, 20_000), components_for(100, 500)
    (80, 300, 250)
    """
    usual = 2 * clusters + min(clusters, FEW)
    return max(LEAST_COMPONENTS, clusters, min(usual, rows // ROWS_PER_COMPONENT))


def pairs(views: PreparedViews) -> Batches:
    """Batches of rows and a view of each, drawn anew at every look."""

    def batch(numbers: NDArray[np.intp], generator: Generator) -> Batch:
        rows, own = views.rows[ranks.share(numbers)], ranks.own(generator)
        view = views.of(numbers, rows, generator, own)
        seen = hidden(rows, views.rows.schema.gaps, drawn_on(rows.device, own))
        return Batch(rows, drawn_on(rows.device, generator), view, seen)

    return batch


def _evidence(
    tables: ComponentTables, nulls: list[Null], bounded: NDArray[np.intp], trees: list[Hierarchy], apart: float
) -> Evidence:
    """What speaks for each number; densities are those of the head that found the median."""
    found = bounded.max(1) + 1
    head = middle_head(found)
    density = densities(tables.joint[head], trees[head], nulls[head])[::-1]
    return Evidence(found, density, agreement_of(trees, tables.overlap), apart)


def _most_informed(trees: Sequence[Hierarchy], clusters: int, evidence: Evidence) -> int:
    """The head whose clusters share most, on views that no step has seen; of heads that found so many, if any did.

    A head that found fewer has split one of them, and halves of a large cluster share more than a small one does.
    """
    own = np.flatnonzero(evidence.found == clusters)
    heads = own.tolist() or range(len(trees))
    return max(heads, key=lambda head: trees[head].information(clusters))
