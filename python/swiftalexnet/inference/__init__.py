"""Inference: probabilities, features and neighbours of images, and measurements of a model's errors."""
