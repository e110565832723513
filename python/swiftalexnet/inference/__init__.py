"""Images to probabilities, features and neighbours; what a model gets wrong, in numbers."""
