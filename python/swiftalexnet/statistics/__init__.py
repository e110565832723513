"""Statistics of a training set, computed before the first step: mean, whitening, colour components."""
