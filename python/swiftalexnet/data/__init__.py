"""Data sets of labelled images, and the loader that decodes them in advance."""
