"""Models and ensembles measured on labelled images."""
