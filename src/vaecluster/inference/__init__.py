"""Questions to a fitted model: answers for rows, names of clusters, doubt."""
