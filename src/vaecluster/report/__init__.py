"""The report on a fit: plain content first, then its rendering."""
