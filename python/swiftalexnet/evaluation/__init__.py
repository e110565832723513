"""Evaluation of models and ensembles on labelled images."""
