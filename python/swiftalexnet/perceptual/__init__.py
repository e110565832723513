"""Distances of images as people see them, from the features of a trained network."""
