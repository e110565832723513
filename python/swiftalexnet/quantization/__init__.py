"""Models in eight bits: ranges of activations from a few hundred images, and the rounding of weights."""
