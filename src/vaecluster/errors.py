"""Errors and warnings that a user can act on; every message says what came, what was expected and what to do."""


class VaeclusterError(Exception):
    """Base of all errors that the package raises on purpose; the command line prints it as one line."""


class DataError(VaeclusterError, ValueError):
    """Rows that cannot be used as they are."""


class SettingError(VaeclusterError, ValueError):
    """A parameter with a value that is not one of those allowed."""


class FileError(VaeclusterError, OSError):
    """A file or folder that cannot be read or written as asked."""


class TrainingError(VaeclusterError, ArithmeticError):
    """A fit that cannot go on."""


class InterruptedFitWarning(UserWarning):
    """The fit was stopped by the user; the model is what was learned until then."""


class EmptyClustersWarning(UserWarning):
    """Some clusters hold no row, or held none while they were learned."""


class FewCluesWarning(UserWarning):
    """Heads of a fit differ in the number of clusters, or found close ones, no boundary, or a number not allowed."""


class SplitClustersWarning(UserWarning):
    """A cut into more clusters splits some that were learned as one."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written; the fit goes on, and the older checkpoint stays."""


class RolledBackWarning(UserWarning):
    """The loss stopped being finite, and the fit went on more slowly from the last good state."""


class IgnoredColumnsWarning(UserWarning):
    """Columns of a frame are not read: they say nothing about kinds of rows, or the fit did not have them."""


class UnseenCategoriesWarning(UserWarning):
    """A column holds categories, and none that the fit has seen."""


class CountsWarning(UserWarning):
    """Rows are counts or logarithms of counts, and not as a fit would like them."""


class UnclearRowsWarning(UserWarning):
    """What is taken for images may be windows of time; for texts, a table; for a measure, the numbers of the rows."""


class UnnamedClustersWarning(UserWarning):
    """Known labels were given, and no cluster is named by some of them."""


class StoredFeaturesWarning(UserWarning):
    """Pictures changed after their features were stored, so that these may be of other pictures."""


class DamagedJournalWarning(UserWarning):
    """The last line of a journal of edits is damaged and left out."""


class OutliersWarning(UserWarning):
    """A model that tells outliers was exported in a form that does not."""


class SkippedFilesWarning(UserWarning):
    """Files of a folder could not be read, or are no pictures, and are left out."""


def counted(number: int, thing: str) -> str:
    """So many of a thing, for a message.

    >>> counted(1, "row"), counted(1437, "row")
    ('1 row', '1,437 rows')
    """
    return f"{number:,} {thing}{'s' * (number != 1)}"


def sized(number: int) -> str:
    """So many bytes, for a message.

    >>> sized(12_400_000), sized(3_210_000_000)
    ('12 MB', '3.2 GB')
    """
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def lasting(seconds: float) -> str:
    """So much time, for a message, in the largest unit of which there is one.

    >>> lasting(0.4), lasting(89), lasting(3600), lasting(90000)
    ('1 second', '89 seconds', '60 minutes', '25 hours')
    """
    units = ((3600, "hour"), (60, "minute"), (1, "second"))
    size, unit = next(((size, unit) for size, unit in units if seconds >= 1.5 * size), units[-1])
    return counted(max(1, round(seconds / size)), unit)
