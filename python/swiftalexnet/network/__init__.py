"""Networks in the engine: weights, tensors in and out, layer names, memory; independent of data sets."""
