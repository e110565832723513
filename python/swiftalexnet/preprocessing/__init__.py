"""How images become the input of a network: crop, mean, scale."""
