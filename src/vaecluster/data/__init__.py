"""Where rows come from and how they become tensors: files, named data sets, checks, scaling."""
