"""Sound files of every format, and what may happen to them."""
