"""What a training set teaches before the first step: mean, whitening, colour components."""
