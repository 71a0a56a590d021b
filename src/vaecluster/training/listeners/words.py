"""What events say, in a line."""

from vaecluster.training.events import AtWork, EpochDone


def terms_words(terms: dict[str, float]) -> str:
    """The terms of a loss."""
    return "  ".join(f"{name} {value:.2f}" for name, value in terms.items())


def epoch_words(epoch: EpochDone) -> str:
    """All that is known of an epoch."""
    held_out = "" if epoch.held_out_bound is None else f"  held_out_bound {epoch.held_out_bound:.2f}"
    return (
        f"epoch {epoch.epoch}/{epoch.epochs}  {terms_words(epoch.terms)}{held_out}  "
        f"clusters {epoch.populated_clusters}  confidence {epoch.mean_confidence:.3f}  "
        f"{epoch.rows_per_second:,.0f} rows/s"
    )


def work_words(event: AtWork) -> str:
    """What is done, and how much of it."""
    return f"{event.what}  {event.done}/{event.parts}"


def clock(seconds: float) -> str:
    """A time in hours, minutes and seconds.

    >>> clock(75), clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
