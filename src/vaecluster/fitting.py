"""A fit from rows that were checked to a `Fitted`, with its clusters named and its rows labelled."""

import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster import ranks, settings
from vaecluster.clusters.number import AskedNumber, most_of
from vaecluster.clusters.scores import Label
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.draws import Draws
from vaecluster.data.given import Given
from vaecluster.data.known import Known
from vaecluster.data.room import Room
from vaecluster.data.rows import Rows, normalised, split
from vaecluster.data.schema import Schema
from vaecluster.errors import SettingError, counted
from vaecluster.inference.advice import Advice, fit_warnings, naming_warnings
from vaecluster.inference.answers import Assigned
from vaecluster.inference.calibrating import confidence_of
from vaecluster.inference.doubt import calibrate, held_out_rows
from vaecluster.inference.imputing import errors_of
from vaecluster.inference.naming import name_by
from vaecluster.inference.profile import named_profile
from vaecluster.methods import Fitted, Method
from vaecluster.methods.inspection import Inspection
from vaecluster.methods.memory import check_memory, kept_on_device
from vaecluster.methods.relabelling import relabel
from vaecluster.training.device import choose_device
from vaecluster.training.listeners.progress import telling
from vaecluster.training.session import Session

# The same rows are held out whatever the seed: a fit that goes on has not learned from them before.
HELD_OUT = Draws(0)
# The cluster of a row that a user has not placed.
UNDECIDED = -2


@final
@dataclass(frozen=True, eq=False)
class Learner:
    """Rows as they were given, and where and how they are learned from, beside the method.

    `weights` (rows,) say how much each counts, `known` which labels are known afterwards. `device` is a name.
    """

    given: Given
    device: str
    room: Room
    weights: NDArray[np.float64] | None
    known: Known
    min_confidence: float
    outlier_fraction: float
    verbose: int

    def rows(self, schema: Schema) -> Rows:
        """All rows."""
        return Rows(self.given.source, schema, choose_device(self.device), room=self.room)

    def weighted(self, schema: Schema) -> Rows:
        """Those whose weights say that they count for anything."""
        rows = self.rows(schema)
        if self.weights is None:
            return rows
        counted = np.flatnonzero(self.weights)
        return Rows(rows.source, schema, rows.device, normalised(self.weights[counted]), counted, self.room)

    def begun(self, method: Method, clusters: AskedNumber) -> tuple[Rows, Method]:
        """The rows as a fit learns from them, and the method with every setting filled in for them."""
        names = self.given.names or None
        reading = Reading(method.likelihood, method.scaling, self.weights, names)  # type: ignore[arg-type]
        learned = self.weighted(self.given.source.schema(reading))
        return learned, method.completed(learned.schema, len(learned), clusters)

    def taught(self, rows: Rows, method: Method, asked: AskedNumber) -> Rows:
        """The rows with the labels that a method learns from; raises `SettingError` if there are none, or too many."""
        if not method.learns_labels:
            return rows
        classes, most = len(np.unique(self.known.labels)), most_of(asked)
        if not classes:
            raise SettingError(
                "label_weight is above 0, but no label is known. Give y with the labels of some rows and -1 for the "
                "others, or label_weight=0."
            )
        if most is not None and classes > most:
            raise SettingError(
                f"y holds {counted(classes, 'label')}, but n_clusters is {asked}. Set it to {classes} or more, to "
                "'auto' where the method finds a number, or give some labels the same name."
            )
        return self.labels_on(rows, None)

    def labels_on(self, rows: Rows, names: Mapping[int, Label] | None) -> Rows:
        """The rows of a fit with the clusters of known labels, by their order or by the names of clusters."""
        clusters = self.known.clusters(len(self.given.source), names)
        return rows.labelled(clusters if rows.numbers is None else clusters[rows.numbers])

    def fit(self, method: Method, clusters: AskedNumber, session: Session) -> "Learned":
        """Learn from the rows alone."""
        learned, method = self.begun(method, clusters)
        learned = self.taught(learned, method, clusters)
        schema, most = learned.schema, most_of(clusters) or 1
        check_memory(method, schema, most, choose_device(self.device))
        held_out_number = held_out_rows(len(learned), self.outlier_fraction)
        with _of(session, method, goes_on=False).run(learned, clusters) as run:
            # Here, since what is refused is refused in one line.
            if self.verbose:
                with ranks.apart():
                    lines = Inspection.of(learned, method, most).lines()
                print(*lines, sep="\n", file=sys.stderr)
            learned = kept_on_device(learned, method, most)
            run.rows, held_out = split(learned, held_out_number, HELD_OUT.at("calibration"))
            rest = run.rows
            fitted = method.fit(run)
        naming = name_by(fitted.model, self.rows(schema).some(self.known.rows), self.known.labels)
        # Whoever is told the labels has a cluster for each, and goes on with it, even where no row is in it yet.
        known = naming.complete(fitted.clusters) if method.learns_labels else naming
        model, names = known.renumbered(fitted.model)
        data, columns = self.given.source.fingerprint(), self.given.names
        fitted = replace(fitted, model=model, names=names, data=data, feature_names=columns)
        fitted, assigned = self.labelled(_calibrated(fitted, rest, held_out))
        found_by = None if isinstance(clusters, int) else fitted.evidence
        advice = [*naming_warnings(naming), *fit_warnings(fitted.history, fitted.sizes, found_by)]
        return Learned(fitted, assigned, advice)

    def go_on(self, before: Fitted, method: Method, session: Session, seen: int) -> "Learned":
        """Learn with the clusters as they are; `seen` rows stand behind the model beside these."""
        # A copy: the model may be shared with cuts of it, and stays as it was if this fails.
        before = replace(before, method=method, model=deepcopy(before.model))
        learned = self.weighted(before.schema)
        if method.learns_labels and len(self.known.rows):
            learned = self.labels_on(learned, before.names or {})
        held_out_number = 0 if seen else held_out_rows(len(learned), self.outlier_fraction)
        if seen and self.outlier_fraction:
            before.check_calibrated()
        epochs: int = 1 if seen else method.epochs  # type: ignore[attr-defined]
        session = _of(session, method, goes_on=True)
        # A pass over new rows is short and not kept.
        session = replace(session, checkpoint_dir=None) if seen else session
        with session.run(learned, before.clusters) as run:
            learned = kept_on_device(learned, method, before.clusters)
            run.rows, held_out = split(learned, held_out_number, HELD_OUT.at("calibration"))
            rest = run.rows
            fitted = method.go_on(run, before, epochs, seen)
        naming = name_by(fitted.model, self.rows(before.schema).some(self.known.rows), self.known.labels)
        data = self.given.source.fingerprint() | {"rows": seen + len(self.given.source)}
        # Labels that were learned from were those of the names that clusters have.
        names = (before.names or {}) | ({} if method.learns_labels else naming.names)
        fitted = replace(fitted, names=names, data=data)
        fitted, assigned = self.labelled(fitted if seen else _calibrated(fitted, rest, held_out))
        return Learned(fitted, assigned, [*naming_warnings(naming), *fit_warnings(fitted.history, None, None)])

    def relabel(
        self,
        before: Fitted,
        labels: NDArray[np.intp],
        decided: NDArray[np.bool_],
        clusters: int,
        session: Session,
    ) -> "Learned":
        """Learn the clusters of a user, (rows,) with -1 for none, on encoder and decoder as they are.

        What answers are measured by is learned again. Rows that are `decided` have the cluster that they were given,
        whatever the model says.
        """
        learned = self.weighted(before.schema)
        held_out_number = held_out_rows(len(learned), self.outlier_fraction)
        # It is short, and not kept: checkpoint and logs are those of the fit.
        session = replace(_of(session, before.method, goes_on=True), checkpoint_dir=None, log_dir=None)
        with session.run(learned, clusters) as run:
            run.rows, held_out = split(learned, held_out_number, HELD_OUT.at("calibration"))
            rest = run.rows
            # A copy: learning switches its parts to training, and others may be asking the model meanwhile.
            model = relabel(run, deepcopy(before.model), labels, decided, clusters)
        # The tree, and what spoke for each number, were those of the clusters before.
        gone: dict[str, Any] = {"hierarchy": None, "evidence": None, "names": {}}
        confidence = confidence_of(model, rest)
        fitted = replace(before, model=model, confidence=confidence, relabelled=True, **gone)
        fitted = replace(fitted, calibration=calibrate(model, rest, held_out))
        fitted, assigned = self.labelled(fitted, np.where(decided, labels, UNDECIDED))
        return Learned(fitted, assigned, [])

    def labelled(self, fitted: Fitted, decided: NDArray[np.intp] | None = None) -> tuple[Fitted, Assigned]:
        """Where each row belongs, and what was fitted with what is known of its clusters in these rows.

        `decided` (rows,) are clusters that a user gave, -1 for none, and `UNDECIDED` for all other rows.
        """
        told, rows = telling(self.verbose), self.rows(fitted.schema)
        found = fitted.assigned(rows, self.min_confidence, self.outlier_fraction, telling=told)
        if decided is not None:
            found = found.decided(decided, decided != UNDECIDED)
        sizes = np.bincount(found.labels[found.labels >= 0], minlength=fitted.clusters)
        profile = named_profile(self.given, fitted.schema, found.labels, fitted.clusters, self.room)
        return replace(fitted, sizes=sizes, profile=profile), found


@final
@dataclass(frozen=True, eq=False)
class Learned:
    """What was fitted, where each row of the fit belongs, and what the user should hear about it."""

    fitted: Fitted
    assigned: Assigned
    advice: Sequence[Advice]


def _calibrated(fitted: Fitted, rows: Rows, held_out: Rows) -> Fitted:
    """With what its answers are measured by: rows of the fit, and those that were kept from it."""
    calibration = calibrate(fitted.model, rows, held_out)
    return replace(fitted, calibration=calibration, errors=errors_of(fitted.model, rows))


def _of(session: Session, method: Method, *, goes_on: bool) -> Session:
    """The session of a fit by this method, of which the identity is then complete."""
    identity = {"method": method.name, **settings.plain(method), **session.identity}
    return replace(session, identity=identity | {"going on from a fitted model": goes_on}, anew=goes_on)
