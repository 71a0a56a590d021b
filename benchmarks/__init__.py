"""Methods measured on named data sets: every seed kept, labels only for the scores."""
