"""The sections of the report, in their order on the page."""

from vaecluster.report.section import Section
from vaecluster.report.sections.clusters import Clusters
from vaecluster.report.sections.curves import Curves
from vaecluster.report.sections.dense import DenseGroups
from vaecluster.report.sections.labels import Labels
from vaecluster.report.sections.made import Made
from vaecluster.report.sections.map import Map
from vaecluster.report.sections.markers import Markers
from vaecluster.report.sections.number import Number
from vaecluster.report.sections.outliers import Outliers
from vaecluster.report.sections.overview import Overview
from vaecluster.report.sections.profile import Profile
from vaecluster.report.sections.reliability import Reliabilities
from vaecluster.report.sections.scores import Scores
from vaecluster.report.sections.sizes import Sizes
from vaecluster.report.sections.stability import Stable
from vaecluster.report.sections.texts import Texts
from vaecluster.report.sections.touching import Touching

SECTIONS: tuple[type[Section], ...] = (
    Map,
    Overview,
    Profile,
    Markers,
    Texts,
    Clusters,
    Touching,
    DenseGroups,
    Outliers,
    Sizes,
    Number,
    Stable,
    Scores,
    Labels,
    Reliabilities,
    Curves,
    Made,
)
