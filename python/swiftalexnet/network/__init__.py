"""A network in the engine: weights, tensors in and out, layer names, memory; it knows nothing of data sets."""
