"""Listeners to the events of a fit: the history, the progress display, the logs."""
