"""Preprocessing: how images become the input of a network."""
